"""What a version of a request says (answers, evidence, summary of use): checked, compared, marked."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from licenses import questionnaire, texts
from licenses.actions import versions
from licenses.evidence import MISSING, check_evidence
from licenses.models import ReleaseTerms, Request, RequestVersion
from licenses.queries.evidence import REQUIRED, evidence_asked
from portal.accounts.principals import Principal
from portal.core.problems import Conflict, Invalid

SUMMARY_MISSING = "Say in a few sentences what you did with the weights so far."


@dataclass(frozen=True)
class Contents:
    """answers: question id → text or true. evidence: as `licenses.evidence` keeps it; may be {}."""

    answers: dict[str, Any]
    evidence: dict[str, Any]
    summary_of_use: str

    @property
    def fields(self) -> dict[str, Any]:
        """The columns of a RequestVersion."""
        return {
            "answers": self.answers,
            "evidence": self.evidence,
            "summary_of_use": self.summary_of_use,
        }

    def differs(self, other: "Contents", terms: ReleaseTerms) -> list[str]:
        """Return what differs from `other`: question ids, "evidence", "summary_of_use"."""
        rows = questionnaire.difference(terms.questions, other.answers, self.answers)
        apart = [name for name in ("evidence", "summary_of_use") if self.fields[name] != other.fields[name]]
        return [*(row["question"] for row in rows), *apart]


NOTHING = Contents({}, {}, "")


def of(version: RequestVersion) -> Contents:
    """Return what the version says."""
    return Contents(version.answers, version.evidence, version.summary_of_use)


def mark(version: RequestVersion) -> str:
    """Return a short digest of what the version says: whoever names another one looks at an old state."""
    said = json.dumps([version.number, *of(version).fields.values()], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def checked(
    terms: ReleaseTerms,
    answers: object,
    evidence: object = None,
    summary_of_use: object = None,
    *,
    kept: Contents | None = None,
    complete: bool = False,
) -> Contents:
    """Return what was said as it is kept; what is None stays as `kept` has it.

    complete: whether each required question must be answered.
    Raises: Invalid(errors by question id, "profiles.0", "references.0.email", "summary_of_use").
    """
    before = kept or NOTHING
    found = versions.checked_answers(terms, answers, complete=complete)
    proof, wrong = (before.evidence, {}) if evidence is None else check_evidence(evidence)
    summary, unfit = (
        (before.summary_of_use, "") if summary_of_use is None else texts.clean(summary_of_use, multiline=True)
    )
    errors = {**wrong, **({"summary_of_use": [unfit]} if unfit else {})}
    if errors:
        raise Invalid(
            "answers_invalid",
            "Some answers need a second look.",
            "Correct them and send again.",
            errors=errors,
        )
    return Contents(found, proof, summary)


def require_whole(request: Request, said: Contents, by: Principal) -> None:
    """See that nothing is missing that this applicant or this renewal needs beside the answers.

    Raises: Invalid(evidence_missing): no institution's mail says who they are, and they do not either.
        Invalid(summary_missing): a renewal that does not say what was done so far.
    """
    if not said.evidence and evidence_asked(by) == REQUIRED:
        raise Invalid(
            "evidence_missing",
            "Your mail address does not show which institution you belong to.",
            "Add pages or people that show who you are, and send again.",
            errors={"evidence": [MISSING]},
        )
    if request.renews_id and not said.summary_of_use:
        raise Invalid(
            "summary_missing",
            "A renewal tells what was done with the weights so far.",
            "Write a summary of use, and send again.",
            errors={"summary_of_use": [SUMMARY_MISSING]},
        )


def require_seen(last: RequestVersion, said: Contents, terms: ReleaseTerms, seen: str | None) -> None:
    """See that nobody writes over what they have not seen. seen: a `mark`, or None not to ask.

    Raises: Conflict(draft_changed; seen, now, difference): something else was saved since.
    """
    if seen is None or seen == mark(last) or not said.differs(of(last), terms):
        return
    raise Conflict(
        "draft_changed",
        "This request was changed in another tab or on another device since you opened it here.",
        "Look at both, keep what you need, and save again.",
        extra={
            "seen": seen,
            "now": mark(last),
            "difference": _told(last, said, terms),
        },
    )


def _told(last: RequestVersion, said: Contents, terms: ReleaseTerms) -> list[Mapping[str, Any]]:
    """Return what stands elsewhere ("before") and what was sent ("after"), for each thing that differs."""
    rows: list[Mapping[str, Any]] = list(
        questionnaire.difference(terms.questions, last.answers, said.answers)
    )
    for name, label in (("evidence", "Who you are"), ("summary_of_use", "Summary of use")):
        before, after = of(last).fields[name], said.fields[name]
        if before != after:
            rows.append({"question": name, "label": label, "before": before, "after": after})
    return rows
