"""Whose turn it is, what asking takes, who is asked in, and what a grant will need: as the API tells it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from licenses import actions
from licenses.models import Grant, Party, ReleaseTerms, Request
from portal.accounts.models import Organization, PendingAction
from tests.integration.api.world import World, publish_license, session_of, with_token

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def shown(world: World, request: Request) -> Any:
    return with_token(world.researcher).get(f"/api/v1/requests/{request.pk}").json()


def invited(world: World, client: APIClient, request: Request) -> Any:
    body = {"role": "co_applicant", "email": "bob@example.org", "full_name": "Bob"}
    answer = client.post(f"/api/v1/requests/{request.pk}/parties", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def returned(world: World) -> Request:
    return actions.vote(
        request=world.submitted(),
        version=1,
        verdict="request_changes",
        reason="Which cluster?",
        note="",
        by=session_of(world.reviewers[0]),
        now=timezone.now(),
    )


@pytest.mark.parametrize(
    ("arrange", "who"),
    [
        (World.draft, "you"),
        (World.submitted, "reviewers"),
        (returned, "you"),
        (lambda world: world.decided("approve"), "you"),
        (lambda world: world.granted().request, "nobody"),
        (lambda world: world.decided("reject"), "nobody"),
    ],
)
def test_each_state_says_whose_turn_it_is_in_the_list_and_alone(world: World, arrange: Any, who: str) -> None:
    request = arrange(world)
    (listed,) = with_token(world.researcher).get("/api/v1/requests").json()["results"]
    detail = shown(world, request)
    for said in (listed, detail):
        assert (said["role"], said["waits_for"]) == ("applicant", who)
    assert (detail["waits_since"] is None) == (who == "nobody")


def test_in_review_the_target_stands_there_and_a_question_makes_it_the_applicants_turn(world: World) -> None:
    request = world.submitted()
    due = datetime.fromisoformat(shown(world, request)["due_at"])
    assert due - request.submitted_at == timedelta(days=5)  # type: ignore[operator]
    actions.ask(
        request=request, text="On which cluster?", by=session_of(world.reviewers[0]), now=timezone.now()
    )
    asked = shown(world, request)
    assert (asked["waits_for"], asked["due_at"]) == ("you", None)
    assert [(said["text"], said["open"]) for said in asked["messages"]] == [("On which cluster?", True)]


def test_somebody_is_asked_in_waited_for_and_taken_out_again(world: World) -> None:
    request, client = world.draft(), with_token(world.researcher)
    answer = invited(world, client, request)
    assert answer["waits_for"] == "co_applicants"
    (party,) = answer["parties"]
    assert (party["name"], party["email"], party["state"]) == ("Bob", "bob@example.org", "invited")
    joined = Party.objects.get()
    actions.join(party=joined, by=session_of(world.other), now=timezone.now())
    theirs = with_token(world.other).get(f"/api/v1/requests/{request.pk}").json()
    assert (theirs["role"], theirs["waits_for"]) == ("co_applicant", "applicant")
    left = client.delete(f"/api/v1/requests/{request.pk}/parties/{party['id']}").json()
    assert [each["state"] for each in left["parties"]] == ["dropped"]


def test_an_invitation_that_is_sent_again_asks_once(world: World) -> None:
    request, client = world.draft(), with_token(world.researcher)
    body = {"role": "co_applicant", "email": "bob@example.org", "full_name": "Bob"}
    for _ in range(2):
        client.post(f"/api/v1/requests/{request.pk}/parties", body, headers={"Idempotency-Key": "k1"})
    assert Party.objects.count() == 1


def test_a_party_of_another_request_is_not_found(world: World) -> None:
    theirs = world.draft(world.other)
    answer = with_token(world.other).post(
        f"/api/v1/requests/{theirs.pk}/parties",
        {"role": "co_applicant", "email": "cleo@example.org", "full_name": "Cleo"},
    )
    party = answer.json()["parties"][0]["id"]
    mine = world.draft()
    stolen = with_token(world.researcher).delete(f"/api/v1/requests/{mine.pk}/parties/{party}")
    assert stolen.status_code == 404
    assert Party.objects.get().state == Party.State.INVITED


def test_asking_tells_a_stranger_to_sign_in_and_the_person_what_it_takes(world: World) -> None:
    world.submitted()
    Organization.objects.create(name="ETH", domains=["ethz.ch"])
    ReleaseTerms.objects.filter(release=world.release).update(max_co_applicants=3, signatory=True)
    stranger = APIClient().get("/api/v1/releases/opt-175b").json()["asking"]
    assert (stranger["allowed"], stranger["code"], stranger["evidence"]) == (False, "login_required", "")
    own = with_token(world.researcher).get("/api/v1/releases/opt-175b").json()["asking"]
    assert (own["allowed"], own["code"]) == (False, "request_pending")
    assert (own["evidence"], own["max_co_applicants"], own["signatory"]) == ("required", 3, True)
    assert own["earlier_answers"] == {"purpose": "A study of memorization."}


def test_a_grant_says_from_when_it_can_be_renewed(world: World) -> None:
    grant, client = world.granted(), with_token(world.researcher)
    (said,) = client.get("/api/v1/grants").json()["results"]
    assert said["request"] == grant.request_id
    assert datetime.fromisoformat(said["renewable_from"]) == grant.ends_at - timedelta(days=60)
    assert (said["reaccept_by"], said["license_to_accept"]) == (None, None)
    Grant.objects.filter(pk=grant.pk).update(state="revoked", state_reason="Said so.")
    assert client.get(f"/api/v1/grants/{grant.pk}").json()["renewable_from"] is None


def test_a_newer_license_waits_and_is_accepted_in_a_browser_alone(world: World) -> None:
    grant, client = world.granted(), with_token(world.researcher)
    assert client.post(f"/api/v1/grants/{grant.pk}/accept").json()["code"] == "state_changed"
    due = timezone.now() + timedelta(days=30)
    newer = publish_license(world.license.license, 2, "For research, and say so.\n", reaccept_by=due)
    Grant.objects.filter(pk=grant.pk).update(reaccept_by=due)
    told = client.get(f"/api/v1/grants/{grant.pk}").json()
    assert told["license_to_accept"]["sha256"] == newer.sha256
    proposed = client.post(f"/api/v1/grants/{grant.pk}/accept")
    assert (proposed.status_code, newer.sha256 in proposed.json()["pending_action"]["summary"]) == (202, True)
    assert PendingAction.objects.get().kind == "reaccept_license"
    grant.refresh_from_db()
    assert grant.license_version_id == world.license.pk
