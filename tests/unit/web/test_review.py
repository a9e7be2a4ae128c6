"""The reviewers' queue, the review page and the verdict."""

from typing import Any

import pytest
from django.test import Client

from licenses import actions
from licenses.models import Request, Vote
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import ANSWERS, PASSWORD, World
from weights_vault.models import Release

pytestmark = pytest.mark.database


def verdict(request: Request, said: str = "approve", **changes: Any) -> dict[str, Any]:
    return {"version": request.version, "verdict": said, "reason": "", "note": "", **changes}


def test_the_review_page_shows_person_answers_license_and_votes(
    world: World, rosa: Client, submitted: Request
) -> None:
    world.vote(submitted, "ravi", reason="Known group.")
    page = rosa.get(f"/review/{submitted.pk}/").content.decode()

    assert "ada@nlp.example.edu" in page
    assert "training instabilities" in page
    assert "OPT noncommercial license" in page
    assert "Ravi Menon" in page
    assert "Known group." in page


def test_the_review_page_marks_what_changed_between_versions(
    world: World, rosa: Client, submitted: Request
) -> None:
    answers = {**ANSWERS, "role": "Professor"}
    actions.edit(request=submitted, answers=answers, by=world.by("ada"), now=world.now)

    assert (
        "<del>Researcher</del><ins>Professor</ins>" in rosa.get(f"/review/{submitted.pk}/").content.decode()
    )


def test_the_review_page_shows_what_else_the_organization_asked_for(
    world: World, rosa: Client, submitted: Request, big: Release
) -> None:
    world.person("kim@nlp.example.edu", "Kim Berg", "Northern Institute for Language Technology", "SE")
    world.submitted("kim", big)

    assert "Kim Berg: OPT-175B" in rosa.get(f"/review/{submitted.pk}/").content.decode()


def test_a_verdict_is_recorded_with_its_note(rosa: Client, submitted: Request) -> None:
    answer = rosa.post(f"/review/{submitted.pk}/vote/", verdict(submitted, note="Met at a conference."))

    assert answer["Location"] == f"/review/{submitted.pk}/"
    assert Vote.objects.get().note == "Met at a conference."


def test_the_second_approval_decides(world: World, rosa: Client, submitted: Request) -> None:
    world.vote(submitted, "ravi")

    rosa.post(f"/review/{submitted.pk}/vote/", verdict(submitted))

    submitted.refresh_from_db()
    assert submitted.state == "approved"


def test_a_refusal_without_a_reason_is_sent_back_with_what_was_typed(
    rosa: Client, submitted: Request
) -> None:
    answer = rosa.post(f"/review/{submitted.pk}/vote/", verdict(submitted, "reject", note="typed"))
    page = answer.content.decode()

    assert answer.status_code == 400
    assert "Say why: the applicant reads this." in page
    assert "typed" in page
    assert not Vote.objects.exists()


def test_a_verdict_must_be_chosen(rosa: Client, submitted: Request) -> None:
    answer = rosa.post(f"/review/{submitted.pk}/vote/", verdict(submitted, ""))

    assert answer.status_code == 400
    assert "Choose a verdict." in answer.content.decode()


def test_a_verdict_on_an_old_version_is_refused_with_the_difference(
    world: World, rosa: Client, submitted: Request
) -> None:
    """R7."""
    seen = verdict(submitted)
    actions.edit(
        request=submitted, answers={**ANSWERS, "role": "Professor"}, by=world.by("ada"), now=world.now
    )

    answer = rosa.post(f"/review/{submitted.pk}/vote/", seen)

    assert answer.status_code == 409
    assert "Professor" in answer.content.decode()
    assert not Vote.objects.exists()


def test_a_verdict_asks_for_the_password_and_then_goes_on(open_as: OpenAs, submitted: Request) -> None:
    client, address = open_as("rosa", fresh=False), f"/review/{submitted.pk}/vote/"
    asked = client.post(address, verdict(submitted))
    assert "/accounts/reauthenticate/" in asked["Location"]
    assert not Vote.objects.exists()

    client.post(asked["Location"], {"password": PASSWORD, "next": address})

    assert Vote.objects.get().verdict == "approve"


def test_a_colleague_of_the_applicant_is_told_why_there_is_no_form(
    world: World, open_as: OpenAs, submitted: Request
) -> None:
    world.person(
        "lars@nlp.example.edu", "Lars Berg", "Northern Institute for Language Technology", "SE", ("reviewer",)
    )
    page = open_as("lars").get(f"/review/{submitted.pk}/").content.decode()

    assert "Give this verdict" not in page
    assert "organization" in page


def test_staff_without_a_second_factor_is_told_to_set_one_up(open_as: OpenAs, settings: Any) -> None:
    """A3."""
    settings.STAFF_MFA = "any"
    answer = open_as("rosa").get("/review/")

    assert answer.status_code == 403
    assert "mfa_required" in answer.content.decode()
