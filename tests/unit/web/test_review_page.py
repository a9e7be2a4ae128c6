"""The review page: one screen in few queries, messages and notes apart, a verdict that is thought over."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from licenses import actions
from licenses.models import Message, Party, ReasonTemplate, Recusal, Request, Vote
from portal.core.jobs import run_due
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_hostile_text import HOSTILE, LINES, assert_inert
from tests.unit.web.test_review import verdict
from tests.unit.web.world import ANSWERS, World
from weights_vault.models import Release

pytestmark = pytest.mark.database


def text_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def part(page: str, start: str, end: str) -> str:
    """What stands in the page between two places."""
    return page.partition(start)[2].partition(end)[0]


def enrich(world: World, request: Request, big: Release) -> None:
    """Everything that the page can show at once."""
    ada, rosa, ravi = world.by("ada"), world.by("rosa"), world.by("ravi")
    world.person("kim@nlp.example.edu", "Kim Berg", "Northern Institute for Language Technology", "SE")
    world.signed("kim", big, days_ago=9)
    world.signed("ada", Release.objects.get(slug="opt-66b"), days_ago=20)
    for number, role in enumerate(("Professor", "Student", "Engineer")):
        edited = {**ANSWERS, "role": role, "homepage": f"https://example.org/{number}"}
        actions.edit(request=request, answers=edited, by=ada, now=world.ago(2 - number / 10))
    for number in range(3):
        actions.say(request=request, text=f"Message {number}", by=ada, now=world.ago(1))
        actions.note(request=request, text=f"Note {number}", by=rosa, now=world.ago(1))
    actions.ask(request=request, text="Which corpus?", by=ravi, now=world.ago(0.5))
    world.vote(request, "ravi", reason="Known group.")
    actions.keep_shipped_reasons(by=rosa, now=world.now)
    user = world.people["bo"]
    Party.objects.create(
        request=request, role="co_applicant", email=user.email, full_name=user.full_name, user=user,
        state="joined", state_at=world.now, asked_at=world.now,
    )  # fmt: skip


def with_second_factor(open_as: OpenAs, world: World, settings: Any) -> Client:
    """The session of a reviewer as the portal demands it in production."""
    settings.STAFF_MFA = "any"
    Authenticator.objects.create(user=world.people["rosa"], type="totp", data={})
    methods = [{"method": name, "type": "totp", "at": time.time()} for name in ("password", "mfa")]
    client = open_as("rosa")
    session = client.session
    session["account_authentication_methods"] = methods
    session.save()
    return client


@pytest.mark.parametrize("decided", [False, True], ids=["in review", "signed"])
def test_the_whole_page_costs_twelve_queries_with_session_and_permissions(
    world: World,
    open_as: OpenAs,
    submitted: Request,
    big: Release,
    settings: Any,
    decided: bool,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    enrich(world, submitted, big)
    shown = Request.objects.get(grants__user=world.people["kim"]) if decided else submitted
    client = with_second_factor(open_as, world, settings)

    with django_assert_max_num_queries(12):
        page = text_of(client, f"/review/{shown.pk}/")

    everything = ("Message 2", "Note 2", "Which corpus?", "Known group.", "Bo Tanaka", "Purpose too general")
    for words in ("Kim Berg", *(() if decided else everything)):
        assert words in page


def test_any_two_versions_are_compared(world: World, rosa: Client, submitted: Request) -> None:
    for role in ("Professor", "Engineer"):
        actions.edit(request=submitted, answers={**ANSWERS, "role": role}, by=world.by("ada"), now=world.now)
    address = f"/review/{submitted.pk}/"

    assert "<del>Professor</del><ins>Engineer</ins>" in text_of(rosa, address)
    assert "<del>Researcher</del><ins>Engineer</ins>" in text_of(rosa, f"{address}?version=3&with=1")
    older = text_of(rosa, f"{address}?version=2")
    assert "Not the one under review" in older
    assert "Give this verdict" not in older
    assert "Version 3" in text_of(rosa, f"{address}?version=nonsense&with=99")


def test_the_page_says_who_else_must_agree(world: World, rosa: Client, submitted: Request) -> None:
    page = text_of(rosa, f"/review/{submitted.pk}/")
    assert "Two reviewers must agree. Nobody has voted on this version." in page
    assert "another reviewer must agree before anything happens (Ravi Menon)" in page

    world.vote(submitted, "ravi")
    page = text_of(rosa, f"/review/{submitted.pk}/")
    assert "Ravi Menon approves" in page
    assert "Approve: this decides it; the license can be signed at once" in page
    assert "Decline: the votes are then split" in page


def test_a_question_is_answered_on_the_page_of_the_request(
    world: World, rosa: Client, open_as: OpenAs, submitted: Request
) -> None:
    rosa.post(f"/review/{submitted.pk}/messages/", {"text": "Which corpus?", "asks": "on"})
    ada, address = open_as("ada"), f"/requests/{submitted.pk}/"
    page = text_of(ada, address)
    assert "Waiting for your answer" in page
    assert "Rosa Weiss" not in page
    assert "Waiting for the applicant" in text_of(rosa, f"/review/{submitted.pk}/")

    answer = ada.post(f"{address}messages/", {"text": "The Pile."})

    assert answer["Location"] == f"{address}#messages"
    assert "Waiting for your answer" not in text_of(ada, address)
    assert "The Pile." in text_of(rosa, f"/review/{submitted.pk}/")


def test_an_empty_message_is_sent_back(open_as: OpenAs, rosa: Client, submitted: Request) -> None:
    for client, address in (
        (open_as("ada"), f"/requests/{submitted.pk}/messages/"),
        (rosa, f"/review/{submitted.pk}/messages/"),
        (rosa, f"/review/{submitted.pk}/notes/"),
    ):
        answer = client.post(address, {"text": " "})
        assert answer.status_code == 400
        assert "Write something." in answer.content.decode()
    assert not Message.objects.exists()


def test_a_note_is_nowhere_but_with_staff(
    world: World, rosa: Client, open_as: OpenAs, submitted: Request
) -> None:
    rosa.post(f"/review/{submitted.pk}/notes/", {"text": "Known from last year."})
    run_due(worker="test", now=timezone.now(), limit=100)

    assert "Known from last year." in text_of(open_as("ravi"), f"/review/{submitted.pk}/")
    for address in (f"/requests/{submitted.pk}/", "/requests/", "/", f"/api/v1/requests/{submitted.pk}"):
        assert "Known from last year." not in text_of(open_as("ada"), address)
    assert not any("Known from last year." in str(message.message()) for message in mail.outbox)


def test_a_note_and_a_message_are_never_one_form(rosa: Client, submitted: Request) -> None:
    page = text_of(rosa, f"/review/{submitted.pk}/")
    thread, notes = part(page, 'id="messages"', "</section>"), part(page, 'id="notes"', "</section>")

    assert thread.count("<form") == notes.count("<form") == 1
    assert f"/review/{submitted.pk}/messages/" in thread
    assert f"/review/{submitted.pk}/notes/" not in thread
    assert f"/review/{submitted.pk}/notes/" in notes
    assert "Send to the applicant" in thread
    assert "Never sent" in notes


def test_a_reason_kept_ready_fills_the_form_and_gives_nothing(
    world: World, rosa: Client, submitted: Request
) -> None:
    actions.keep_shipped_reasons(by=world.by("rosa"), now=world.now)
    kept = ReasonTemplate.objects.get(title="Who can read the machine")
    typed = verdict(submitted, "", kept=kept.pk, reason="Thank you.", note="typed")

    page = rosa.post(f"/review/{submitted.pk}/reason/", typed).content.decode()

    assert f"Thank you.\n\n{kept.text}" in page
    assert "typed" in part(page, 'id="verdict"', "</section>")
    assert not Vote.objects.exists()


def test_a_refusal_is_shown_once_more_before_it_is_given(rosa: Client, submitted: Request) -> None:
    address, said = f"/review/{submitted.pk}/vote/", verdict(submitted, "reject", reason="Not research.")
    page = rosa.post(address, said).content.decode()
    assert "Decline this request?" in page
    assert "Not research." in page
    assert not Vote.objects.exists()

    rosa.post(address, {**said, "confirmed": "on"})

    assert Vote.objects.get().verdict == "reject"


def test_recusal_is_confirmed_and_said_on_the_page(rosa: Client, submitted: Request) -> None:
    assert "This cannot be undone." in text_of(rosa, f"/review/{submitted.pk}/recuse/")

    rosa.post(f"/review/{submitted.pk}/recuse/", {"reason": "She was my student."})

    assert Recusal.objects.get().reason == "She was my student."
    page = text_of(rosa, f"/review/{submitted.pk}/")
    assert "Give this verdict" not in page
    assert "You recused yourself from this request, for good." in page


def test_recusal_asks_for_the_password_again(open_as: OpenAs, submitted: Request) -> None:
    """It can complete the others' majority, as a verdict can."""
    answer = open_as("rosa", fresh=False).post(f"/review/{submitted.pk}/recuse/", {"reason": "A friend."})
    assert "/accounts/reauthenticate/" in answer["Location"]
    assert not Recusal.objects.exists()


