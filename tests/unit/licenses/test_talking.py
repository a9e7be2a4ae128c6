"""Messages, questions and notes: who may say what, who reads it, who is mailed."""

from datetime import datetime, timedelta

import pytest
from django.db.models import Max

from licenses import actions, queries, states
from licenses.models import Message, Party, Request
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.licenses.world import DAY, NOW, World, person, session, token

pytestmark = pytest.mark.database

MINUTE = timedelta(minutes=1)


@pytest.fixture
def request_(world: World) -> Request:
    return world.request_in(states.SUBMITTED)


def co_applicant(request: Request, name: str = "carl", state: str = "joined") -> Principal:
    user = person(name)
    Party.objects.create(
        request=request,
        role=Party.Role.CO_APPLICANT,
        email=user.email,
        full_name=user.full_name,
        user=user,
        state=state,
        state_at=NOW,
        asked_at=NOW,
    )
    return session(user)


def mailed(notice: str) -> list[str]:
    told = OutboxMessage.objects.filter(template__endswith=f"/{notice}").order_by("to")
    return list(told.values_list("to", flat=True))


def test_a_question_waits_for_its_answer_and_the_next_message_is_it(world: World, request_: Request) -> None:
    actions.ask(request=request_, text="Which corpus?", by=world.rita, now=NOW)
    request_.refresh_from_db()
    assert (request_.state, request_.asked_at) == (states.SUBMITTED, NOW)

    actions.say(request=request_, text="The Pile.", by=world.ada, now=NOW + MINUTE)
    request_.refresh_from_db()
    assert request_.asked_at is None
    kinds = AuditEvent.objects.filter(kind__startswith="request.a", subject=f"request:{request_.pk}")
    assert list(kinds.order_by("index").values_list("kind", flat=True)) == [
        "request.asked",
        "request.answered",
    ]


def test_the_log_keeps_no_words_but_their_digest(world: World, request_: Request) -> None:
    """So that they can be erased and the log still verifies."""
    actions.say(request=request_, text="My mother is ill.", by=world.ada, now=NOW)
    event = AuditEvent.objects.get(kind="request.message_sent")
    assert "mother" not in str(event.data)
    assert len(audit.told(event, "sha256")) == 64


def test_a_question_is_mailed_to_those_who_ask_for_the_weights(world: World, request_: Request) -> None:
    co_applicant(request_)
    co_applicant(request_, "dora", "invited")
    actions.ask(request=request_, text="Which corpus?", by=world.rita, now=NOW)
    assert mailed("question_asked") == ["ada@example.org", "carl@example.org"]


def test_an_answer_is_mailed_to_who_has_the_request(world: World, request_: Request) -> None:
    actions.ask(request=request_, text="Which corpus?", by=world.rita, now=NOW)
    Request.objects.filter(pk=request_.pk).update(assignee=world.rob.user, assigned_at=NOW)
    actions.say(request=request_, text="The Pile.", by=world.ada, now=NOW)
    assert mailed("message_received") == ["rob@example.org"]


def test_an_answer_is_mailed_to_who_stands_in_for_them(world: World, request_: Request) -> None:
    Request.objects.filter(pk=request_.pk).update(assignee=world.rob.user, assigned_at=NOW)
    actions.be_away(starts_on=NOW.date(), ends_on=NOW.date(), cover=world.rosa.user, by=world.rob, now=NOW)
    actions.say(request=request_, text="The Pile.", by=world.ada, now=NOW)
    assert mailed("message_received") == ["rosa@example.org"]


def test_an_answer_is_mailed_to_who_asked_where_nobody_has_it(world: World, request_: Request) -> None:
    actions.ask(request=request_, text="Which corpus?", by=world.rita, now=NOW)
    world.vote(request_, world.rob)
    actions.say(request=request_, text="The Pile.", by=world.ada, now=NOW)
    assert mailed("message_received") == ["rita@example.org", "rob@example.org"]


