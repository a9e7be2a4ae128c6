"""The form that saves as it goes, knows what was said before, and asks who somebody is."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from licenses import actions
from licenses.models import Request, RequestVersion
from portal.accounts.models import Organization
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_requests import FORM, filled
from tests.unit.web.world import World
from weights_vault.models import Release

HOSTILE = "<script>alert('x')</script>{{7*7}}"


@pytest.fixture
def ada(open_as: OpenAs) -> Client:
    return open_as("ada")


def save(client: Client, address: str, release: Release, **changes: Any) -> Any:
    """What the form sends while it is typed in."""
    said = filled(release, do="save", license_read=None, **changes)
    return client.post(address, said, headers={"HX-Request": "true"})


def seen_in(answer: Any) -> str:
    return str(answer.context["seen"])


def test_the_first_save_makes_the_draft_and_leads_on_to_its_address(ada: Client, big: Release) -> None:
    answer = save(ada, FORM, big, answer_purpose="To stu")

    request = Request.objects.get()
    assert request.state == "draft"
    assert answer["HX-Replace-Url"] == f"/requests/{request.pk}/edit/"
    assert "Saved" in answer.content.decode()
    assert "UTC" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_later_saves_change_the_draft(ada: Client, big: Release) -> None:
    first = save(ada, FORM, big, answer_purpose="To stu")
    save(ada, first["HX-Replace-Url"], big, answer_purpose="To study.", seen=seen_in(first))

    assert RequestVersion.objects.get().answers["purpose"] == "To study."


def test_a_second_tab_is_told_and_overwrites_nothing(ada: Client, big: Release) -> None:
    first = save(ada, FORM, big, answer_purpose="One.")
    edit = first["HX-Replace-Url"]
    save(ada, edit, big, answer_purpose="Two.", seen=seen_in(first))

    answer = save(ada, edit, big, answer_purpose="Three.", seen=seen_in(first))

    assert "changed in another tab" in answer.content.decode()
    assert "HX-Replace-Url" not in answer
    assert RequestVersion.objects.get().answers["purpose"] == "Two."


def test_a_second_tab_that_is_sent_shows_both_and_then_stands(ada: Client, big: Release) -> None:
    first = save(ada, FORM, big, answer_purpose="One.")
    edit = first["HX-Replace-Url"]
    save(ada, edit, big, answer_purpose=HOSTILE, seen=seen_in(first))
    stale = filled(big, do="save", answer_purpose="Three.", seen=seen_in(first))

    answer = ada.post(edit, stale)
    page = answer.content.decode()
    again = ada.post(edit, {**stale, "seen": seen_in(answer)})

    assert answer.status_code == 409
    assert "changed elsewhere" in page
    assert "Three." in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert again.status_code == 302
    assert RequestVersion.objects.get().answers["purpose"] == "Three."


def test_a_form_opened_twice_meets_the_draft_of_the_first(ada: Client, big: Release) -> None:
    save(ada, FORM, big, answer_purpose="One.", idempotency_key="a")

    answer = ada.post(FORM, filled(big, do="save", answer_purpose="Two.", seen="", idempotency_key="b"))

    assert answer.status_code == 409
    assert "One." in answer.content.decode()
    assert "Two." in answer.content.decode()
    assert RequestVersion.objects.get().answers["purpose"] == "One."


def test_the_same_said_in_two_tabs_is_no_clash(ada: Client, big: Release) -> None:
    first = save(ada, FORM, big, answer_purpose="One.")
    save(ada, first["HX-Replace-Url"], big, answer_purpose="Two.", seen=seen_in(first))

    answer = save(ada, first["HX-Replace-Url"], big, answer_purpose="Two.", seen=seen_in(first))

    assert "Saved" in answer.content.decode()


def test_what_cannot_be_kept_is_said_in_place(ada: Client, big: Release) -> None:
    answer = save(ada, FORM, big, answer_purpose="x" * 10_001)

    assert "Not saved yet" in answer.content.decode()
    assert not Request.objects.exists()


def test_a_change_in_review_never_saves_itself(ada: Client, submitted: Request) -> None:
    page = ada.get(f"/requests/{submitted.pk}/edit/").content.decode()

    assert "hx-post" not in page
    assert "Save the draft" not in page


def test_a_reason_for_a_question_is_shown(ada: Client, big: Release) -> None:
    questions = [{**question, "why": "It says whom we answer to."} for question in big.terms.questions]
    big.terms.questions = questions
    big.terms.save()

    assert "Why this is asked: It says whom we answer to." in ada.get(FORM).content.decode()


def test_answers_to_the_same_questions_about_the_model_are_offered(
    world: World, ada: Client, big: Release
) -> None:
    earlier = world.submitted("ada", Release.objects.get(slug="opt-66b"), homepage="https://old.example.org")
    assert earlier.submitted_at is not None
    page = ada.get(FORM).content.decode()

    assert "https://old.example.org" in page
    assert f"{earlier.submitted_at:%-d %b %Y}" in page
    assert "https://old.example.org" not in ada.get(f"{FORM}?start=empty").content.decode()


def test_what_was_asked_in_other_words_is_asked_again(world: World, ada: Client, big: Release) -> None:
    world.submitted("ada", Release.objects.get(slug="opt-66b"), homepage="https://old.example.org")
    big.terms.questions = [{**each, "label": f"{each['label']} Now?"} for each in big.terms.questions]
    big.terms.save()

    assert "https://old.example.org" not in ada.get(FORM).content.decode()


def test_what_others_said_is_never_offered(world: World, open_as: OpenAs, big: Release) -> None:
    world.submitted("ada", Release.objects.get(slug="opt-66b"), homepage="https://old.example.org")

    assert "https://old.example.org" not in open_as("bo").get(FORM).content.decode()


@pytest.fixture
def unknown(world: World) -> None:
    """The portal knows mail domains, and Ada's is none of them."""
    Organization.objects.create(name="Elsewhere", domains=["elsewhere.example.net"])


