"""Vote on a request; the vote that completes the quorum decides it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from licenses import policies, queries, questionnaire, texts
from licenses.actions import balloting, versions
from licenses.actions.moving import lock_request, move_request, require, who
from licenses.ballots import Signed
from licenses.events import RequestDecided
from licenses.facts import RequestCase
from licenses.models import Decision, Request, RequestVersion, Vote
from licenses.queries.reviewers import votes_that_count
from licenses.tally import APPROVE, REJECT, REQUEST_CHANGES, VERDICTS, Tally, tally
from portal.accounts import factors
from portal.accounts.principals import Principal
from portal.core import audit, events
from portal.core.problems import Conflict, Invalid, Problem
from portal.core.verdicts import Verdict

OUTCOMES = {
    APPROVE: Decision.Outcome.APPROVED,
    REJECT: Decision.Outcome.REJECTED,
    REQUEST_CHANGES: Decision.Outcome.CHANGES_REQUESTED,
}


def vote(
    *,
    request: Request,
    version: int,
    verdict: str,
    reason: str,
    note: str,
    by: Principal,
    now: datetime,
    signed: Signed | None = None,
) -> Request:
    """Cast a verdict on the version that the reviewer read, and return the request as it stands after it.

    verdict: "approve", "reject" or "request_changes". reason: shown to the applicant; needed for the last
    two. note: for staff alone. A reviewer's later verdict on the same version takes the earlier one's place.
    signed: the reviewer's passkey over this verdict, needed where STAFF_MFA is "passkey".
    Raises: NotPermitted: not a reviewer of this request, or no browser session; passkey_required,
        passkey_refused. Conflict(ballot_changed, state_changed, license_changed, licenses_differ).
        Conflict(vote_on_old_version; version, given, difference). Invalid.
    """
    reason, note = checked_words(verdict, reason, note)
    with transaction.atomic():
        request = lock_request(request, by)
        require_open(queries.request_case(by, request, now), request, version, verdict, now)
        if _cast(request, verdict, reason, note, signed, by, now):
            recount(request, now)
    return request


def require_open(
    case: RequestCase,
    request: Request,
    version: int,
    verdict: str,
    now: datetime,
    may: Callable[[RequestCase, str], Verdict] = policies.may_vote,
) -> None:
    """Go on only where this verdict on this version can be given as the request stands.

    case: the request as who votes sees it. may: the policy that is asked.
    Raises: what `vote` raises of the person, the request and the version.
    """
    require(may(case, verdict), **_licenses(case, request, now))
    if version != request.version:
        raise _old_version(request, version)


def checked_words(verdict: str, reason: str, note: str) -> tuple[str, str]:
    """Return reason and note as they are kept. Raises: Invalid: no such verdict, or no reason."""
    said, wrong_reason = texts.clean(reason, multiline=True)
    noted, wrong_note = texts.clean(note, multiline=True)
    errors = {"reason": [wrong_reason]} if wrong_reason else {}
    if wrong_note:
        errors["note"] = [wrong_note]
    if verdict not in VERDICTS:
        errors["verdict"] = [f"This must be one of {', '.join(VERDICTS)}."]
    elif verdict != APPROVE and not said and not wrong_reason:
        errors["reason"] = ["Say why: the applicant reads this."]
    if errors:
        raise Invalid("vote_invalid", "The vote needs a second look.", errors=errors)
    return said, noted


def _licenses(case: RequestCase, request: Request, now: datetime) -> dict[str, Any]:
    """Both license versions, for a refusal because they differ."""
    if case.license_current or not case.one_license or request.license_version is None:
        return {}
    in_force = queries.license_in_force(queries.terms_of(request).license, now, request.organization_id)
    if in_force is None:
        return {}
    return {"given": versions.named(request.license_version), "in_force": versions.named(in_force)}


def _old_version(request: Request, given: int) -> Problem:
    seen = RequestVersion.objects.filter(request=request, number=given).first()
    if seen is None:
        return Invalid(
            "vote_invalid", "There is no such version.", errors={"version": [f"It is at {request.version}."]}
        )
    now_there = versions.current(request)
    return Conflict(
        "vote_on_old_version",
        f"The applicant changed the request: it is at version {request.version}, you read version {given}.",
        "Read what changed, then vote on the new version.",
        extra={
            "version": request.version,
            "given": given,
            "difference": questionnaire.difference(now_there.questions, seen.answers, now_there.answers),
        },
    )


def _cast(
    request: Request,
    verdict: str,
    reason: str,
    note: str,
    signed: Signed | None,
    by: Principal,
    now: datetime,
) -> bool:
    """Write the vote. Returns: False where the same person said exactly this before (a second click)."""
    reviewer = who(by)
    mine = Vote.objects.filter(
        request=request, version=request.version, reviewer=reviewer, superseded_at__isnull=True
    )
    if _signed_alike(mine, signed).filter(verdict=verdict, reason=reason, note=note).exists():
        return False
    kept = balloting.keep(request, verdict, reason, reviewer, signed, now)
    changed = bool(mine.update(superseded_at=now))
    Vote.objects.create(
        request=request,
        version=request.version,
        reviewer=reviewer,
        verdict=verdict,
        reason=reason,
        note=note,
        at=now,
        **kept,
    )
    audit.record(
        "request.voted",
        by=by.actor,
        subject=f"request:{request.pk}",
        now=now,
        private={"reason": reason},
        about=request.applicant.public_id,
        version=request.version,
        verdict=verdict,
        changed_mind=changed,
    )
    return True


def _signed_alike(votes: QuerySet[Vote], signed: Signed | None) -> QuerySet[Vote]:
    """Of the votes those that need not be given again for the keeper's sake: it may know the new passkey
    alone, not one from before, and none that was not signed."""
    if not factors.votes_are_signed():
        return votes
    votes = votes.filter(assertion__isnull=False)
    return votes.filter(assertion__credential_id=signed.assertion.credential_id.hex()) if signed else votes


def recount(request: Request, now: datetime) -> None:
    """Count the votes of the locked request, by who is a reviewer still, and move it where they carry."""
    if request.quorum is None:
        raise RuntimeError(f"{request.pk} is in review without a quorum")
    counting = list(
        votes_that_count()
        .select_related("reviewer")
        .filter(request=request, version=request.version)
        .order_by("at", "pk")
    )
    result = tally([cast.verdict for cast in counting], request.quorum)
    if result.decided is not None:
        _carry_out(request, result.decided, counting, now)
    elif result.split != request.split:
        _mark_split(request, result)


def _mark_split(request: Request, result: Tally) -> None:
    Request.objects.filter(pk=request.pk, version=request.version).update(split=result.split)
    request.split = result.split


def _carry_out(request: Request, verdict: str, counting: list[Vote], now: datetime) -> None:
    reasons = [cast.reason for cast in counting if cast.verdict == verdict and cast.reason]
    decision = Decision.objects.create(
        request=request,
        version=request.version,
        outcome=OUTCOMES[verdict],
        reason="\n\n".join(dict.fromkeys(reasons)),
        votes=[{"reviewer": cast.reviewer.public_id, "verdict": cast.verdict} for cast in counting],
        at=now,
    )
    final: dict[str, Any] = {"decided_at": now} if verdict != REQUEST_CHANGES else {}
    # Without the votes: whoever stands in the request may have a proof of this event, and does not learn from
    # it which reviewer said what. Staff read it from the decision.
    move_request(
        request,
        verdict,
        by="system:votes",
        now=now,
        private={"reason": decision.reason},
        about=request.applicant.public_id,
        split=False,
        asked_at=None,
        **final,
    )
    events.publish(RequestDecided(request, decision, now))
