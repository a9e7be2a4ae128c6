"""Notices before the end of a grant, and its end: late, twice, by two, killed in between, after a year."""

from datetime import datetime

import pytest

from licenses import actions, states
from licenses.clock.ends import record_ends, remind_of_ends
from licenses.models import Grant, Reminder, Request
from portal.core import audit
from portal.core.models import OutboxMessage
from portal.core.outbox import queue_mail
from tests.unit.licenses.clock.mailbox import empty, mailed, text_of
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, release

pytestmark = pytest.mark.database


class Killed(BaseException):
    """As when the machine goes: nothing catches it."""


@pytest.fixture
def grant(world: World) -> Grant:
    """Ada's, of 365 days."""
    made = world.grant_in(states.ACTIVE)
    empty()
    return made


@pytest.mark.parametrize(
    ("before", "told"), [(61, []), (60, [60]), (31, [60]), (30, [60, 30]), (7, [60, 30, 7]), (0, [60, 30, 7])]
)
def test_each_notice_comes_on_its_day_and_not_before(grant: Grant, before: int, told: list[int]) -> None:
    for day in range(70, before - 1, -1):
        remind_of_ends(now=grant.ends_at - day * DAY)
        remind_of_ends(now=grant.ends_at - day * DAY)
    assert mailed("grant_ends") == ["ada"] * len(told)
    subjects = [mail.subject for mail in OutboxMessage.objects.order_by("pk")]
    assert subjects == [f"Your access to OPT-175B ends in {days} days" for days in told]


def test_after_downtime_only_the_most_urgent_is_sent_and_the_others_are_passed_over(grant: Grant) -> None:
    assert remind_of_ends(now=grant.ends_at - 5 * DAY) == 1
    assert "ends in 5 days" in text_of("grant_ends")
    kinds = Reminder.objects.filter(subject=f"grant:{grant.pk}").values_list("kind", flat=True)
    end = f"{grant.ends_at:%Y-%m-%d}"
    assert set(kinds) == {f"grant_ends_{days}:{end}" for days in (60, 30, 7)}
    assert remind_of_ends(now=grant.ends_at - 4 * DAY) == 0


def test_after_a_year_of_silence_the_end_is_told_and_no_notice_before_it(grant: Grant) -> None:
    late = grant.ends_at + 365 * DAY
    assert (remind_of_ends(now=late), record_ends(now=late), record_ends(now=late)) == (0, 1, 0)
    assert mailed("grant_ends") == []
    assert mailed("grant_expired") == ["ada"]
    grant.refresh_from_db()
    assert (grant.expired_at, grant.state, grant.state_reason) == (late, states.ACTIVE, "")
    event = audit.trail(f"grant:{grant.pk}").last()
    assert event is not None
    assert (event.kind, event.by, event.data["ends_at"]) == (
        "grant.expired",
        "system:clock",
        grant.ends_at.isoformat(),
    )


def test_the_end_is_recorded_at_it_and_not_before(grant: Grant) -> None:
    assert record_ends(now=grant.ends_at - DAY / 86_400) == 0
    assert record_ends(now=grant.ends_at) == 1


def test_an_extended_grant_is_told_of_its_new_end(world: World, grant: Grant) -> None:
    remind_of_ends(now=grant.ends_at - 6 * DAY)
    later = grant.ends_at + 90 * DAY
    at = grant.ends_at - 5 * DAY
    actions.extend(grant=grant, ends_at=later, reason="The cluster was late.", by=world.rita, now=at)
    empty()
    assert remind_of_ends(now=at) == 0
    assert remind_of_ends(now=later - 60 * DAY) == 1
    assert record_ends(now=grant.ends_at) == 0
    assert record_ends(now=later) == 1


