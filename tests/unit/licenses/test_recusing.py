"""Recusal: for good, for staff's eyes alone, and a vote that counts no more."""

import pytest

from licenses import actions, policies, queries, states
from licenses.models import Recusal, Request, Vote
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import Invalid, NotPermitted
from tests.unit.licenses.world import NOW, World, token

pytestmark = pytest.mark.database


def recuse(world: World, request: Request) -> Request:
    return actions.recuse(request=request, reason="She was my student.", by=world.rita, now=NOW)


def test_who_recused_themselves_takes_no_part(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    recuse(world, request)
    assert world.rita.user not in queries.eligible_reviewers(request)
    case = queries.request_case(world.rita, request, NOW)
    for may in (policies.may_say, policies.may_ask, policies.may_note, policies.may_recuse):
        assert not may(case)
    with pytest.raises(NotPermitted) as refusal:
        world.vote(request, world.rita)
    assert refusal.value.code == "recused"


def test_it_cannot_be_done_twice(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    recuse(world, request)
    with pytest.raises(NotPermitted):
        recuse(world, request)
    assert Recusal.objects.count() == 1


def test_the_reason_is_neither_in_the_log_nor_mailed(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    mails = OutboxMessage.objects.count()
    recuse(world, request)
    assert "student" not in str(AuditEvent.objects.get(kind="request.recused").data)
    assert OutboxMessage.objects.count() == mails
    assert "request.recused" not in {entry.kind for entry in queries.timeline(request, world.ada)}
    assert "request.recused" in {entry.kind for entry in queries.timeline(request, world.rob)}


def test_their_vote_counts_no_more(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    recuse(world, request)
    world.vote(request, world.rob)
    request.refresh_from_db()
    assert request.state == states.SUBMITTED
    assert Vote.objects.filter(superseded_at__isnull=True).get().reviewer == world.rob.user


def test_where_the_others_now_carry_that_decides(db: None) -> None:
    """R5: after a tie, one vote fewer on one side is a majority of the other."""
    world = World(quorum=1)
    request = world.submit(world.draft())
    for reviewer, verdict in ((world.rita, "reject"), (world.rob, "approve")):
        Vote.objects.create(
            request=request, version=1, reviewer=reviewer.person, verdict=verdict, reason="Why.", at=NOW
        )
    recuse(world, request)
    request.refresh_from_db()
    assert request.state == states.APPROVED


def test_the_request_leaves_their_desk(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    Request.objects.filter(pk=request.pk).update(assignee=world.rita.user, assigned_at=NOW)
    assert recuse(world, request).assignee is None


@pytest.mark.parametrize("state", list(states.REQUEST_STATES))
def test_who_may_recuse_themselves_in_every_state(world: World, state: str) -> None:
    """R8: a reviewer, of a request that was sent."""
    request = world.request_in(state)
    assert world.rosa.user is not None
    for by, may in (
        (world.ada, False),
        (world.admin, False),
        (token(world.rosa.user, "requests"), False),
        (world.rosa, request.submitted_at is not None),
    ):
        if may:
            actions.recuse(request=request, reason="Friends.", by=by, now=NOW)
        else:
            with pytest.raises(NotPermitted):
                actions.recuse(request=request, reason="Friends.", by=by, now=NOW)
    assert Recusal.objects.count() == int(request.submitted_at is not None)


def test_a_recusal_says_why(world: World) -> None:
    with pytest.raises(Invalid):
        actions.recuse(request=world.request_in(states.SUBMITTED), reason=" ", by=world.rita, now=NOW)