def test_a_first_message_reaches_everybody_who_may_vote(world: World, request_: Request) -> None:
    actions.say(request=request_, text="Is anything missing?", by=world.ada, now=NOW)
    assert mailed("message_received") == ["rita@example.org", "rob@example.org", "rosa@example.org"]


def test_a_co_applicant_who_joined_answers_too(world: World, request_: Request) -> None:
    carl = co_applicant(request_)
    actions.ask(request=request_, text="Which corpus?", by=world.rita, now=NOW)
    actions.say(request=request_, text="The Pile.", by=carl, now=NOW)
    request_.refresh_from_db()
    assert request_.asked_at is None


@pytest.mark.parametrize("state", ["invited", "declined", "dropped"])
def test_who_has_not_joined_says_nothing(world: World, request_: Request, state: str) -> None:
    carl = co_applicant(request_, state=state)
    with pytest.raises(NotPermitted):
        actions.say(request=request_, text="Hello.", by=carl, now=NOW)


@pytest.mark.parametrize("state", list(states.REQUEST_STATES))
def test_messages_and_notes_in_every_state_by_every_role(world: World, state: str) -> None:
    """R8: both sides write from when a request was sent until it is over; notes are for staff alone."""
    request = world.request_in(state)
    everybody = {"ada": world.ada, "rosa": world.rosa, "rita": world.rita, "eve": session(person("eve"))}
    everybody |= {
        "max": session(person("max", "release_manager")),
        "adam": world.admin,
        "olaf": world.auditor,
    }
    sent = request.submitted_at is not None
    for name, by in everybody.items():
        for verb, may in (("say", ("ada", "rosa", "rita")), ("note", ("rosa", "rita"))):
            before = Message.objects.count()
            over = verb == "say" and state == states.LAPSED
            if sent and name in may and not over:
                getattr(actions, verb)(request=request, text=f"{name} {verb}", by=by, now=NOW)
            else:
                with pytest.raises(Conflict if over and name in may else NotPermitted):
                    getattr(actions, verb)(request=request, text=f"{name} {verb}", by=by, now=NOW)
            assert Message.objects.count() == before + (sent and name in may and not over)


def assert_closed(world: World, request: Request, now: datetime = NOW) -> None:
    mails = OutboxMessage.objects.count()
    for by in (world.ada, world.rosa):
        with pytest.raises(Conflict) as refusal:
            actions.say(request=request, text="Hello?", by=by, now=now)
        assert refusal.value.code == "conversation_closed"
    assert OutboxMessage.objects.count() == mails


def test_nobody_is_written_to_about_a_request_that_was_taken_back(world: World, request_: Request) -> None:
    actions.withdraw(request=request_, by=world.ada, now=NOW)
    assert_closed(world, request_)


def test_a_refusal_is_talked_about_until_its_appeal_is_decided(world: World) -> None:
    request = world.request_in(states.REJECTED)
    actions.say(request=request, text="What was missing?", by=world.ada, now=NOW)

    # As an appeal that was declined too leaves it.
    Request.objects.filter(pk=request.pk).update(appeal_version=request.version)
    request.refresh_from_db()

    assert_closed(world, request)


@pytest.mark.parametrize("state", [states.ACTIVE, states.SUSPENDED])
def test_whoever_holds_a_live_grant_can_write_about_it(world: World, state: str) -> None:
    grant = world.grant_in(state)
    for by in (world.ada, world.rosa):
        actions.say(request=grant.request, text="May I show figures?", by=by, now=NOW)
    assert_closed(world, grant.request, grant.ends_at)


def test_a_revoked_grant_ends_the_conversation(world: World) -> None:
    assert_closed(world, world.grant_in(states.REVOKED).request)


def test_a_token_speaks_for_the_applicant_and_never_for_staff(world: World, request_: Request) -> None:
    assert world.ada.user is not None
    assert world.rita.user is not None
    actions.say(request=request_, text="From the cluster.", by=token(world.ada.user, "requests"), now=NOW)
    for by in (token(world.ada.user, "read"), token(world.rita.user, "requests")):
        with pytest.raises(NotPermitted):
            actions.say(request=request_, text="Hello.", by=by, now=NOW)


