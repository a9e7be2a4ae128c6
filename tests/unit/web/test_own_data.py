"""What is somebody's own: all of it in one file, nothing of others in it; erased where possible."""

import json
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from licenses import actions
from licenses.models import Request
from portal.accounts.actions import domains
from portal.accounts.models import Affiliation, Organization, User
from portal.core.models import AuditEvent
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release

HOSTILE = "<script>alert('x')</script>{{7*7}}"


def taken(client: Client) -> tuple[dict[str, Any], str]:
    answer = client.post("/account/data/export/")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined] # it streams
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    return json.loads(text), text


@pytest.fixture
def lived(world: World, big: Release) -> Request:
    """A request of Ada's with everything that others may write about it."""
    request = world.submitted("ada", big, homepage=HOSTILE)
    ada, rosa = world.by("ada"), world.by("rosa")
    actions.ask(request=request, text="Which machine?", by=rosa, now=world.ago(2))
    actions.say(request=request, text="Ours.", by=ada, now=world.ago(1.9))
    actions.note(request=request, text="A secret thought of staff.", by=rosa, now=world.ago(1.8))
    world.key("ada")
    request.refresh_from_db()
    actions.vote(
        request=request,
        version=request.version,
        verdict="approve",
        reason="",
        note="Between us reviewers.",
        by=rosa,
        now=world.ago(1),
    )
    world.signed("ada", Release.objects.get(slug="opt-66b"))
    return request


def test_the_file_says_where_the_person_was_and_for_whom_they_speak(open_as: OpenAs, world: World) -> None:
    bo, lab = world.people["bo"], Organization.objects.get(name="Example Lab")
    domains.name_manager(organization=lab, user=bo, by=world.by("alma"), now=world.ago(5))
    for home, by in (("Elsewhere", bo.public_id), ("Another", world.people["alma"].public_id)):
        Affiliation.objects.create(
            user=bo,
            organization=Organization.objects.create(name=home),
            began_at=world.ago(99),
            ended_at=world.ago(98),
            ended_by=by,
        )
    data, text = taken(open_as("bo"))
    ended = {each["organization"]: each["ended_by"] for each in data["account"]["affiliations"]}
    assert ended == {"Elsewhere": "you", "Another": "others"}
    assert [each["organization"] for each in data["account"]["speaks_for"]] == ["Example Lab"]
    assert world.people["alma"].public_id not in text


def test_the_file_holds_everything_of_the_person(open_as: OpenAs, world: World, lived: Request) -> None:
    for name, uid in (("ada", "0000-0002-1825-0097"), ("rosa", "another")):
        SocialAccount.objects.create(user=world.people[name], provider="orcid", uid=uid)
    data, _ = taken(open_as("ada"))
    own = next(each for each in data["requests"] if each["id"] == lived.pk)

    assert data["account"]["full_name"] == "Ada Lindqvist"
    connected = [(each["provider"], each["uid"]) for each in data["account"]["connected_accounts"]]
    assert connected == [("orcid", "0000-0002-1825-0097")]
    assert own["versions"][0]["answers"]["homepage"] == HOSTILE
    assert [message["text"] for message in own["messages"]] == ["Which machine?", "Ours."]
    assert [message["by"] for message in own["messages"]] == ["the reviewers", "you"]
    assert [len(data[part]) for part in ("grants", "acceptances", "recipient_keys")] == [1, 1, 1]
    assert {"request.drafted", "request.submitted"} <= {line["kind"] for line in data["log"]}


def test_nothing_of_others_and_no_secret_is_in_it(world: World, open_as: OpenAs, lived: Request) -> None:
    data, text = taken(open_as("ada"))
    rosa, ada = world.people["rosa"], world.people["ada"]

    for hidden in ("secret thought", "Between us", rosa.full_name, rosa.email, rosa.public_id, ada.password):
        assert hidden not in text
    assert "digest" not in text
    assert {line["by"] for line in data["log"]} <= {"you", "staff"}


def test_the_log_says_that_it_was_taken(world: World, open_as: OpenAs) -> None:
    open_as("ada").post("/account/data/export/")

    event = AuditEvent.objects.get(kind="account.data_exported")
    assert event.by == world.people["ada"].public_id


def test_others_get_their_own(open_as: OpenAs, lived: Request) -> None:
    data, text = taken(open_as("bo"))

    assert data["requests"] == []
    assert lived.pk not in text


def test_what_a_reviewer_did_to_others_is_named_and_not_told(open_as: OpenAs, lived: Request) -> None:
    data, text = taken(open_as("rosa"))

    assert "request.voted" in {line["kind"] for line in data["log"]}
    assert "Between us" not in text
    assert "secret thought" not in text
    assert data["messages_elsewhere"] == []


def test_the_file_needs_the_password_once_more(open_as: OpenAs) -> None:
    answer = open_as("ada", fresh=False).post("/account/data/export/")

    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]


def test_the_page_lists_what_stands_in_the_way(open_as: OpenAs, lived: Request) -> None:
    page = open_as("ada").get("/account/data/").content.decode()

    assert "Not yet: something of yours is under way" in page
    assert f"/requests/{lived.pk}/" in page
    assert "Erase everything" not in page


def test_erasing_asks_for_the_address_and_signs_out(world: World, open_as: OpenAs) -> None:
    ada, email = open_as("ada"), world.people["ada"].email
    assert ada.post("/account/data/", {"address": f"x{HOSTILE}"}).status_code == 400
    elsewhere = open_as("ada")

    answer = ada.post("/account/data/", {"address": email}, follow=True)

    assert "You are erased here" in answer.content.decode()
    assert not User.objects.filter(email=email).exists()
    assert elsewhere.get("/account/data/").status_code == 302


def test_while_something_is_under_way_nothing_is_erased(
    world: World, open_as: OpenAs, lived: Request
) -> None:
    email = world.people["ada"].email
    answer = open_as("ada").post("/account/data/", {"address": email})

    assert answer.status_code == 409
    assert User.objects.filter(email=email).exists()
