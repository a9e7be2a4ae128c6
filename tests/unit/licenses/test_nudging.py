"""Asking how it stands: after the published time, once in each such time, to who has the request."""

from datetime import datetime, timedelta

import pytest

from licenses import actions, states
from licenses.models import Absence, Request
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import Conflict, NotPermitted
from tests.unit.licenses.world import DAY, NOW, World, token

pytestmark = pytest.mark.database

MAIL = "licenses/mail/review_nudged"


@pytest.fixture
def waiting(world: World) -> Request:
    return world.request_in(states.SUBMITTED)


def nudge(world: World, request: Request, now: datetime) -> Request:
    return actions.nudge(request=request, by=world.ada, now=now)


def refusal(world: World, request: Request, now: datetime) -> Conflict:
    with pytest.raises(Conflict) as refused:
        nudge(world, request, now)
    return refused.value


def mailed() -> list[str]:
    return sorted(OutboxMessage.objects.filter(template=MAIL).values_list("to", flat=True))


def test_before_the_published_time_it_says_when(world: World, waiting: Request) -> None:
    problem = refusal(world, waiting, NOW + 5 * DAY - timedelta(microseconds=1))

    assert problem.code == "too_early_to_nudge"
    assert "25 Nov 2026, 12:00 UTC" in problem.next_step
    assert mailed() == []


def test_after_it_the_reviewers_are_mailed_and_the_log_says_so(world: World, waiting: Request) -> None:
    nudged = nudge(world, waiting, NOW + 5 * DAY)

    assert nudged.state == states.SUBMITTED
    assert mailed() == ["rita@example.org", "rob@example.org", "rosa@example.org"]
    assert AuditEvent.objects.filter(kind="request.nudged", subject=f"request:{waiting.pk}").count() == 1


def test_who_has_it_is_mailed_alone(world: World, waiting: Request) -> None:
    Request.objects.filter(pk=waiting.pk).update(assignee=world.rob.person, assigned_at=NOW)

    nudge(world, waiting, NOW + 5 * DAY)

    assert mailed() == ["rob@example.org"]


def test_who_may_no_longer_vote_does_not_stand_in_the_way(world: World, waiting: Request) -> None:
    Request.objects.filter(pk=waiting.pk).update(assignee=world.admin.person, assigned_at=NOW)

    nudge(world, waiting, NOW + 5 * DAY)

    assert len(mailed()) == 3


def test_who_stands_in_for_an_absent_one_is_mailed(world: World, waiting: Request) -> None:
    now = NOW + 5 * DAY
    Request.objects.filter(pk=waiting.pk).update(assignee=world.rob.person, assigned_at=NOW)
    Absence.objects.create(
        reviewer=world.rob.person, cover=world.rosa.person, starts_on=now.date(), ends_on=now.date()
    )

    nudge(world, waiting, now)

    assert mailed() == ["rosa@example.org"]


def test_who_voted_is_not_asked_again_unless_everybody_did(world: World, waiting: Request) -> None:
    world.vote(waiting, world.rita)
    nudge(world, waiting, NOW + 5 * DAY)
    assert mailed() == ["rob@example.org", "rosa@example.org"]

    OutboxMessage.objects.all().delete()
    world.vote(waiting, world.rob, "reject")
    actions.recuse(request=waiting, reason="A friend's.", by=world.rosa, now=NOW)
    nudge(world, waiting, NOW + 10 * DAY)
    assert mailed() == ["rita@example.org", "rob@example.org"]


def test_a_second_time_only_after_the_time_has_passed_again(world: World, waiting: Request) -> None:
    nudge(world, waiting, NOW + 6 * DAY)
    problem = refusal(world, waiting, NOW + 10 * DAY)
    nudge(world, waiting, NOW + 11 * DAY)

    assert problem.code == "already_nudged"
    assert "1 Dec 2026, 12:00 UTC" in problem.next_step
    assert len(mailed()) == 6


def test_while_a_question_waits_for_the_applicant_it_is_their_turn(world: World, waiting: Request) -> None:
    Request.objects.filter(pk=waiting.pk).update(asked_at=NOW + DAY)

    assert "wait for your answer" in refusal(world, waiting, NOW + 9 * DAY).detail


def test_a_new_submission_begins_a_new_wait(world: World, waiting: Request) -> None:
    nudge(world, waiting, NOW + 5 * DAY)
    world.vote(waiting, world.rita, "request_changes")
    again = NOW + 6 * DAY
    actions.submit(request=waiting, license_sha256=world.license.sha256, by=world.ada, now=again)

    assert refusal(world, waiting, again + 4 * DAY).code == "too_early_to_nudge"
    assert nudge(world, waiting, again + 5 * DAY).nudged_at == again + 5 * DAY


def test_nobody_nudges_for_others_and_a_token_needs_its_scope(world: World, waiting: Request) -> None:
    now = NOW + 5 * DAY
    for by in (world.rita, token(world.ada.person, "read")):
        with pytest.raises(NotPermitted):
            actions.nudge(request=waiting, by=by, now=now)

    assert actions.nudge(request=waiting, by=token(world.ada.person, "requests"), now=now).nudged_at == now
