"""Submit a request, keep it under the license in force, take it back, ask for a second look."""

import hashlib
from datetime import datetime

from django.db import transaction

from licenses import policies, queries, texts
from licenses.actions import contents, versions
from licenses.actions.choosing import require_together
from licenses.actions.moving import lock_request, move_request, require
from licenses.models import LicenseVersion, ReleaseTerms, Request, RequestVersion
from portal.accounts.principals import Principal
from portal.core.problems import Invalid


def submit(
    *,
    request: Request,
    license_sha256: str,
    by: Principal,
    now: datetime,
    idempotency_key: str | None = None,
) -> Request:
    """Submit the request under the license text that `license_sha256` names, and return it.

    Freezes quorum, length of the grant, license version, whether a signatory is needed, and the applicant's
        confirmed organization. idempotency_key: the key with which this request was submitted returns it as
        it stands and mails nobody again.
    Raises: NotPermitted, Conflict(state_changed, party_pending, signatory_missing). Conflict(license_changed;
        given, in_force, difference): another text is in force. Invalid: a required answer is missing.
        Invalid(evidence_missing, summary_missing): see `contents.require_whole`. Invalid(releases_invalid):
        the terms of its releases came to differ since they were chosen.
    """
    with transaction.atomic():
        request = lock_request(request, by)
        case = queries.request_case(by, request, now)
        if case.mine and idempotency_key and request.submit_key == idempotency_key:
            return request
        require(policies.may_submit(case))
        # Asked anew: terms change while a draft lies, and one decision opens nothing by others' terms.
        every = require_together(list(request.releases.all()))
        terms = every[0]
        organization = queries.confirmed_organization(by)
        in_force = versions.confirmed_license(terms, license_sha256, now, organization)
        number = _send_version(request, terms, in_force, by, now)
        quorum = max(each.quorum for each in every)
        move_request(
            request,
            "submit",
            by=by.actor,
            now=now,
            data={"license": in_force.pk, "license_sha256": in_force.sha256, "quorum": quorum},
            version=number,
            license_version=in_force,
            organization=organization,
            quorum=quorum,
            grant_days=terms.grant_days,
            signatory=case.team.signatory_wanted,
            submitted_at=now,
            submit_key=idempotency_key or "",
        )
    return request


def _send_version(
    request: Request, terms: ReleaseTerms, in_force: LicenseVersion, by: Principal, now: datetime
) -> int:
    """Complete the version that is sent to the reviewers, and return its number. Raises: Invalid."""
    last = versions.current(request)
    answers = versions.checked_answers(terms, last.answers, complete=True)
    contents.require_whole(request, contents.of(last), by)
    # A version that reviewers have seen is never reused: their votes on it must not count again.
    unsent = last if last.submitted_at is None else versions.open_next(request, last, now)
    RequestVersion.objects.filter(pk=unsent.pk).update(
        answers=answers,
        questions=terms.questions,
        license_version=in_force,
        license_sha256=in_force.sha256,
        submitted_at=now,
    )
    return unsent.number


def confirm_license(*, request: Request, license_sha256: str, by: Principal, now: datetime) -> Request:
    """Confirm, in review, that the request stands under the license text in force now: a new version with
    the same answers. Where it names that text already, nothing happens.

    Raises: NotPermitted, Conflict(state_changed, license_changed, licenses_differ).
    """
    with transaction.atomic():
        request = lock_request(request, by)
        require(policies.may_confirm_license(queries.request_case(by, request, now)))
        terms = queries.terms_of(request)
        in_force = versions.confirmed_license(terms, license_sha256, now, request.organization_id)
        if in_force.pk == request.license_version_id:
            return request
        version = versions.open_next(
            request,
            versions.current(request),
            now,
            license_version=in_force,
            license_sha256=in_force.sha256,
            submitted_at=now,
        )
        move_request(
            request,
            "confirm_license",
            by=by.actor,
            now=now,
            data={"license": in_force.pk, "license_sha256": in_force.sha256},
            version=version.number,
            license_version=in_force,
            split=False,
        )
    return request


def withdraw(*, request: Request, by: Principal, now: datetime) -> Request:
    """Take the request back, for good, and return it. Raises: NotPermitted, Conflict(state_changed)."""
    with transaction.atomic():
        request = lock_request(request, by)
        require(policies.may_withdraw(queries.request_case(by, request, now)))
        move_request(request, "withdraw", by=by.actor, now=now, data={"from": request.state}, split=False)
    return request


def appeal(*, request: Request, text: str, by: Principal, now: datetime) -> Request:
    """Ask once for a second look by reviewers who have not voted on the request, and return it.

    text: why; shown to the reviewers. Makes a new version with the same answers.
    Raises: NotPermitted, Conflict(state_changed, already_appealed, request_open). Invalid: no text.
    """
    said, wrong = texts.clean(text, multiline=True)
    if wrong or not said:
        raise Invalid(
            "appeal_invalid",
            "Say why the decision should be looked at again.",
            errors={"text": [wrong or "This is needed."]},
        )
    with transaction.atomic():
        request = lock_request(request, by)
        require(policies.may_appeal(queries.request_case(by, request, now)))
        version = versions.open_next(request, versions.current(request), now, appeal=said, submitted_at=now)
        move_request(
            request,
            "appeal",
            by=by.actor,
            now=now,
            # The words stand in the version. Few words can be guessed by their digest: it is private too.
            private={"sha256": hashlib.sha256(said.encode()).hexdigest()},
            about=by.actor,
            version=version.number,
            appeal_version=version.number,
            submitted_at=now,
            decided_at=None,
            # Who had it has most likely voted on it, and others decide now.
            assignee=None,
            assigned_at=None,
        )
    return request
