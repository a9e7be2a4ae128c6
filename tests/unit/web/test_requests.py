"""Asking for access, and what an applicant can do with a request."""

from typing import Any

import pytest
from django.test import Client

from licenses import actions
from licenses.models import Request
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import ANSWERS, LICENSE, World
from weights_vault.models import Release

FORM = "/releases/opt-175b/request/"


def filled(release: Release, *, do: str = "submit", **changes: Any) -> dict[str, Any]:
    """What a browser sends."""
    answers = {f"answer_{name}": value for name, value in ANSWERS.items()}
    license = release.terms.license.versions.order_by("-number").first()
    assert license is not None
    said = {"license_sha256": license.sha256, "license_read": "on", "idempotency_key": "k1", "do": do}
    return {name: value for name, value in {**answers, **said, **changes}.items() if value is not None}


@pytest.fixture
def ada(open_as: OpenAs) -> Client:
    return open_as("ada")


def test_the_form_explains_each_question(ada: Client) -> None:
    page = ada.get(FORM).content.decode()

    assert "What will you use the weights for?" in page
    assert "Two or three sentences. Reviewers read this first." in page
    assert 'aria-describedby="id_answer_purpose_helptext"' in page


def test_a_complete_form_becomes_a_request_in_review(ada: Client, big: Release) -> None:
    answer = ada.post(FORM, filled(big), follow=True)

    request = Request.objects.get()
    assert request.state == "submitted"
    assert answer.redirect_chain == [(f"/requests/{request.pk}/", 302)]
    assert "Your request is sent" in answer.content.decode()


def test_a_draft_may_have_gaps(ada: Client, big: Release) -> None:
    ada.post(FORM, filled(big, do="save", answer_purpose="", license_read=None))

    assert Request.objects.get().state == "draft"


def test_sending_with_gaps_names_each_and_keeps_what_was_typed(ada: Client, big: Release) -> None:
    answer = ada.post(FORM, filled(big, answer_purpose="", answer_homepage="https://kept.example"))
    page = answer.content.decode()

    assert answer.status_code == 400
    assert "Please answer this." in page
    assert 'aria-invalid="true"' in page
    assert "https://kept.example" in page
    assert not Request.objects.exists()


def test_sending_without_having_read_the_license_is_refused(ada: Client, big: Release) -> None:
    answer = ada.post(FORM, filled(big, license_read=None))

    assert answer.status_code == 400
    assert "Please read the license" in answer.content.decode()


def test_the_same_form_sent_twice_makes_one_request(ada: Client, big: Release) -> None:
    """R1."""
    for _ in range(2):
        ada.post(FORM, filled(big))

    assert Request.objects.count() == 1


def test_a_form_cannot_set_what_is_not_the_applicants(ada: Client, big: Release) -> None:
    """R2."""
    ada.post(FORM, filled(big, state="approved", quorum="0", applicant="1", approved_by="me"))

    request = Request.objects.get()
    assert (request.state, request.quorum, request.applicant.full_name) == ("submitted", 2, "Ada Lindqvist")


def test_a_license_that_changed_meanwhile_is_shown_and_the_draft_is_kept(
    ada: Client, world: World, big: Release
) -> None:
    """R3."""
    stale = filled(big)
    actions.publish_license_version(
        license=big.terms.license,
        text=f"{LICENSE}\n8. **New.** Something new.\n",
        effective_at=world.now,
        by=world.by("rosa"),
        now=world.now,
    )

    answer = ada.post(FORM, stale)

    assert answer.status_code == 409
    assert "Something new" in answer.content.decode()
    assert Request.objects.get().state == "draft"


def test_a_request_under_way_leads_to_its_page(ada: Client, submitted: Request) -> None:
    assert ada.get(FORM)["Location"] == f"/requests/{submitted.pk}/"


def test_a_draft_under_way_leads_to_its_form(world: World, ada: Client, big: Release) -> None:
    draft = world.draft("ada", big)

    assert ada.get(FORM)["Location"] == f"/requests/{draft.pk}/edit/"


def test_a_closed_release_cannot_be_asked_for(ada: Client) -> None:
    answer = ada.get("/releases/gpt-2-xl/request/")

    assert answer.status_code == 403
    assert "stage_not_open" in answer.content.decode()


def test_the_list_of_requests_says_what_is_next(world: World, ada: Client, submitted: Request) -> None:
    page = ada.get("/requests/").content.decode()

    assert "In review" in page
    assert "The reviewers read it" in page


def test_no_requests_lead_to_the_releases(ada: Client) -> None:
    assert "You have not asked for anything yet" in ada.get("/requests/").content.decode()