def test_a_short_grant_is_not_told_at_once_of_what_it_was_given_for(world: World) -> None:
    request = world.request_in(states.APPROVED)
    Request.objects.filter(pk=request.pk).update(grant_days=30)
    [short] = world.sign(request)
    empty()
    assert remind_of_ends(now=NOW + DAY) == 0
    assert remind_of_ends(now=short.ends_at - 7 * DAY) == 1


@pytest.mark.parametrize("state", [states.REVOKED, states.CLOSED])
def test_what_ended_otherwise_is_not_told_of(world: World, state: str) -> None:
    ended = world.grant_in(state)
    Grant.objects.exclude(pk=ended.pk).update(ends_at=NOW + 9999 * DAY)
    assert remind_of_ends(now=ended.ends_at - DAY) == 0
    assert record_ends(now=ended.ends_at) == 0


def test_a_suspended_grant_is_told_of_its_end_and_keeps_its_reason(world: World) -> None:
    held = world.grant_in(states.SUSPENDED)
    assert record_ends(now=held.ends_at) == 1
    held.refresh_from_db()
    assert (held.state, held.state_reason) == (states.SUSPENDED, "A question is open.")


def test_killed_in_between_nothing_is_lost_and_nothing_told_twice(
    world: World, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("licenses.notices.queue_mail", _dies)
        with pytest.raises(Killed):
            remind_of_ends(now=grant.ends_at - 7 * DAY)
    assert not Reminder.objects.exists()
    assert remind_of_ends(now=grant.ends_at - 7 * DAY) == 1
    assert mailed("grant_ends") == ["ada"]


def _dies(**mail: object) -> None:
    raise Killed


def test_one_that_fails_keeps_nothing_from_the_others(
    world: World, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job says that it failed, and does the rest when it comes again."""
    Grant.objects.filter(pk=grant.pk).update(ends_at=grant.ends_at - DAY)
    other = _second_grant(world, grant)
    empty()
    at = grant.ends_at - 8 * DAY

    def first_fails(**mail: object) -> object:
        if not Reminder.objects.filter(subject=f"grant:{other.pk}").exists():
            raise ValueError("this one cannot be mailed")
        return queue_mail(**mail)  # type: ignore[arg-type]

    monkeypatch.setattr("licenses.notices.queue_mail", first_fails)
    with pytest.raises(ValueError, match="cannot be mailed"):
        remind_of_ends(now=at + DAY)
    assert mailed("grant_ends") == ["ada"]
    monkeypatch.undo()
    assert remind_of_ends(now=at + DAY) == 1


def _second_grant(world: World, like: Grant) -> Grant:
    """Another grant of the same person and end, for another release."""
    other = release("opt-66b")
    request = actions.draft(by=world.ada, release=other, answers=ANSWERS, now=NOW)
    world.submit(request)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    [made] = world.sign(request)
    return made


def test_the_notice_names_the_renewal_that_is_under_way(world: World, grant: Grant) -> None:
    renewal = Request.objects.create(
        applicant=grant.user, renews=grant.request, created_at=NOW, updated_at=NOW
    )
    remind_of_ends(now=grant.ends_at - 30 * DAY)
    assert f"/requests/{renewal.pk}/" in text_of("grant_ends")
    assert "close out" not in text_of("grant_ends")


def test_the_notice_says_how_to_renew_or_to_close_out(grant: Grant) -> None:
    remind_of_ends(now=grant.ends_at - 30 * DAY)
    record_ends(now=grant.ends_at)
    for notice in ("grant_ends", "grant_expired"):
        said = " ".join(text_of(notice).split())
        assert "renew" in said
        assert "lose out" in said
        assert f"/grants/{grant.pk}/" in said


@pytest.mark.parametrize("now", [NOW + 358 * DAY, NOW + 400 * DAY])
def test_a_disabled_holder_gets_no_mail_and_holds_nobody_up(grant: Grant, now: datetime) -> None:
    grant.user.is_active = False
    grant.user.save()
    remind_of_ends(now=now)
    record_ends(now=now)
    assert not OutboxMessage.objects.exists()
