"""docs/reference/asvs.toml as the page of the same name, and what is wrong with it."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "docs" / "reference" / "asvs.toml"
PAGE: Final = SOURCE.with_suffix(".md")
KINDS: Final = ("met", "operator", "not_met", "not_applicable")
CHAPTERS: Final = {
    1: "Encoding and sanitization", 2: "Validation and business logic", 3: "Web frontend",
    4: "API and web service", 5: "Files", 6: "Authentication", 7: "Sessions", 8: "Authorization",
    9: "Self-contained tokens",
    10: "OAuth and OIDC", 11: "Cryptography", 12: "Secure communication", 13: "Configuration",
    14: "Data protection", 15: "Secure coding", 16: "Logging and errors", 17: "WebRTC",
}  # fmt: skip


def read() -> dict[str, Any]:
    """Return the file as it stands: levels, and for each kind the requirements by id."""
    return tomllib.loads(SOURCE.read_text())


def faults(asvs: dict[str, Any]) -> list[str]:
    """Every requirement stands there once, and what it names is there."""
    wanted = [*asvs["levels"]["1"], *asvs["levels"]["2"]]
    given = [each for kind in KINDS for each in asvs[kind]]
    found = [f"{each}: {given.count(each)} times" for each in sorted({*wanted, *given}, key=_order)
             if given.count(each) != 1 or wanted.count(each) != 1]  # fmt: skip
    for each, row in asvs["met"].items():
        if not _is_there(row["shown_by"]):
            found.append(f"{each}: there is no {row['shown_by']}")
    return found


def _is_there(shown_by: str) -> bool:
    path, _, name = shown_by.partition("::")
    if not (ROOT / path).is_file():
        return False
    return not name or name in _tests(ROOT / path)


def _tests(path: Path) -> set[str]:
    """Names of the tests of a file, those of its classes too."""
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def page(asvs: dict[str, Any]) -> str:
    """The page as it should stand."""
    return "\n".join(_lines(asvs)) + "\n"


def _lines(asvs: dict[str, Any]) -> Iterator[str]:
    counts = {kind: len(asvs[kind]) for kind in KINDS}
    yield "# OWASP ASVS 5.0, levels 1 and 2"
    yield ""
    yield "Made from [asvs.toml](asvs.toml) by `make docs`. The words are ours;"
    yield "[OWASP's own text](https://github.com/OWASP/ASVS) says exactly what each number asks. A test"
    yield "holds that each number of both levels stands here once and that each test named here exists;"
    yield "`make test` runs them."
    yield ""
    yield f"Of {sum(counts.values())} requirements {counts['met']} are met,"
    yield f"{counts['operator']} are the operator's,"
    yield f"{counts['not_met']} are not met, {counts['not_applicable']} do not apply."
    yield ""
    yield "## Not met"
    yield ""
    yield from _table(asvs["not_met"], asvs, "why", "why not")
    for number, title in CHAPTERS.items():
        met = _of(number, asvs["met"])
        operator = _of(number, asvs["operator"])
        if met or operator:
            yield f"## {number}. {title}"
            yield ""
        if met:
            yield from _table(met, asvs, "shown_by", "shown by")
        if operator:
            yield "The operator's:"
            yield ""
            yield from _table(operator, asvs, "why", "how")
    yield "## Not applicable"
    yield ""
    reasons: dict[str, list[str]] = {}
    for each, why in asvs["not_applicable"].items():
        reasons.setdefault(why, []).append(each)
    for why, ids in reasons.items():
        yield f"- {', '.join(ids)}: {why}"


def _table(rows: dict[str, Any], asvs: dict[str, Any], field: str, heading: str) -> Iterator[str]:
    yield f"| | level | | {heading} |"
    yield "|---|---|---|---|"
    first = set(asvs["levels"]["1"])
    for each, row in rows.items():
        shown = f"`{row[field]}`" if field == "shown_by" else row[field]
        yield f"| {each} | {1 if each in first else 2} | {row['words']} | {shown} |"
    yield ""


def _of(chapter: int, rows: dict[str, Any]) -> dict[str, Any]:
    return {each: row for each, row in rows.items() if _order(each)[0] == chapter}


def _order(number: str) -> list[int]:
    return [int(part) for part in number.split(".")]
