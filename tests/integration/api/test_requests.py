from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from licenses.actions import drafting
from licenses.models import Grant, License, ReleaseTerms, Request, Vote
from portal.accounts.models import PendingAction
from portal.core.models import OutboxMessage
from tests.integration.api.world import (
    ANSWERS,
    World,
    in_browser,
    person,
    publish_license,
    release_of,
    session_of,
    with_token,
)
from weights_vault.models import Model

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def begin(client: APIClient) -> str:
    answer = client.post("/api/v1/requests", {"release": "opt-175b", "answers": ANSWERS})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_a_request_goes_from_draft_to_a_signature_that_waits(world: World) -> None:
    client = with_token(world.researcher)
    request_id = begin(client)
    sent = client.post(f"/api/v1/requests/{request_id}/submit", {"license_sha256": world.license.sha256})
    assert (sent.status_code, sent.json()["state"]) == (200, "submitted")
    for reviewer in world.reviewers:
        voted = in_browser(reviewer).post(
            f"/api/v1/requests/{request_id}/votes", {"version": 1, "verdict": "approve"}
        )
        assert voted.status_code == 200, voted.content
    assert client.get(f"/api/v1/requests/{request_id}").json()["state"] == "approved"
    signed = client.post(f"/api/v1/requests/{request_id}/sign")
    assert signed.status_code == 202
    waiting = signed.json()["pending_action"]
    assert (waiting["kind"], waiting["state"]) == ("sign_license", "pending")
    assert world.license.sha256 in waiting["summary"]
    assert waiting["url"].endswith(f"/pending/{waiting['id']}/")
    assert not Grant.objects.exists()


def test_a_request_shows_its_answers_reason_and_timeline(world: World) -> None:
    request = world.decided("reject")
    shown = with_token(world.researcher).get(f"/api/v1/requests/{request.pk}").json()
    assert shown["answers"] == ANSWERS
    assert "Because of the plan." in shown["reason"]
    assert shown["license"]["sha256"] == world.license.sha256
    assert "request.rejected" in [entry["kind"] for entry in shown["timeline"]]
    assert shown["url"].endswith(f"/requests/{request.pk}/")


def test_the_applicant_does_not_read_who_voted_nor_the_notes(world: World) -> None:
    request = world.submitted()
    in_browser(world.reviewers[0]).post(
        f"/api/v1/requests/{request.pk}/votes", {"version": 1, "verdict": "approve", "note": "An old friend."}
    )
    shown = with_token(world.researcher).get(f"/api/v1/requests/{request.pk}").content.decode()
    assert "An old friend." not in shown
    assert "Rita" not in shown


def test_edit_in_review_makes_a_new_version(world: World) -> None:
    request = world.submitted()
    edited = with_token(world.researcher).patch(
        f"/api/v1/requests/{request.pk}", {"answers": {"purpose": "Another study."}}
    )
    assert edited.status_code == 200, edited.content
    assert (edited.json()["version"], edited.json()["answers"]) == (2, {"purpose": "Another study."})


def test_withdraw_and_appeal_answer_with_the_request_as_it_is(world: World) -> None:
    client = with_token(world.researcher)
    rejected = world.decided("reject")
    appealed = client.post(f"/api/v1/requests/{rejected.pk}/appeal", {"text": "Please look again."})
    assert (appealed.json()["state"], appealed.json()["appealed"]) == ("submitted", True)
    withdrawn = client.post(f"/api/v1/requests/{rejected.pk}/withdraw", {})
    assert withdrawn.json()["state"] == "withdrawn"


def test_r2_fields_that_decide_are_refused_and_change_nothing(world: World) -> None:
    client = with_token(world.researcher)
    for field, value in [
        ("status", "approved"),
        ("state", "approved"),
        ("user", world.other.public_id),
        ("applicant", world.other.public_id),
        ("approved_by", world.reviewers[0].public_id),
        ("quorum", 0),
    ]:
        body: dict[str, Any] = {"release": "opt-175b", "answers": ANSWERS, field: value}
        answer = client.post("/api/v1/requests", body)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Request.objects.exists()
    request = world.submitted()
    for path in ("", "/submit", "/withdraw", "/appeal", "/sign"):
        send = client.patch if not path else client.post
        answer = send(f"/api/v1/requests/{request.pk}{path}", {"state": "approved", "quorum": 1})
        assert (answer.status_code, set(answer.json()["errors"])) == (400, {"state", "quorum"})
    request.refresh_from_db()
    assert (request.state, request.quorum, request.version) == ("submitted", 2, 1)


@pytest.mark.parametrize("body", [{}, {"license_sha256": ""}, {"license_sha256": "0" * 64}])
def test_r3_submitting_without_the_text_in_force_is_409(world: World, body: dict[str, str]) -> None:
    request = world.draft()
    answer = with_token(world.researcher).post(f"/api/v1/requests/{request.pk}/submit", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "license_changed")
    assert answer.json()["in_force"]["sha256"] == world.license.sha256
    request.refresh_from_db()
    assert request.state == "draft"


def test_r3_a_newer_text_is_409_and_shows_what_changed(world: World) -> None:
    request = world.draft()
    publish_license(world.license.license, 2, "Use the weights for research and teaching.\n")
    answer = with_token(world.researcher).post(
        f"/api/v1/requests/{request.pk}/submit", {"license_sha256": world.license.sha256}
    )
    assert answer.status_code == 409
    assert "+Use the weights for research and teaching." in answer.json()["difference"]
    assert answer.json()["given"]["number"] == 1