def test_a_co_applicant_who_joined_reads_and_writes(
    world: World, open_as: OpenAs, submitted: Request, big: Release
) -> None:
    enrich(world, submitted, big)
    bo, address = open_as("bo"), f"/requests/{submitted.pk}/"
    assert "Which corpus?" in text_of(bo, address)

    bo.post(f"{address}messages/", {"text": "I answer for us."})

    assert Message.objects.get(text="I answer for us.").author == world.people["bo"]


def test_reasons_are_written_changed_and_archived(rosa: Client) -> None:
    said = {"verdict": "reject", "title": "Commercial", "text": "The use is commercial."}
    rosa.post("/desk/reasons/new/", said)
    kept = ReasonTemplate.objects.get()
    rosa.post(f"/desk/reasons/{kept.pk}/", {**said, "title": "Sold"})
    assert "Sold" in text_of(rosa, "/desk/reasons/")

    rosa.post(f"/desk/reasons/{kept.pk}/archive/")

    page = text_of(rosa, "/desk/reasons/")
    assert "No reasons are kept ready" in page
    assert "archived" in page


def test_the_shipped_reasons_are_taken_over_by_a_button(rosa: Client) -> None:
    assert "Begin with the shipped ones" in text_of(rosa, "/desk/reasons/")
    rosa.post("/desk/reasons/shipped/")
    assert "Purpose too general" in text_of(rosa, "/desk/reasons/")


