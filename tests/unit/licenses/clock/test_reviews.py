"""Reviewers are reminded of what waits too long: whom, how often, and when not."""

import re
from datetime import date, datetime

import pytest

from licenses import actions, states
from licenses.clock.reviews import remind_reviewers
from licenses.models import Absence, Reminder, Request
from licenses.queries.reminded import who_is_reminded
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core.models import OutboxMessage
from tests.unit.licenses.clock.mailbox import empty, mailed, text_of
from tests.unit.licenses.world import DAY, NOW, World, person, session

pytestmark = pytest.mark.database

LATE = NOW + 5 * DAY  # REVIEW_TARGET_DAYS after it was submitted
THAT_DAY = LATE.date()


@pytest.fixture
def request_in_review(world: World) -> Request:
    made = world.request_in(states.SUBMITTED)
    empty()
    return made


def assign(request: Request, to: Principal) -> None:
    Request.objects.filter(pk=request.pk).update(assignee=to.user, assigned_at=NOW)


def away(by: Principal, cover: Principal | None = None, *, on: date = THAT_DAY) -> None:
    Absence.objects.create(
        reviewer=by.person, starts_on=on, ends_on=on, cover=cover.person if cover else None
    )


def reminded() -> list[str]:
    return sorted(mailed("review_late"))


def test_after_the_published_time_everybody_who_may_vote_is_reminded(request_in_review: Request) -> None:
    assert remind_reviewers(now=LATE - DAY / 86_400) == 0
    assert remind_reviewers(now=LATE) == 1
    assert remind_reviewers(now=LATE + DAY) == 0
    assert reminded() == ["rita", "rob", "rosa"]


def test_the_reminder_says_how_long_and_leads_to_the_review(world: World, request_in_review: Request) -> None:
    assign(request_in_review, world.rita)
    remind_reviewers(now=LATE + DAY)
    said = text_of("review_late")
    assert "in review for 6 days" in said
    assert "the published time for an answer, 5 days" in said
    assert f"/review/{request_in_review.pk}/" in said


def test_again_after_each_further_period_and_once_for_several(request_in_review: Request) -> None:
    told = [remind_reviewers(now=LATE + days * DAY) for days in (0, 4, 5, 6, 24, 25)]
    assert told == [1, 0, 1, 0, 1, 1]


def test_who_has_it_alone_is_reminded(world: World, request_in_review: Request) -> None:
    assign(request_in_review, world.rita)
    remind_reviewers(now=LATE)
    assert reminded() == ["rita"]


def test_who_voted_already_is_not_reminded(world: World, request_in_review: Request) -> None:
    assign(request_in_review, world.rita)
    world.vote(request_in_review, world.rita)
    empty()
    remind_reviewers(now=LATE)
    assert reminded() == ["rob", "rosa"]


def test_for_who_is_away_their_stand_in(world: World, request_in_review: Request) -> None:
    assign(request_in_review, world.rita)
    away(world.rita, world.rob)
    remind_reviewers(now=LATE)
    assert reminded() == ["rob"]


def test_absence_counts_by_its_days(world: World, request_in_review: Request) -> None:
    assign(request_in_review, world.rita)
    away(world.rita, world.rob, on=(LATE - DAY).date())
    remind_reviewers(now=LATE)
    assert reminded() == ["rita"]


def test_where_the_stand_in_is_away_too_or_may_not_vote_all_others(
    world: World, request_in_review: Request
) -> None:
    assign(request_in_review, world.rita)
    away(world.rita, world.rob)
    away(world.rob)
    remind_reviewers(now=LATE)
    assert reminded() == ["rosa"]


def test_a_stand_in_who_may_not_vote_gets_nothing(world: World, request_in_review: Request) -> None:
    assign(request_in_review, world.rita)
    away(world.rita, world.admin)
    remind_reviewers(now=LATE)
    assert reminded() == ["rob", "rosa"]


def test_where_everybody_is_away_everybody_is_reminded(world: World, request_in_review: Request) -> None:
    for by in (world.rita, world.rob, world.rosa):
        away(by)
    remind_reviewers(now=LATE)
    assert reminded() == ["rita", "rob", "rosa"]


def test_not_while_the_applicant_owes_an_answer_and_then_from_it(
    world: World, request_in_review: Request
) -> None:
    actions.ask(request=request_in_review, text="Which cluster?", by=world.rita, now=NOW + DAY)
    assert remind_reviewers(now=LATE + 10 * DAY) == 0
    request_in_review.refresh_from_db()
    answered = LATE + 11 * DAY
    actions.say(request=request_in_review, text="The new one.", by=world.ada, now=answered)
    assert remind_reviewers(now=answered + DAY) == 0
    assert remind_reviewers(now=answered + 5 * DAY) == 1


@pytest.mark.parametrize("state", [states.APPROVED, states.CHANGES_REQUESTED, states.WITHDRAWN, states.DRAFT])
def test_what_is_not_in_review_reminds_nobody(world: World, state: str) -> None:
    world.request_in(state)
    assert remind_reviewers(now=LATE + 9 * DAY) == 0


def in_review(world: World, count: int) -> list[Request]:
    """Requests of as many people, submitted an hour apart, the first one first."""
    made = []
    for number in range(count):
        asks = session(person(f"asker{number}"))
        request = world.draft(asks)
        world.submit(request, asks)
        Request.objects.filter(pk=request.pk).update(submitted_at=NOW + number * DAY / 24)
        made.append(request)
    empty()
    return made


def test_one_mail_tells_a_reviewer_of_all_that_is_late_the_oldest_first(world: World) -> None:
    requests = in_review(world, 22)
    assert remind_reviewers(now=LATE + 2 * DAY) == 22
    assert reminded() == ["rita", "rob", "rosa"]
    assert Reminder.objects.count() == 22
    mail = OutboxMessage.objects.filter(template__endswith="/review_late")[0]
    assert mail.subject == "22 requests wait for longer than 5 days"
    named = re.findall(r"/review/(req_\w+)/", mail.text)
    assert named == [request.pk for request in requests[:20]]
    assert "And 2 more, in the queue:\nhttp" in mail.text
    assert remind_reviewers(now=LATE + 3 * DAY) == 0


def test_each_is_told_of_their_own_alone(world: World) -> None:
    first, second = in_review(world, 2)
    assign(first, world.rita)
    assign(second, world.rob)
    remind_reviewers(now=LATE + DAY)
    assert reminded() == ["rita", "rob"]
    told = OutboxMessage.objects.get(template__endswith="/review_late", to__startswith="rita")
    assert f"/review/{first.pk}/" in told.text
    assert f"/review/{second.pk}/" not in told.text
    assert told.subject == "OPT-175B: a request waits for 6 days"


def test_what_fails_about_one_request_keeps_no_word_of_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = in_review(world, 2)

    def fail_for_first(request: Request, now: datetime) -> list[User]:
        if request == first:
            raise ValueError("as a database may")
        return who_is_reminded(request, now)

    monkeypatch.setattr("licenses.clock.reviews.who_is_reminded", fail_for_first)
    with pytest.raises(ValueError, match="as a database may"):
        remind_reviewers(now=LATE + DAY)
    assert [reminder.subject for reminder in Reminder.objects.all()] == [f"request:{second.pk}"]
    assert reminded() == ["rita", "rob", "rosa"]