def test_r7_a_vote_on_an_old_version_is_409_with_the_difference(world: World) -> None:
    request = world.submitted()
    drafting.edit(
        request=request,
        answers={"purpose": "Another study."},
        by=session_of(world.researcher),
        now=request.updated_at,
    )
    answer = in_browser(world.reviewers[0]).post(
        f"/api/v1/requests/{request.pk}/votes", {"version": 1, "verdict": "approve"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "vote_on_old_version")
    assert answer.json()["difference"][0]["after"] == "Another study."
    assert not Vote.objects.exists()


def test_no_token_votes_whatever_its_scopes(world: World) -> None:
    request = world.submitted()
    answer = with_token(world.reviewers[0]).post(
        f"/api/v1/requests/{request.pk}/votes", {"version": 1, "verdict": "approve"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "token_scope")
    assert not Vote.objects.exists()


def test_a_vote_needs_a_session_that_proved_itself_lately(world: World) -> None:
    request = world.submitted()
    answer = in_browser(world.reviewers[0], reauthenticated=False).post(
        f"/api/v1/requests/{request.pk}/votes", {"version": 1, "verdict": "approve"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "reauthentication_required")
    assert not Vote.objects.exists()


def test_a3_staff_without_a_second_factor_see_and_vote_nothing(world: World, settings: Settings) -> None:
    request = world.submitted()
    settings.STAFF_MFA = "any"
    answer = in_browser(world.reviewers[0]).post(
        f"/api/v1/requests/{request.pk}/votes", {"version": 1, "verdict": "approve"}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Vote.objects.exists()


def test_no_token_signs_and_a_second_call_signs_no_more(world: World) -> None:
    request = world.decided("approve")
    client = with_token(world.researcher)
    for _ in range(2):
        assert client.post(f"/api/v1/requests/{request.pk}/sign").status_code == 202
    assert PendingAction.objects.filter(state="pending").count() == 2
    assert not Grant.objects.exists()


def test_the_applicant_cannot_vote_on_the_own_request(world: World) -> None:
    request = world.submitted(by=world.reviewers[0])
    answer = in_browser(world.reviewers[0]).post(
        f"/api/v1/requests/{request.pk}/votes", {"version": 1, "verdict": "approve"}
    )
    assert answer.status_code == 403
    assert not Vote.objects.exists()


def test_requests_of_others_are_neither_listed_nor_found(world: World) -> None:
    theirs, mine = world.submitted(by=world.other), world.submitted()
    client = with_token(world.researcher)
    assert [row["id"] for row in client.get("/api/v1/requests").json()["results"]] == [mine.pk]
    for path in ("", "/submit", "/withdraw", "/appeal", "/sign"):
        send = client.get if not path else client.post
        assert send(f"/api/v1/requests/{theirs.pk}{path}").status_code == 404


def test_a_draft_is_seen_by_its_author_alone(world: World) -> None:
    draft = world.draft()
    assert in_browser(world.reviewers[0]).get(f"/api/v1/requests/{draft.pk}").status_code == 404
    assert in_browser(world.researcher).get(f"/api/v1/requests/{draft.pk}").status_code == 200


def test_an_unlisted_release_cannot_be_asked_for(world: World) -> None:
    answer = with_token(world.researcher).post("/api/v1/requests", {"release": "opt-secret", "answers": {}})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_closed_stage_is_403_with_its_code(world: World) -> None:
    ReleaseTerms.objects.filter(release=world.release).update(stage="closed")
    answer = with_token(world.researcher).post("/api/v1/requests", {"release": "opt-175b", "answers": {}})
    assert (answer.status_code, answer.json()["code"]) == (403, "stage_not_open")
    assert answer.json()["next_step"]


def test_an_unverified_address_asks_for_nothing(world: World) -> None:
    answer = in_browser(person("eve", verified=False)).post("/api/v1/requests", {"release": "opt-175b"})
    assert (answer.status_code, answer.json()["code"]) == (403, "email_unverified")


@pytest.mark.parametrize(
    "answers", [{"purpose": "<script>alert(1)</script>{{7*7}}"}, {"purpose": "javascript:alert(1)"}]
)
def test_a5_markup_in_an_answer_stays_text_in_json(world: World, answers: dict[str, str]) -> None:
    client = with_token(world.researcher)
    made = client.post("/api/v1/requests", {"release": "opt-175b", "answers": answers})
    assert made.headers["Content-Type"] == "application/json"
    assert made.headers["X-Content-Type-Options"] == "nosniff"
    assert made.json()["answers"] == answers


def test_an_incomplete_answer_names_its_question(world: World) -> None:
    client = with_token(world.researcher)
    made = client.post("/api/v1/requests", {"release": "opt-175b"}).json()
    answer = client.post(f"/api/v1/requests/{made['id']}/submit", {"license_sha256": world.license.sha256})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["purpose"])


def test_the_list_takes_the_same_queries_for_one_request_and_for_many(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    model, license = Model.objects.get(), License.objects.get()
    for number in range(8):
        world.draft(release=release_of(model, f"opt-{number}", license))
    client = with_token(world.researcher)
    with django_assert_max_num_queries(7):
        answer = client.get("/api/v1/requests")
    assert len(answer.json()["results"]) == 8


def test_one_submission_mails_the_applicant_once(world: World) -> None:
    client = with_token(world.researcher)
    request_id = begin(client)
    for _ in range(3):
        client.post(
            f"/api/v1/requests/{request_id}/submit",
            {"license_sha256": world.license.sha256},
            HTTP_IDEMPOTENCY_KEY="submit-1",
        )
    told = OutboxMessage.objects.filter(to="ada@example.org").exclude(template__contains="token_made")
    assert told.count() == 1
