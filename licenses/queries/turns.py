"""Whose turn it is with a request, since when and until when: as one reader is told it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import F

from licenses import states
from licenses.models import Acceptance, Party, Request
from licenses.queries.parties import GONE, accept_by
from portal.accounts.principals import Principal

APPLICANT: Final = "applicant"
STAFF: Final = "staff"
YOU, CO_APPLICANTS, SIGNATORY, REVIEWERS, NOBODY = "you", "co_applicants", "signatory", "reviewers", "nobody"
WHO: Final = (YOU, APPLICANT, CO_APPLICANTS, SIGNATORY, REVIEWERS, NOBODY)
ROLES: Final = (APPLICANT, Party.Role.CO_APPLICANT.value, Party.Role.SIGNATORY.value, STAFF)


@dataclass(frozen=True)
class Turn:
    """role: what the reader is in the request, one of ROLES. who: of WHO. since: None while nobody is waited
    for. until: by when the reviewers mean to answer, or the license must be accepted; None elsewhere."""

    role: str
    who: str
    since: datetime | None = None
    until: datetime | None = None


def turns(principal: Principal, requests: Sequence[Request], now: datetime) -> dict[str, Turn]:
    """Return the turn of each request, by id, in two queries however many there are."""
    parties: dict[str, list[Party]] = {request.pk: [] for request in requests}
    for party in Party.objects.filter(request__in=requests).exclude(state__in=GONE):
        parties[party.request_id].append(party)
    accepted: dict[str, set[int]] = {request.pk: set() for request in requests}
    current = Acceptance.objects.filter(
        request__in=requests, license_version=F("request__license_version"), request__decided_at__isnull=False
    )
    for request_id, user in current.values_list("request", "user"):
        accepted[request_id].add(user)
    reader = principal.user.pk if principal.user is not None else None
    return {
        request.pk: _turn(request, reader, parties[request.pk], accepted[request.pk], now)
        for request in requests
    }


def _turn(
    request: Request, reader: int | None, parties: Sequence[Party], accepted: set[int], now: datetime
) -> Turn:
    role = _role(request, reader, parties)
    if request.state in (states.DRAFT, states.CHANGES_REQUESTED):
        waiting = any(_unanswered(party) for party in parties)
        writer = YOU if role == APPLICANT else APPLICANT
        since = request.decided_at or request.updated_at
        return Turn(role, CO_APPLICANTS if waiting else writer, since)
    if request.state == states.SUBMITTED:
        return _in_review(request, role)
    if request.state in (states.APPROVED, states.SIGNED):
        return _to_accept(request, role, reader, parties, accepted, now)
    return Turn(role, NOBODY)


def _role(request: Request, reader: int | None, parties: Sequence[Party]) -> str:
    if request.applicant_id == reader:
        return APPLICANT
    own = (party.role for party in parties if party.user_id is not None and party.user_id == reader)
    return next(own, STAFF)


def _unanswered(party: Party) -> bool:
    return party.role == Party.Role.CO_APPLICANT and party.state == Party.State.INVITED


def _in_review(request: Request, role: str) -> Turn:
    if request.asked_at is not None:
        answers = role in (APPLICANT, Party.Role.CO_APPLICANT)
        return Turn(role, YOU if answers else APPLICANT, request.asked_at)
    begun = request.submitted_at
    target = begun + timedelta(days=settings.REVIEW_TARGET_DAYS) if begun else None
    return Turn(role, REVIEWERS, begun, target)


def _to_accept(
    request: Request,
    role: str,
    reader: int | None,
    parties: Sequence[Party],
    accepted: set[int],
    now: datetime,
) -> Turn:
    """Who has still to accept the approved license: the reader before all others."""
    until = accept_by(request)
    if request.state == states.SIGNED and (until is None or now >= until):
        return Turn(role, NOBODY)
    missing: Mapping[str, bool] = {
        YOU: role != STAFF and reader not in accepted,
        APPLICANT: request.applicant_id not in accepted,
        SIGNATORY: request.signatory
        and not any(
            party.role == Party.Role.SIGNATORY and party.state == Party.State.ACCEPTED for party in parties
        ),
        CO_APPLICANTS: any(
            party.role == Party.Role.CO_APPLICANT and party.state == Party.State.JOINED for party in parties
        ),
    }
    who = next((who for who, lacks in missing.items() if lacks), NOBODY)
    return Turn(role, who, None if who == NOBODY else request.decided_at, None if who == NOBODY else until)
