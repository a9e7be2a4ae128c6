"""Where a person stands with everything of theirs: what it is, what comes next, and by when."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.urls import reverse

from licenses import queries, states
from licenses.models import Grant, Party, Request
from licenses.renewal import RENEW_WITHIN
from portal.accounts.principals import Principal
from portal.web import deadlines
from portal.web.deadlines import Deadline
from portal.web.journey import NEXT
from portal.web.words import Word, word

MOST: Final = 12
# How long an ended grant that nothing replaced is still spoken of.
_REMEMBERED: Final = timedelta(days=60)
_FIRST: Final = {"turn": 0, "bad": 0, "wait": 1, "good": 2, "calm": 3}


class Thing(NamedTuple):
    """One row. said: its state. next: what happens now, or what to do. href: where."""

    title: str
    said: Word
    next: str
    href: str
    deadline: Deadline | None


def things_of(principal: Principal, now: datetime) -> list[Thing]:
    """The person's invitations, open requests and grants: what is theirs to do first, then by date."""
    found = [*_invitations(principal), *_requests(principal, now), *_grants(principal, now)]
    return sorted(found, key=_urgency)[:MOST]


def _urgency(thing: Thing) -> tuple[int, float]:
    at = thing.deadline.at.timestamp() if thing.deadline else float("inf")
    tone = "turn" if thing.deadline is not None and thing.deadline.tone == "turn" else thing.said.tone
    return _FIRST.get(tone, 3), at


def _invitations(principal: Principal) -> Iterator[Thing]:
    asked = queries.invitations_of(principal).filter(state=Party.State.INVITED)
    for party in asked.filter(request__state__in=states.OPEN_STATES)[:MOST]:
        applicant = party.request.applicant.get_full_name()
        yield Thing(
            _titles(party.request),
            Word("You are asked", "turn", "users"),
            f"{applicant} asks you to take part. Say yes or no.",
            reverse("invitation", args=[party.pk]),
            None,
        )


def _requests(principal: Principal, now: datetime) -> Iterator[Thing]:
    under_way = queries.requests_of(principal).filter(state__in=states.OPEN_STATES)
    for request in queries.as_they_stand(under_way[:MOST], now):
        if request.state not in states.OPEN_STATES:
            continue
        asked = request.state == states.SUBMITTED and request.asked_at is not None
        said = Word("A question for you", "turn", "message-circle-question-mark")
        yield Thing(
            _titles(request),
            said if asked else word("request", request.state),
            "Answer the reviewers' question" if asked else NEXT[request.state].title,
            reverse("request_detail", args=[request.pk]),
            deadlines.of_request(request, now),
        )


def _grants(principal: Principal, now: datetime) -> Iterator[Thing]:
    held = queries.grants_of(principal).filter(state__in=states.LIVE_STATES, ends_at__gt=now - _REMEMBERED)
    for grant in held[:MOST]:
        yield Thing(
            grant.release.title,
            word("grant", "expired" if grant.ends_at <= now else grant.state),
            _next_of(grant, now),
            reverse("grant_detail", args=[grant.pk]),
            deadlines.of_grant(grant, now),
        )


def _next_of(grant: Grant, now: datetime) -> str:
    if grant.state == states.SUSPENDED:
        return "Read why it is on hold"
    if grant.reaccept_by is not None:
        return "Read and accept the new license"
    if grant.ends_at - now <= RENEW_WITHIN:
        return "Renew it, or close it out"
    return "Download"


def _titles(request: Request) -> str:
    return ", ".join(release.title for release in request.releases.all())
