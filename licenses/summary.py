"""The structured terms that stand beside a license text: checked, kept as JSON, said in plain words.

They help people to see at a glance what a text asks of them. The text alone binds; nothing here changes it.
An empty object says nothing: the version has no summary.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from licenses import texts

Terms = dict[str, Any]
Errors = dict[str, list[str]]

# What each word means to people. The words are kept and exported; their sentences may be improved.
PUBLICATION: Final = {
    "credit": "Name the release and its license",
    "no_weights_in_papers": "No weights, and nothing to rebuild them from, in what you publish",
    "send_preprint": "Send the publisher a copy before or when it appears",
    "report_harms": "Report serious flaws to the publisher first",
}
REDISTRIBUTION: Final = {
    "none": "You pass the weights on to nobody",
    "team": "Within the approved team alone",
    "organization": "Within your organization alone",
    "same_license": "To others under this same license",
}
DERIVATIVES: Final = {
    "none": "None: the weights are used as they are",
    "own_use": "Allowed for your own use; not passed on",
    "same_license": "Allowed, and shared under this same license",
    "free": "Allowed, and yours to share",
}
DESTRUCTION: Final = {
    "at_end": "All copies, when the term ends",
    "within_30_days": "All copies, within 30 days after the term ends",
    "on_request": "All copies, when the publisher asks",
    "none": "Not asked for",
}
MOST_RESTRICTIONS: Final = 20
MOST_RESTRICTION_CHARACTERS: Final = 200
MOST_COPIES: Final = 10_000
MOST_TERM_DAYS: Final = 36_500

_ONE_OF: Final = {"redistribution": REDISTRIBUTION, "derivatives": DERIVATIVES, "destruction": DESTRUCTION}
_WHOLE: Final = {"copies": MOST_COPIES, "term_days": MOST_TERM_DAYS}
FIELDS: Final = (
    *("noncommercial", "field_of_use", "copies", "publication", "redistribution"),
    *("derivatives", "term_days", "destruction", "governing_law"),
)


class Row(NamedTuple):
    """One line of the card. name: the field. items: several things; text: one. tone: as in `words`."""

    name: str
    icon: str
    label: str
    text: str = ""
    items: tuple[str, ...] = ()
    tone: str = "calm"


def check_summary(given: object) -> tuple[Terms, Errors]:
    """Return (the terms as they are kept, what is wrong by field).

    given: {noncommercial: bool, field_of_use: [text], copies: int or null, publication: [words],
        redistribution, derivatives, destruction: a word each, term_days: int or null, governing_law: text}.
        An empty object, or none, stays empty; otherwise all but field_of_use, copies, publication,
        term_days and governing_law is needed.
    """
    if given is None or given == {}:
        return {}, {}
    if not isinstance(given, Mapping):
        return {}, {"": ["This must be a table."]}
    errors: Errors = {str(name): ["There is no such setting."] for name in given if name not in FIELDS}
    kept: Terms = {
        "noncommercial": _boolean(given.get("noncommercial"), errors),
        "field_of_use": _restrictions(given.get("field_of_use") or [], errors),
        "publication": _duties(given.get("publication") or [], errors),
        "governing_law": _line(given.get("governing_law") or "", "governing_law", errors),
    }
    for name, most in _WHOLE.items():
        kept[name] = _number(given.get(name), name, most, errors)
    for name, known in _ONE_OF.items():
        kept[name] = _word(given.get(name), name, known, errors)
    return ({}, errors) if errors else ({name: kept[name] for name in FIELDS}, {})


def card(terms: Mapping[str, Any]) -> list[Row]:
    """Return the lines of the summary card; none where the version has no structured terms.

    terms: as `check_summary` returned them, of this version of the portal or an earlier one: a word that
    is not known any more is shown as it is.
    """
    if not terms:
        return []
    copies, days = terms.get("copies"), terms.get("term_days")
    return [
        _use(bool(terms.get("noncommercial"))),
        *_barred(terms.get("field_of_use") or []),
        Row("copies", "copy", "Copies", f"At most {copies:,}" if copies else "No number is set"),
        Row("redistribution", "send", "Passing on", _said(REDISTRIBUTION, terms, "redistribution")),
        Row("derivatives", "split", "Changed versions", _said(DERIVATIVES, terms, "derivatives")),
        *_publishing(terms.get("publication") or []),
        Row("term_days", "calendar", "Term", f"{days:,} days" if days else "As long as your grant"),
        Row("destruction", "ban", "Destroying copies", _said(DESTRUCTION, terms, "destruction")),
        *(
            [Row("governing_law", "scale", "Law", str(terms["governing_law"]))]
            if terms.get("governing_law")
            else []
        ),
    ]


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields in which two structured terms differ."""
    return frozenset(name for name in FIELDS if before.get(name) != after.get(name))


def _use(noncommercial: bool) -> Row:
    if noncommercial:
        return Row("noncommercial", "info", "Use", "Noncommercial alone", tone="wait")
    return Row("noncommercial", "circle-check", "Use", "Commercial use too", tone="good")


def _barred(restrictions: list[str]) -> list[Row]:
    if not restrictions:
        return []
    return [Row("field_of_use", "circle-x", "Not for", items=tuple(map(str, restrictions)), tone="bad")]


def _publishing(duties: list[str]) -> list[Row]:
    said = tuple(PUBLICATION.get(duty, str(duty)) for duty in duties)
    return [Row("publication", "pen-line", "When you publish", items=said)] if said else []


def _said(known: Mapping[str, str], terms: Mapping[str, Any], name: str) -> str:
    word = str(terms.get(name, ""))
    return known.get(word, word)


def _boolean(value: object, errors: Errors) -> bool:
    if not isinstance(value, bool):
        errors["noncommercial"] = ["This must be true or false."]
    return value is True


def _number(value: object, name: str, most: int, errors: Errors) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        errors[name] = [f"This must be a whole number from 1 to {most:,}, or left out."]
        return None
    return value


def _word(value: object, name: str, known: Mapping[str, str], errors: Errors) -> str:
    if not isinstance(value, str) or value not in known:
        errors[name] = [f"This must be one of {', '.join(known)}."]
        return ""
    return value


def _line(value: object, name: str, errors: Errors) -> str:
    text, wrong = texts.clean(value, multiline=False, max_characters=MOST_RESTRICTION_CHARACTERS)
    if wrong:
        errors[name] = [wrong]
    return text


def _restrictions(value: object, errors: Errors) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_RESTRICTIONS:
        errors["field_of_use"] = [f"This must be a list of at most {MOST_RESTRICTIONS} texts."]
        return []
    return [said for item in value if (said := _line(item, "field_of_use", errors))]


def _duties(value: object, errors: Errors) -> list[str]:
    fits = isinstance(value, list) and all(isinstance(item, str) and item in PUBLICATION for item in value)
    if not fits or not isinstance(value, list):
        errors["publication"] = [f"This must be a list of some of {', '.join(PUBLICATION)}."]
        return []
    return [duty for duty in PUBLICATION if duty in value]