def test_keys_choose_and_never_send(rosa: Client, submitted: Request) -> None:
    page = text_of(rosa, f"/review/{submitted.pk}/")
    for key, what in (("a", "radio"), ("c", "radio"), ("d", "radio")):
        tag = next(tag for tag in page.split("<") if f'data-key="{key}"' in tag)
        assert f'type="{what}"' in tag
    for key in ("m", "o"):
        assert next(tag for tag in page.split("<") if f'data-key="{key}"' in tag).startswith("textarea")
    assert 'data-key="b"' in page
    assert 'data-key="n"' in page


def test_messages_notes_and_reasons_are_inert(rosa: Client, open_as: OpenAs, submitted: Request) -> None:
    """A5."""
    rosa.post(f"/review/{submitted.pk}/messages/", {"text": LINES, "asks": "on"})
    rosa.post(f"/review/{submitted.pk}/notes/", {"text": LINES})
    open_as("ada").post(f"/requests/{submitted.pk}/messages/", {"text": LINES})
    rosa.post("/desk/reasons/new/", {"verdict": "reject", "title": HOSTILE[:80], "text": LINES})
    kept = ReasonTemplate.objects.get()

    for client, address in (
        (rosa, f"/review/{submitted.pk}/"),
        (open_as("ada"), f"/requests/{submitted.pk}/"),
        (rosa, "/desk/reasons/"),
        (rosa, f"/desk/reasons/{kept.pk}/"),
        (rosa, f"/desk/reasons/{kept.pk}/archive/"),
    ):
        assert "<script>alert" not in text_of(client, address)
    assert_inert(text_of(open_as("ada"), f"/requests/{submitted.pk}/"))
    declined = verdict(submitted, "reject", reason=LINES, kept=kept.pk)
    for address in ("vote", "reason"):
        assert (
            "<script>alert" not in rosa.post(f"/review/{submitted.pk}/{address}/", declined).content.decode()
        )
    run_due(worker="test", now=timezone.now(), limit=100)
    assert mail.outbox
    assert all("victim@example.org" not in str(message.message()["Bcc"]) for message in mail.outbox)


