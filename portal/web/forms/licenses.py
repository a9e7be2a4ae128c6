"""What those who keep licenses write: texts, structured terms, dates."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final

from django import forms
from django.http import QueryDict

from licenses import summary
from licenses.actions.license_drafts import Contents
from licenses.examples import EXAMPLES
from licenses.models import LicenseDraft, LicenseVersion
from licenses.terms import check_license_text
from portal.accounts.models import Organization

DATE: Final = {"type": "date"}
# The last second of the day, in UTC: whoever is told "by 3 December" has all of that day.
_DAY_END: Final = time(23, 59, 59)
# Where the fields have other names than what the actions speak of.
_FIELD_OF: Final = {
    "effective_at": "effective_on",
    "reaccept_by": "reaccept_on",
    "terms.noncommercial": "use",
}


def day_start(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None


def day_end(day: date | None) -> datetime | None:
    return datetime.combine(day, _DAY_END, UTC) if day else None


class NewLicenseForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=200, help_text="As people read it, such as “OPT research license”."
    )
    slug = forms.CharField(
        label="Short name",
        max_length=100,
        help_text="For release files: lower-case letters, digits and -, such as “opt-nc”. It stays for good.",
    )
    example = forms.ChoiceField(
        label="Begin with",
        choices=[*((each.slug, f"{each.name}. {each.said}") for each in EXAMPLES.values()), ("", "Nothing")],
        required=False,
        widget=forms.RadioSelect,
        help_text="A starting point, not legal advice. Read and change it before you publish.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["example"].widget.is_required = True  # one is always chosen


class NewDraftForm(forms.Form):
    """versions: those that a draft can begin with. It is for everybody, or for one organization."""

    source = forms.ChoiceField(label="Begin with")
    organization = forms.ChoiceField(
        label="For whom",
        required=False,
        help_text="A version for one organization counts for its people alone, in place of the standard one.",
    )

    def __init__(
        self,
        *args: Any,
        versions: Iterable[LicenseVersion],
        organizations: Iterable[Organization],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.versions = {version.pk: version for version in versions}
        self.organizations = {each.pk: each for each in organizations}
        known = [(pk, f"Version {each.number}{_whose(each)}") for pk, each in self.versions.items()]
        examples = [(f"example:{each.slug}", f"Example: {each.name}") for each in EXAMPLES.values()]
        self.fields["source"].choices = [*known, *examples]  # type: ignore[attr-defined]
        self.fields["organization"].choices = [  # type: ignore[attr-defined]
            ("", "Everybody: the next standard version"),
            *((pk, each.name) for pk, each in self.organizations.items()),
        ]

    @property
    def begun(self) -> dict[str, Any]:
        """What the draft begins with, in the words of `actions.begin_draft`."""
        source = self.cleaned_data["source"]
        version = self.versions.get(source)
        example = EXAMPLES.get(source.removeprefix("example:"))
        origin = version or example
        if origin is None:
            raise RuntimeError("a form that offers no such beginning was valid")
        organization = self.organizations.get(self.cleaned_data["organization"])
        based_on = version.based_on if version and version.organization_id else version
        return {
            "text": origin.text,
            "terms": dict(origin.terms),
            "organization": organization,
            "based_on": based_on if organization else None,
        }


def _whose(version: LicenseVersion) -> str:
    return f", of {version.organization.name}" if version.organization else ""


class SummaryForm(forms.Form):
    """The structured terms. `use` empty: the version has none."""

    use = forms.ChoiceField(
        label="Use",
        required=False,
        choices=[
            ("", "No summary beside the text"),
            ("no", "Noncommercial alone"),
            ("yes", "Commercial too"),
        ],
    )
    field_of_use = forms.CharField(
        label="Not for",
        required=False,
        help_text="One restriction a line, in a few words.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    copies = forms.IntegerField(
        label="Copies at the same time", required=False, min_value=1, max_value=summary.MOST_COPIES
    )
    redistribution = forms.ChoiceField(
        label="Passing on", required=False, choices=summary.REDISTRIBUTION.items()
    )
    derivatives = forms.ChoiceField(
        label="Changed versions", required=False, choices=summary.DERIVATIVES.items()
    )
    publication = forms.MultipleChoiceField(
        label="When they publish",
        required=False,
        choices=summary.PUBLICATION.items(),
        widget=forms.CheckboxSelectMultiple,
    )
    term_days = forms.IntegerField(
        label="Term in days",
        required=False,
        min_value=1,
        max_value=summary.MOST_TERM_DAYS,
        help_text="Empty: as long as the grant.",
    )
    destruction = forms.ChoiceField(
        label="Destroying copies", required=False, choices=summary.DESTRUCTION.items()
    )
    governing_law = forms.CharField(
        label="Law", required=False, max_length=summary.MOST_RESTRICTION_CHARACTERS
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("use", "redistribution", "derivatives", "destruction"):
            # There is always one of them chosen, so that nobody is told that it is optional.
            self.fields[name].widget.is_required = True

    @staticmethod
    def initial_of(terms: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as these terms fill them."""
        if not terms:
            return {}
        return {
            **terms,
            "use": "no" if terms.get("noncommercial") else "yes",
            "field_of_use": "\n".join(terms.get("field_of_use") or []),
        }

    @property
    def terms(self) -> dict[str, Any]:
        """The terms as `licenses.summary` takes them."""
        said = self.cleaned_data
        if not said["use"]:
            return {}
        lines = [line.strip() for line in said["field_of_use"].splitlines()]
        return {
            **{name: said[name] for name in summary.FIELDS if name in said},
            "noncommercial": said["use"] == "no",
            "field_of_use": [line for line in lines if line],
        }


