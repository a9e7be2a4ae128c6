"""Release files: the [model] and [release] tables of a release.toml, read and checked.

[terms] is not the vault's: it is handed on as it stands.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.core.problems import Invalid
from weights_vault.models import Release
from weights_vault.sealed.fields import SLUG

MAX_CARD_BYTES = 1 << 20
MAX_FILE_BYTES = 1 << 20
MAX_TITLE_CHARACTERS = 200
MAX_SUMMARY_CHARACTERS = 2_000
_TABLES = {
    "model": {"slug", "name", "summary"},
    "release": {"slug", "title", "summary", "card", "state"},
}
_NEEDED = {"model": ("slug", "name"), "release": ("slug", "title")}


@dataclass(frozen=True)
class ReleaseFile:
    """A checked release file. card: the model card's Markdown; terms: the [terms] table, unchecked."""

    folder: Path
    model_slug: str
    model_name: str
    model_summary: str
    slug: str
    title: str
    summary: str
    card: str
    state: str
    terms: Mapping[str, Any]


def read_release_file(path: Path) -> ReleaseFile:
    """Read and check a release file.

    Raises: Invalid: with every fault by field ("release.slug", …).
    """
    document = _load(path)
    errors: dict[str, list[str]] = {
        name: ["There is no such table."] for name in document.keys() - {*_TABLES, "terms"}
    }
    tables = {name: _table(document, name, errors) for name in _TABLES}
    model, release = tables["model"], tables["release"]
    terms = document.get("terms")
    if not isinstance(terms, dict):
        errors["terms"] = ["This table is needed."]
    card = _read_card(path.parent, release.get("card", ""), errors)
    state = release.get("state", Release.State.LISTED)
    if state not in (Release.State.LISTED, Release.State.UNLISTED):
        errors["release.state"] = ['Use "listed" or "unlisted".']
    if errors:
        raise _invalid(errors)
    return ReleaseFile(
        folder=path.parent,
        model_slug=model["slug"],
        model_name=model["name"],
        model_summary=model.get("summary", ""),
        slug=release["slug"],
        title=release["title"],
        summary=release.get("summary", ""),
        card=card,
        state=state,
        terms=terms or {},
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _invalid({"": [f"{path} is larger than {MAX_FILE_BYTES:,} bytes."]})
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _invalid({"": [f"{path} cannot be read: {error.strerror}."]}) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid({"": [f"{path} is not TOML: {error}."]}) from error


def _table(document: Mapping[str, Any], name: str, errors: dict[str, list[str]]) -> dict[str, Any]:
    table = document.get(name)
    if not isinstance(table, dict):
        errors[name] = ["This table is needed."]
        return {}
    for field in table.keys() - _TABLES[name]:
        errors[f"{name}.{field}"] = ["There is no such setting."]
    for field in _NEEDED[name]:
        if not table.get(field):
            errors[f"{name}.{field}"] = ["This is needed."]
    for field, value in table.items():
        limit = MAX_SUMMARY_CHARACTERS if field == "summary" else MAX_TITLE_CHARACTERS
        if not isinstance(value, str) or len(value) > limit or re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value):
            errors[f"{name}.{field}"] = [f"This must be text of at most {limit} characters."]
    slug = table.get("slug")
    if isinstance(slug, str) and slug and not SLUG.fullmatch(slug):
        errors[f"{name}.slug"] = ["Use lower-case letters, digits, dots, dashes and underscores."]
    return table


def _read_card(folder: Path, name: Any, errors: dict[str, list[str]]) -> str:
    if not isinstance(name, str) or not name:
        return ""
    place = (folder / name).resolve()
    try:
        if not place.is_relative_to(folder.resolve()):
            errors["release.card"] = ["The card must lie beside the release file."]
        elif place.stat().st_size > MAX_CARD_BYTES:
            errors["release.card"] = [f"The card is larger than {MAX_CARD_BYTES:,} bytes."]
        else:
            return place.read_text(encoding="utf-8")
    except OSError as error:
        errors["release.card"] = [f"{name} cannot be read: {error.strerror}."]
    except UnicodeDecodeError:
        errors["release.card"] = [f"{name} is not UTF-8 text."]
    return ""


def _invalid(errors: Mapping[str, list[str]]) -> Invalid:
    return Invalid(
        "release_file_invalid", "The release file cannot be applied.", "Correct it.", errors=errors
    )
