"""Read the forms of a page, so that the demo's people use the site as a browser without JavaScript does."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """One form of a page: where it goes and what it would send as it stands."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    buttons: dict[str, set[str]] = field(default_factory=dict)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._inside = False
        self._select: str | None = None
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(attributes.get("action", ""), attributes.get("method", "get").lower()))
            self._inside = True
        elif self._inside and (name := attributes.get("name")):
            self._control(tag, name, attributes)
        elif self._inside and tag == "option" and self._select and "selected" in attributes:
            self.forms[-1].fields[self._select] = [attributes.get("value", "")]

    def _control(self, tag: str, name: str, attributes: dict[str, str]) -> None:
        form, kind = self.forms[-1], attributes.get("type", "text")
        if tag == "button" or kind == "submit":
            form.buttons.setdefault(name, set()).add(attributes.get("value", ""))
            return
        form.names.add(name)
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._textarea = name
            form.fields[name] = [""]
        elif kind not in ("checkbox", "radio") or "checked" in attributes:
            value = attributes.get("value", "on" if kind == "checkbox" else "")
            # A box that stands several times (scopes) sends each value that is ticked.
            form.fields[name] = [*form.fields.get(name, []), value] if kind == "checkbox" else [value]

    def handle_data(self, data: str) -> None:
        if self._inside and self._textarea:
            self.forms[-1].fields[self._textarea][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None


def read_forms(html: str) -> list[Form]:
    """The forms of a page in document order; hidden values (the CSRF token) included."""
    reader = _FormReader()
    reader.feed(html)
    return reader.forms
