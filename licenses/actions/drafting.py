"""Begin a request, and change its answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from licenses import policies, queries, states
from licenses.actions import contents, versions
from licenses.actions.choosing import require_open, require_together
from licenses.actions.contents import Contents
from licenses.actions.lapsing import lapse_of
from licenses.actions.moving import lock_request, move_request, require, row_of, who
from licenses.models import ReleaseTerms, Request, RequestVersion
from licenses.models.requests import RequestedRelease
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit
from weights_vault.models import Release


def draft(
    *,
    by: Principal,
    release: Release,
    answers: dict[str, Any],
    now: datetime,
    idempotency_key: str | None = None,
    evidence: dict[str, Any] | None = None,
    also: Sequence[Release] = (),
) -> Request:
    """Begin a request for `release` and return it.

    also: other releases of its model under the same terms, asked for with it. answers: question id → text or
        true/false; gaps are allowed. evidence: who the applicant is, as `licenses.evidence` describes it.
        idempotency_key: of the same person, a key used before returns the request that it made.
    Raises: NotPermitted: the rule of access does not allow "request". Conflict(grant_live, not_on_request).
        Invalid: an answer cannot stand; the releases do not go together.
    """
    releases = list(dict.fromkeys([release, *also]))
    with transaction.atomic():
        if by.user is not None:
            lapse_of(by.user, now=now)
        require_present(by)
        if found := _made_before(by, idempotency_key):
            return found
        verdict = policies.may_draft(queries.facts(by, release), now)
        # Between the two reads the same call, sent twice, may have made the request that is now in the way.
        if not verdict and (found := _made_before(by, idempotency_key)):
            return found
        require(verdict)
        require_together(releases)
        require_open(by, releases[1:], now)
        terms = ReleaseTerms.objects.get(release=release)
        kept = contents.checked(terms, answers, evidence)
        try:
            with transaction.atomic():
                return _make(by, releases, terms, kept, now, idempotency_key or "")
        except IntegrityError:
            # Somebody of the same name was quicker: with the same key it is the same request, else it is
            # in the way, and the rule now says so.
            if found := _made_before(by, idempotency_key):
                return found
            require_open(by, releases, now)
            raise


def _made_before(by: Principal, key: str | None) -> Request | None:
    if not key or by.user is None:
        return None
    return Request.objects.filter(applicant=by.user, draft_key=key).first()


def _make(
    by: Principal, releases: list[Release], terms: ReleaseTerms, said: Contents, now: datetime, key: str
) -> Request:
    row = row_of("request", states.NEW, "draft")
    request = Request.objects.create(
        applicant=who(by), state=row.target, draft_key=key, created_at=now, updated_at=now
    )
    for release in releases:
        RequestedRelease.objects.create(request=request, release=release, applicant=who(by))
    RequestVersion.objects.create(
        request=request, number=1, questions=terms.questions, created_at=now, **said.fields
    )
    audit.record(
        row.audit,
        by=by.actor,
        subject=f"request:{request.pk}",
        now=now,
        version=1,
        releases=[release.slug for release in releases],
    )
    return request


def edit(
    *,
    request: Request,
    answers: dict[str, Any],
    by: Principal,
    now: datetime,
    evidence: dict[str, Any] | None = None,
    summary_of_use: str | None = None,
    seen: str | None = None,
) -> Request:
    """Replace the answers and return the request. What else is None stays as it is.

    summary_of_use: what a renewal tells of the time before. seen: `contents.mark` of the version that was
        looked at; None does not ask.

    Before the first submission and while changes are asked for, gaps are allowed and the unsubmitted version
    is changed in place. In review it makes a new version, complete and submitted at once: votes on the old
    one no longer count.
    Raises: NotPermitted, Conflict(state_changed). Conflict(draft_changed; seen, now, difference): something
        else was saved since `seen`. Invalid: an answer cannot stand.
    """
    with transaction.atomic():
        request = lock_request(request, by)
        require(policies.may_edit(queries.request_case(by, request, now)))
        in_review = request.state == states.SUBMITTED
        terms = queries.terms_of(request)
        last = versions.current(request)
        kept = contents.checked(
            terms, answers, evidence, summary_of_use, kept=contents.of(last), complete=in_review
        )
        contents.require_seen(last, kept, terms, seen)
        changed = kept.differs(contents.of(last), terms)
        if not changed:
            return request
        if in_review:
            contents.require_whole(request, kept, by)
        number = _write(request, last, terms, kept, now, submitted_at=now if in_review else None)
        move_request(
            request,
            "edit",
            by=by.actor,
            now=now,
            data={"changed": changed, "new_version": number != last.number},
            version=number,
            split=False,
            asked_at=None,
        )
    return request


def _write(
    request: Request,
    last: RequestVersion,
    terms: ReleaseTerms,
    said: Contents,
    now: datetime,
    submitted_at: datetime | None,
) -> int:
    fields = {**said.fields, "questions": terms.questions}
    if last.submitted_at is None:
        RequestVersion.objects.filter(pk=last.pk, submitted_at__isnull=True).update(**fields)
        return last.number
    return versions.open_next(request, last, now, submitted_at=submitted_at, **fields).number
