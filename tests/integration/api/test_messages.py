"""Messages over the API: the same words as on the page, and never a note."""

import pytest
from django.utils import timezone

from licenses import actions
from licenses.models import Message, Request
from tests.integration.api.world import World, session_of, with_token

pytestmark = pytest.mark.database


def address(request: Request) -> str:
    return f"/api/v1/requests/{request.pk}/messages"


def test_a_token_reads_the_question_and_answers_it(world: World) -> None:
    request = world.submitted()
    reviewer = session_of(world.reviewers[0])
    actions.ask(request=request, text="Which corpus?", by=reviewer, now=timezone.now())
    actions.note(request=request, text="Known from last year.", by=reviewer, now=timezone.now())
    client = with_token(world.researcher)

    [asked] = client.get(address(request)).json()
    assert (asked["author"], asked["asks"], asked["open"]) == ("The reviewers", True, True)

    told = client.post(address(request), {"text": "The Pile."}, format="json")
    assert told.status_code == 201
    assert [said["text"] for said in told.json()] == ["Which corpus?", "The Pile."]
    request.refresh_from_db()
    assert request.asked_at is None


def test_one_key_writes_one_message(world: World) -> None:
    """R1."""
    request, client = world.submitted(), with_token(world.researcher)
    for _ in range(2):
        answer = client.post(
            address(request), {"text": "Hello."}, format="json", headers={"Idempotency-Key": "k" * 16}
        )
        assert answer.status_code == 201
    assert Message.objects.count() == 1


def test_the_applicant_cannot_ask_as_staff_do(world: World) -> None:
    """R2."""
    request, client = world.submitted(), with_token(world.researcher)
    assert client.post(address(request), {"text": "Why?", "asks": True}, format="json").status_code == 403
    answer = client.post(address(request), {"text": "Why?", "by_staff": True}, format="json")
    assert answer.status_code == 400
    assert not Message.objects.exists()


def test_a_request_that_was_taken_back_takes_no_messages(world: World) -> None:
    request, client = world.submitted(), with_token(world.researcher)
    actions.withdraw(request=request, by=session_of(world.researcher), now=timezone.now())

    answer = client.post(address(request), {"text": "Hello?"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "conversation_closed")
