"""The fields by which people without an institution's mail address say who they are."""

from collections.abc import Mapping
from typing import Any

from django import forms

from licenses.evidence import MAX_PROFILES, MAX_REFERENCES, REFERENCE_FIELDS

PROFILES = "profiles"
_LABELS = {
    "name": "Name",
    "email": "Institutional mail",
    "relation": "How they know your work",
}
_COMPLETE = {"name": "off", "email": "off", "relation": "off"}


def fields(*, required: bool) -> dict[str, forms.Field]:
    """Return the fields by name: one of addresses of pages, and three for each reference.

    required: it is needed; whether there is enough, the domain says.
    """
    profiles = forms.CharField(
        label="Pages that show who you are",
        help_text=f"One address a line, at most {MAX_PROFILES}, each beginning with https://: your ORCID,"
        " your page at an institution, a list of your publications.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "none"}),
        required=False,
    )
    profiles.widget.is_required = required
    found: dict[str, forms.Field] = {PROFILES: profiles}
    for index in range(MAX_REFERENCES):
        for part in REFERENCE_FIELDS:
            attributes = {"autocomplete": _COMPLETE[part], **({"type": "email"} if part == "email" else {})}
            field = forms.CharField(
                label=_LABELS[part], widget=forms.TextInput(attrs=attributes), required=False
            )
            # Of a person who is named all three are needed; that nobody need be, the legend says once.
            field.widget.is_required = True
            found[_name(index, part)] = field
    return found


def names() -> list[list[str]]:
    """Return the names of the fields of each reference."""
    return [[_name(index, part) for part in REFERENCE_FIELDS] for index in range(MAX_REFERENCES)]


def said(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields say, in the domain's shape."""
    addresses = [line.strip() for line in str(cleaned.get(PROFILES) or "").splitlines()]
    references = [
        {part: cleaned.get(_name(index, part)) or "" for part in REFERENCE_FIELDS}
        for index in range(MAX_REFERENCES)
    ]
    return {PROFILES: [address for address in addresses if address], "references": references}


def initial_of(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields' values from kept evidence."""
    values: dict[str, Any] = {PROFILES: "\n".join(evidence.get(PROFILES, []))}
    for index, reference in enumerate(evidence.get("references", [])):
        values.update({_name(index, part): reference.get(part, "") for part in REFERENCE_FIELDS})
    return values


def field_of(error: str) -> str:
    """Return the field that an error of the domain speaks of; empty where it speaks of none of these."""
    parts = error.split(".")
    if parts[0] == "references" and len(parts) == 3:
        return _name(int(parts[1]), parts[2])
    if parts[0] == "references" and len(parts) == 2:
        return _name(int(parts[1]), "name")
    return PROFILES if parts[0] in (PROFILES, "references", "evidence") else ""


def _name(index: int, part: str) -> str:
    return f"reference_{index}_{part}"