PROOF = {
    "profiles": "https://orcid.org/0000-0002-1825-0097\nhttps://lab.example.org/ada",
    "reference_0_name": "Grace Okafor",
    "reference_0_email": "grace@uni.example.edu",
    "reference_0_relation": "My adviser",
}


@pytest.mark.usefixtures("unknown")
def test_somebody_without_institutional_mail_says_who_they_are(ada: Client, big: Release) -> None:
    assert "How can we know who you are?" in ada.get(FORM).content.decode()
    ada.post(FORM, filled(big, **PROOF))

    request = Request.objects.get()
    assert request.state == "submitted"
    assert request.versions.get().evidence == {
        "profiles": ["https://orcid.org/0000-0002-1825-0097", "https://lab.example.org/ada"],
        "references": [{"name": "Grace Okafor", "email": "grace@uni.example.edu", "relation": "My adviser"}],
    }
    page = ada.get(f"/requests/{request.pk}/").content.decode()
    assert "grace@uni.example.edu" in page
    assert 'href="https://orcid.org' not in page


@pytest.mark.usefixtures("unknown")
def test_without_any_of_it_the_request_is_not_sent(ada: Client, big: Release) -> None:
    answer = ada.post(FORM, filled(big))

    assert answer.status_code == 400
    assert "Name at least one page" in answer.content.decode()
    assert not Request.objects.exists()


@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize(
    "address",
    [
        "http://orcid.org/1",
        "javascript:alert(1)",
        "https://user@lab.example.org/",
        "https://localhost/",
        "ada",
    ],
)
def test_only_addresses_of_pages_are_taken(ada: Client, big: Release, address: str) -> None:
    """A5."""
    answer = ada.post(FORM, filled(big, profiles=address))

    assert answer.status_code == 400
    assert 'id="id_profiles_error"' in answer.content.decode()


def test_an_institutions_mail_is_enough(world: World, ada: Client, big: Release) -> None:
    domain = world.people["ada"].email.rpartition("@")[2]
    Organization.objects.create(name="Elsewhere", domains=[domain])

    assert "How can we know who you are?" not in ada.get(FORM).content.decode()
    ada.post(FORM, filled(big))
    assert Request.objects.get().versions.get().evidence == {}


@pytest.mark.usefixtures("unknown")
def test_evidence_is_versioned_and_carried(world: World, ada: Client, big: Release) -> None:
    ada.post(FORM, filled(big, **PROOF))
    request = Request.objects.get()
    later = world.now + timedelta(minutes=1)
    evidence = {"profiles": ["https://lab.example.org/ada"]}
    actions.edit(
        request=request,
        answers=request.versions.get().answers,
        evidence=evidence,
        by=world.by("ada"),
        now=later,
    )

    assert [version.evidence for version in request.versions.order_by("number")][1] == evidence