def test_a_request_page_tells_the_timeline_and_the_answers(ada: Client, submitted: Request) -> None:
    page = ada.get(f"/requests/{submitted.pk}/").content.decode()

    assert "Submitted for review" in page
    assert "training instabilities" in page
    assert "The target is an answer within 5 days." in page


def test_the_applicant_does_not_see_who_voted_what(world: World, ada: Client, submitted: Request) -> None:
    world.vote(submitted, "rosa")
    page = ada.get(f"/requests/{submitted.pk}/").content.decode()

    assert "Rosa Weiss" not in page
    assert "Voted" not in page


def test_a_question_of_the_reviewers_stands_on_the_page_and_over_the_form(
    world: World, ada: Client, submitted: Request
) -> None:
    world.vote(submitted, "rosa", "request_changes", "Who can read the machine?")

    assert "Who can read the machine?" in ada.get(f"/requests/{submitted.pk}/").content.decode()
    assert "Who can read the machine?" in ada.get(f"/requests/{submitted.pk}/edit/").content.decode()


def test_an_answer_to_a_question_goes_back_to_the_reviewers(
    world: World, ada: Client, big: Release, submitted: Request
) -> None:
    world.vote(submitted, "rosa", "request_changes", "Who can read the machine?")

    ada.post(
        f"/requests/{submitted.pk}/edit/", filled(big, answer_purpose="Two people.", idempotency_key="k2")
    )

    submitted.refresh_from_db()
    assert (submitted.state, submitted.version) == ("submitted", 2)


def test_a_change_in_review_makes_a_new_version(ada: Client, big: Release, submitted: Request) -> None:
    ada.post(f"/requests/{submitted.pk}/edit/", filled(big, answer_purpose="Something else."))

    submitted.refresh_from_db()
    assert (submitted.state, submitted.version) == ("submitted", 2)
    assert "<del>" in ada.get(f"/requests/{submitted.pk}/").content.decode()


def test_a_signed_request_cannot_be_edited(world: World, ada: Client, big: Release) -> None:
    grant = world.signed("ada", big)

    assert ada.get(f"/requests/{grant.request_id}/edit/").status_code == 409


def test_withdrawing_asks_first(ada: Client, submitted: Request) -> None:
    page = ada.get(f"/requests/{submitted.pk}/withdraw/")

    submitted.refresh_from_db()
    assert "Withdraw this request?" in page.content.decode()
    assert submitted.state == "submitted"


def test_withdrawing_ends_the_request(ada: Client, submitted: Request) -> None:
    ada.post(f"/requests/{submitted.pk}/withdraw/")

    submitted.refresh_from_db()
    assert submitted.state == "withdrawn"


def test_an_appeal_needs_words(world: World, ada: Client, submitted: Request) -> None:
    world.vote(submitted, "rosa", "reject", "No.")
    world.vote(submitted, "ravi", "reject", "No.")

    answer = ada.post(f"/requests/{submitted.pk}/appeal/", {"text": " "})

    submitted.refresh_from_db()
    assert answer.status_code == 400
    assert submitted.state == "rejected"


def test_a_declined_request_shows_the_reason_and_can_be_appealed_once(
    world: World, ada: Client, submitted: Request
) -> None:
    world.vote(submitted, "rosa", "reject", "The purpose is unclear.")
    world.vote(submitted, "ravi", "reject", "The purpose is unclear.")
    assert "The purpose is unclear." in ada.get(f"/requests/{submitted.pk}/").content.decode()

    ada.post(f"/requests/{submitted.pk}/appeal/", {"text": "It is clearer now."})

    submitted.refresh_from_db()
    assert submitted.state == "submitted"
    assert f"/requests/{submitted.pk}/appeal/" not in ada.get(f"/requests/{submitted.pk}/").content.decode()


def test_a_declined_applicant_may_ask_anew(world: World, ada: Client, submitted: Request) -> None:
    world.vote(submitted, "rosa", "reject", "No.")
    world.vote(submitted, "ravi", "reject", "No.")

    assert FORM in ada.get(f"/requests/{submitted.pk}/").content.decode()
    assert ada.get(FORM).status_code == 200


def test_a_withdrawn_request_offers_no_new_one_once_the_release_is_closed(
    world: World, ada: Client, big: Release, submitted: Request
) -> None:
    ada.post(f"/requests/{submitted.pk}/withdraw/")
    big.terms.stage = "closed"
    big.terms.save()

    assert FORM not in ada.get(f"/requests/{submitted.pk}/").content.decode()
