"""The answers of a request, as a page shows them: in the order of the questions, changes marked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from licenses.models import Request, RequestVersion
from portal.web.changes import Run, changes


class Answer(NamedTuple):
    label: str
    runs: list[Run]
    long: bool
    changed: bool


class Answers(NamedTuple):
    """compared_with: number of the version before, or None. The rest is of the version shown."""

    number: int
    submitted: datetime | None
    appeal: str
    compared_with: int | None
    rows: list[Answer]

    @property
    def changed(self) -> bool:
        """Whether an answer differs from the version before."""
        return any(row.changed for row in self.rows)


def compare(version: RequestVersion, before: RequestVersion | None) -> Answers:
    """`version` as the page shows it; with `before`, what changed since then is marked word by word."""
    rows = [
        _row(question, version.answers, before.answers if before else None) for question in version.questions
    ]
    compared_with = before.number if before else None
    return Answers(version.number, version.submitted_at, version.appeal, compared_with, rows)


def _row(question: Mapping[str, Any], now: Mapping[str, Any], before: Mapping[str, Any] | None) -> Answer:
    text = _text(now.get(question["id"]))
    old = text if before is None else _text(before.get(question["id"]))
    runs = changes(old, text)
    return Answer(question["label"], runs, question["kind"] == "long_text", old != text)


def _text(answer: object) -> str:
    if isinstance(answer, bool):
        return "Confirmed" if answer else ""
    return str(answer or "")


def latest(request: Request) -> Answers:
    """The current version of the request, compared with the one that reviewers saw before it."""
    versions = [version for version in request.versions.all() if version.number <= request.version]
    return compare(versions[-1], versions[-2] if len(versions) > 1 else None)