def test_a_reviewer_who_asks_for_the_weights_speaks_as_applicant(world: World) -> None:
    request = world.submit(world.draft(world.rita), world.rita)
    assert not actions.say(request=request, text="Hello.", by=world.rita, now=NOW).by_staff
    for verb in (actions.ask, actions.note):
        with pytest.raises(NotPermitted) as refusal:
            verb(request=request, text="Hello.", by=world.rita, now=NOW)
        assert refusal.value.code == "own_request"


def read(request: Request, by: Principal) -> list[queries.Said]:
    return queries.messages(request, by, queries.request_case(by, request, NOW))


def test_the_applicant_reads_messages_without_names_and_no_note(world: World, request_: Request) -> None:
    actions.ask(request=request_, text="Which corpus?", by=world.rita, now=NOW)
    actions.note(request=request_, text="Known from last year.", by=world.rob, now=NOW)
    actions.say(request=request_, text="The Pile.", by=world.ada, now=NOW + MINUTE)
    told = read(request_, world.ada)
    assert [(said.author, said.text) for said in told] == [
        ("The reviewers", "Which corpus?"),
        ("You", "The Pile."),
    ]


def test_staff_read_who_said_what(world: World, request_: Request) -> None:
    actions.ask(request=request_, text="Which corpus?", by=world.rita, now=NOW)
    request_.refresh_from_db()
    [asked] = read(request_, world.rob)
    assert (asked.author, asked.asks, asked.open) == ("Rita Example", True, True)


def test_the_same_words_clicked_twice_are_one_message_and_one_mail(world: World, request_: Request) -> None:
    """R1."""
    first = actions.say(request=request_, text="Hello.", by=world.ada, now=NOW)
    again = actions.say(request=request_, text=" Hello.\r\n", by=world.ada, now=NOW + MINUTE / 2)
    later = actions.say(request=request_, text="Hello.", by=world.ada, now=NOW + 2 * MINUTE)
    assert first == again != later
    assert mailed("message_received").count("rita@example.org") == 2


def test_nobody_floods_the_other_side(world: World, request_: Request) -> None:
    for number in range(30):
        actions.say(request=request_, text=f"Message {number}", by=world.ada, now=NOW + number * MINUTE)
    with pytest.raises(Conflict) as refusal:
        actions.say(request=request_, text="One more", by=world.ada, now=NOW + 40 * MINUTE)
    assert refusal.value.code == "too_many_messages"
    actions.say(request=request_, text="The next day", by=world.ada, now=NOW + DAY + MINUTE)


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 10_001, "nul \x00"])
def test_a_message_says_something_that_can_be_kept(world: World, request_: Request, text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.say(request=request_, text=text, by=world.ada, now=NOW)
    assert refusal.value.errors
    assert "text" in refusal.value.errors


def test_an_edit_answers_the_question_and_a_decision_ends_it(world: World, request_: Request) -> None:
    actions.ask(request=request_, text="Which corpus?", by=world.rita, now=NOW)
    actions.edit(request=request_, answers={"purpose": "On The Pile."}, by=world.ada, now=NOW)
    request_.refresh_from_db()
    assert request_.asked_at is None
    actions.ask(request=request_, text="All of it?", by=world.rita, now=NOW + MINUTE)
    world.vote(request_, world.rita, "request_changes", "Say which part.")
    request_.refresh_from_db()
    assert request_.asked_at is None


def test_only_the_newest_hundred_are_read_at_once(world: World, request_: Request) -> None:
    assert world.ada.user is not None
    rows = [
        Message(
            request=request_,
            author=world.ada.user,
            kind="message",
            by_staff=False,
            text=f"{n}",
            at=NOW + n * MINUTE,
        )
        for n in range(120)
    ]
    Message.objects.bulk_create(rows)
    told = read(request_, world.ada)
    assert len(told) == 100
    assert told[-1].at == Message.objects.aggregate(last=Max("at"))["last"]
