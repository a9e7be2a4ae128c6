"""Versions of a request: the current one, the next one, and what the license text has to do with it."""

import difflib
from datetime import datetime
from typing import Any

from licenses import questionnaire
from licenses.models import License, LicenseVersion, ReleaseTerms, Request, RequestVersion
from licenses.queries import license_in_force
from licenses.queries.facts import for_organization
from portal.accounts.models import Organization
from portal.core.problems import Conflict, Invalid

MAX_DIFFERENCE_LINES = 400


def current(request: Request) -> RequestVersion:
    """Return the version that the request is at."""
    return RequestVersion.objects.get(request=request, number=request.version)


def open_next(request: Request, last: RequestVersion, now: datetime, **fields: Any) -> RequestVersion:
    """Return a new, unsubmitted version after `last`, which it starts from. The row of the request follows
    in the caller's move: `version=…`."""
    copied = {
        "answers": last.answers,
        "questions": last.questions,
        "evidence": last.evidence,
        "summary_of_use": last.summary_of_use,
        "license_version": last.license_version,
        "license_sha256": last.license_sha256,
    }
    return RequestVersion.objects.create(
        request=request, number=last.number + 1, created_at=now, **{**copied, **fields}
    )


def checked_answers(terms: ReleaseTerms, answers: object, *, complete: bool) -> dict[str, Any]:
    """Return the answers as they are kept. Raises: Invalid(errors by question id)."""
    kept, errors = questionnaire.check_answers(terms.questions, answers, complete=complete)
    if errors:
        raise Invalid(
            "answers_invalid",
            "Some answers need a second look.",
            "Correct them and send again.",
            errors=errors,
        )
    return kept


def confirmed_license(
    terms: ReleaseTerms, sha256: str, now: datetime, organization: Organization | str | None
) -> LicenseVersion:
    """Return the license version in force, which `sha256` must name: nobody applies under a text unseen.

    organization: the applicant's, confirmed; it may have a version of its own.

    Raises: Conflict(license_changed; given, in_force, difference): another text is in force. Conflict
        (license_missing): none is yet.
    """
    in_force = license_in_force(terms.license, now, organization)
    if in_force is None:
        raise Conflict(
            "license_missing",
            "The license of this release is not in force yet.",
            "Come back when its date has come; the release page names it.",
        )
    if sha256 != in_force.sha256:
        given = version_shown(terms.license, sha256, organization)
        raise license_changed(given, in_force)
    return in_force


def version_shown(
    license: License, sha256: str, organization: Organization | str | None
) -> LicenseVersion | None:
    """Return the version whose text a person names as the one that they read, among those that people of
    `organization` are shown: whoever knows the SHA-256 of another's negotiated text learns nothing of it."""
    return license.versions.filter(for_organization(organization), sha256=sha256).first() if sha256 else None


def license_changed(given: LicenseVersion | None, wanted: LicenseVersion) -> Conflict:
    """Return the refusal that shows both versions and what changed between them."""
    detail = "A newer license text is in force." if given else "The license text in force must be confirmed."
    return Conflict(
        "license_changed",
        detail,
        f"Read {wanted} and confirm it: its SHA-256 is {wanted.sha256}.",
        extra={
            "given": named(given) if given else None,
            "in_force": named(wanted),
            "difference": text_difference(given.text, wanted.text) if given else [],
        },
    )


def named(version: LicenseVersion) -> dict[str, Any]:
    """Return the JSON that names a license version: {id, number, sha256}."""
    return {"id": version.pk, "number": version.number, "sha256": version.sha256}


def text_difference(before: str, after: str) -> list[str]:
    """Return what changed, as lines of a unified diff, at most 400 of them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return [line for line, _ in zip(lines, range(MAX_DIFFERENCE_LINES), strict=False)]