def test_an_approval_that_is_not_possible_says_why(world: World, rosa: Client, submitted: Request) -> None:
    license = submitted.license_version
    assert license is not None
    actions.publish_license_version(
        license=license.license,
        text="# Other words",
        effective_at=world.now,
        by=world.by("rosa"),
        now=world.now,
    )
    page = text_of(rosa, f"/review/{submitted.pk}/")

    assert "An approval is not possible now:" in page
    assert "Another version is in force" in page


@pytest.mark.parametrize("verb", ["messages", "notes", "vote", "recuse"])
def test_nobody_acts_as_staff_on_their_own_request(
    world: World, rosa: Client, big: Release, verb: str
) -> None:
    own = world.submitted("rosa", big)
    answer = rosa.post(f"/review/{own.pk}/{verb}/", {"text": "Mine.", "reason": "Mine."})

    assert answer.status_code == 404
    assert not Message.objects.exists()


def brought_to(world: World, request: Request, state: str) -> None:
    """Bring a request that is in review to another state."""
    match state:
        case "changes_requested":
            world.vote(request, "rosa", "request_changes", "Say more.")
        case "withdrawn":
            actions.withdraw(request=request, by=world.by("ada"), now=world.now)
        case _:
            for reviewer in ("rosa", "ravi"):
                world.vote(request, reviewer, {"rejected": "reject"}.get(state, "approve"), "Said.")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("changes_requested", "It is back with the applicant."),
        ("withdrawn", "The applicant withdrew it; there is nothing to vote on."),
        ("rejected", "Decided; there is nothing to vote on. The applicant may appeal once."),
        ("approved", "Decided; there is nothing to vote on. It waits to be signed."),
    ],
)
def test_where_there_is_nothing_to_vote_on_the_page_says_so_without_a_fault(
    world: World, rosa: Client, submitted: Request, state: str, said: str
) -> None:
    brought_to(world, submitted, state)
    page = text_of(rosa, f"/review/{submitted.pk}/")

    assert said in page
    for fault in ("not possible", "Load the page again", "Give this verdict", "I should take no part"):
        assert fault not in page


def test_a_verdict_that_comes_too_late_is_refused_in_the_words_of_the_site(
    world: World, rosa: Client, submitted: Request
) -> None:
    brought_to(world, submitted, "rejected")
    answer = rosa.post(f"/review/{submitted.pk}/vote/", verdict(submitted))

    assert answer.status_code == 409
    assert "The request stands at “Declined” now" in answer.content.decode()


def test_a_request_that_was_taken_back_has_no_form_for_messages(
    world: World, rosa: Client, open_as: OpenAs, submitted: Request
) -> None:
    actions.say(request=submitted, text="Hello.", by=world.by("ada"), now=world.ago(1))
    brought_to(world, submitted, "withdrawn")
    ada = open_as("ada")

    for client, address in ((ada, f"/requests/{submitted.pk}/"), (rosa, f"/review/{submitted.pk}/")):
        page = text_of(client, address)
        assert "This request is over, and so is its conversation." in page
        assert f"{address}messages/" not in page
        answer = client.post(f"{address}messages/", {"text": "Is anybody there?"})
        assert answer.status_code == 409
        assert "conversation_closed" in answer.content.decode()
    assert Message.objects.count() == 1
