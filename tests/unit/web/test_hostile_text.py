"""A5: script, template code, `javascript:` and line breaks typed into every field do nothing on any page."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from licenses.models import Grant, Request
from portal.core.jobs import run_due
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_requests import FORM, filled
from tests.unit.web.world import World
from weights_vault.models import Release

HOSTILE = "<script>alert('x')</script>{{7*7}}{% now 'Y' %}javascript:alert(1)\"'><img src=x onerror=alert(1)>"
LINES = f"{HOSTILE}\r\nBcc: victim@example.org\r\n\r\n"


def assert_inert(page: str) -> None:
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "javascript:alert(1)" not in page.replace("{% now &#x27;Y&#x27; %}javascript:alert(1)", "")
    assert "{{7*7}}" in page


@pytest.fixture
def request_with_hostile_answers(open_as: OpenAs, big: Release) -> Request:
    open_as("ada").post(FORM, filled(big, answer_purpose=LINES, answer_homepage=HOSTILE))
    return Request.objects.get()


@pytest.mark.parametrize("address", ["/requests/{}/", "/requests/{}/edit/"])
def test_answers_are_inert_for_the_applicant(
    open_as: OpenAs, request_with_hostile_answers: Request, address: str
) -> None:
    page = open_as("ada").get(address.format(request_with_hostile_answers.pk)).content.decode()

    assert_inert(page)


def test_answers_are_inert_for_the_reviewer(open_as: OpenAs, request_with_hostile_answers: Request) -> None:
    page = open_as("rosa").get(f"/review/{request_with_hostile_answers.pk}/").content.decode()

    assert_inert(page)


def test_a_reviewers_words_are_inert(open_as: OpenAs, submitted: Request) -> None:
    said = {"version": 1, "verdict": "request_changes", "reason": LINES, "note": LINES}
    open_as("rosa").post(f"/review/{submitted.pk}/vote/", said)

    assert_inert(open_as("ada").get(f"/requests/{submitted.pk}/").content.decode())
    assert_inert(open_as("ada").get("/releases/opt-175b/").content.decode())
    assert_inert(open_as("rosa").get(f"/review/{submitted.pk}/").content.decode())


def test_a_line_break_in_a_reason_reaches_no_mail_header(open_as: OpenAs, submitted: Request) -> None:
    said = {"version": 1, "verdict": "request_changes", "reason": LINES, "note": ""}
    open_as("rosa").post(f"/review/{submitted.pk}/vote/", said)
    run_due(worker="test", now=timezone.now(), limit=100)

    assert mail.outbox
    assert all("victim@example.org" not in str(message.message()["Bcc"]) for message in mail.outbox)
    assert all("\n" not in message.subject for message in mail.outbox)


def test_a_staff_reason_is_inert(world: World, open_as: OpenAs, big: Release) -> None:
    grant = world.signed("ada", big)
    open_as("rosa").post(f"/review/grants/{grant.pk}/", {"verb": "suspend", "reason": LINES})

    assert Grant.objects.get().state == "suspended"
    for client, address in [
        (open_as("ada"), f"/grants/{grant.pk}/"),
        (open_as("rosa"), f"/review/grants/{grant.pk}/"),
    ]:
        assert_inert(client.get(address).content.decode())


def test_an_appeal_is_inert(world: World, open_as: OpenAs, submitted: Request) -> None:
    world.vote(submitted, "rosa", "reject", "No.")
    world.vote(submitted, "ravi", "reject", "No.")
    open_as("ada").post(f"/requests/{submitted.pk}/appeal/", {"text": LINES})

    assert_inert(open_as("rosa").get(f"/review/{submitted.pk}/").content.decode())


def test_names_are_inert(world: World, open_as: OpenAs, submitted: Request) -> None:
    ada = world.people["ada"]
    ada.full_name = HOSTILE
    ada.save()
    assert ada.organization is not None
    ada.organization.name = HOSTILE
    ada.organization.save()

    for client, address in [
        (open_as("ada"), "/"),
        (open_as("ada"), "/account/"),
        (open_as("rosa"), "/review/"),
        (open_as("rosa"), f"/review/{submitted.pk}/"),
    ]:
        assert_inert(client.get(address).content.decode())


def test_a_token_name_is_inert(open_as: OpenAs) -> None:
    client = open_as("ada")
    client.post("/tokens/", {"name": HOSTILE[:60], "scopes": ["read"], "days": "7"})

    assert "<script>alert" not in client.get("/tokens/").content.decode()


def test_a_card_and_a_release_title_are_inert(open_as: OpenAs, big: Release) -> None:
    Release.objects.filter(pk=big.pk).update(card=HOSTILE, title=HOSTILE, summary=HOSTILE)

    for address in ("/", "/releases/opt-175b/"):
        page = open_as().get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize("query", ["?text=", "?show=", "?page="])
def test_a_filter_is_inert(open_as: OpenAs, query: str) -> None:
    page = open_as("rosa").get(f"/review/{query}{HOSTILE}").content.decode()

    assert "<script>alert" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize("address", ["/accounts/login/?next=", "/accounts/signup/?next="])
def test_an_address_to_go_back_to_is_inert(client: Client, db: None, address: str) -> None:
    page = client.get(address + "javascript:alert(1)").content.decode()

    assert 'href="javascript' not in page
    assert "<script>alert" not in client.get(address + HOSTILE).content.decode()


@pytest.mark.parametrize("field", ["full_name", "organization"])
def test_a_line_break_in_a_name_is_refused_at_sign_up(client: Client, db: None, field: str) -> None:
    said: dict[str, Any] = {
        "full_name": "Eve",
        "organization": "Lab",
        "email": "eve@example.org",
        "country": "SE",
        "password1": "a long enough passphrase",
        "password2": "a long enough passphrase",
    }
    answer = client.post("/accounts/signup/", {**said, field: "Eve\r\nBcc: victim@example.org"})

    assert answer.status_code == 200
    assert 'class="field-error"' in answer.content.decode()


@pytest.mark.parametrize("field", ["full_name", "organization"])
def test_a_corrected_detail_is_inert(open_as: OpenAs, submitted: Request, field: str) -> None:
    said = {"full_name": "Ada", "organization": "Lab", "country": "SE"}
    client = open_as("ada")
    broken = client.post("/account/", {**said, field: LINES.strip() + "\r\nBcc: victim@example.org"})
    client.post("/account/", {**said, field: HOSTILE})

    assert broken.status_code == 400
    assert_inert(broken.content.decode())
    assert_inert(client.get("/account/").content.decode())
    assert_inert(open_as("rosa").get(f"/review/{submitted.pk}/").content.decode())