class DraftForm(SummaryForm):
    """A draft: text, structured terms, dates. The revision stands in the form, so that what was saved since
    is seen."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    text = forms.CharField(
        label="Text",
        required=False,
        strip=False,
        help_text="Markdown: # headings, 1. lists, **bold**. No HTML, no pictures.",
        widget=forms.Textarea(attrs={"rows": 28, "class": "editor", "spellcheck": "true"}),
    )
    effective_on = forms.DateField(
        label="Counts from",
        required=False,
        widget=forms.DateInput(attrs=DATE),
        help_text="The day in UTC. Empty: from when it is published.",
    )
    reaccept_on = forms.DateField(
        label="Holders must accept it by",
        required=False,
        widget=forms.DateInput(attrs=DATE),
        help_text="Up to the end of that day in UTC. Empty: live grants stay under the version they have.",
    )
    field_order = ("revision", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A draft may be kept without it, but it is not shown as something that can be left out.
        self.fields["text"].widget.is_required = True

    def only_read(self) -> None:
        """Show everything, and let nothing be typed: for who reads drafts and does not write them."""
        for field in self.fields.values():
            field.disabled = True

    def clean_text(self) -> str:
        """What a browser sends has other line ends; what is empty may be kept, though not published."""
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if text.strip() and (wrong := check_license_text(text)):
            raise forms.ValidationError(wrong)
        return text

    @classmethod
    def of(cls, draft: LicenseDraft) -> dict[str, Any]:
        """The form's initial values for a draft."""
        return {
            **cls.initial_of(draft.terms),
            "revision": draft.revision,
            "text": draft.text,
            "effective_on": draft.effective_at.date() if draft.effective_at else None,
            "reaccept_on": draft.reaccept_by.date() if draft.reaccept_by else None,
        }

    @property
    def contents(self) -> Contents:
        """What is to be saved."""
        said = self.cleaned_data
        return Contents(
            text=said["text"],
            terms=self.terms,
            effective_at=day_start(said["effective_on"]),
            reaccept_by=day_end(said["reaccept_on"]),
        )

    def add_faults(self, errors: Mapping[str, Iterable[str]]) -> None:
        """Show what an action found wrong beside the fields that it speaks of."""
        for name, wrong in errors.items():
            field = self.called(name)
            self.add_error(field if field in self.fields else None, list(wrong))

    @staticmethod
    def called(name: str) -> str:
        """The field for what an action calls `name`."""
        return _FIELD_OF.get(name, name.removeprefix("terms."))

    def standing_on(self, revision: int) -> "DraftForm":
        """The same form, not checked again, as one that saves over `revision`."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["revision"] = str(revision)
        self.data = data
        return self

    @property
    def in_short(self) -> list[forms.BoundField]:
        """The fields of the structured terms."""
        return [self[name] for name in SummaryForm.base_fields]

    @property
    def dates(self) -> list[forms.BoundField]:
        return [self["effective_on"], self["reaccept_on"]]


class RevisionForm(forms.Form):
    """Something done to a draft as it was shown."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


class CompareForm(forms.Form):
    """Which two texts, and how they are shown. What is not understood falls back to the newest two."""

    before = forms.ChoiceField(label="From", required=False)
    after = forms.ChoiceField(label="To", required=False)
    view = forms.ChoiceField(
        label="Show", required=False, choices=[("side", "Side by side"), ("one", "In one column")]
    )

    def __init__(self, *args: Any, texts: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("before", "after"):
            self.fields[name].choices = texts.items()  # type: ignore[attr-defined]
