"""Looking at the site as another role: its people's pages, a banner, and not one change (A1)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts import looking
from portal.accounts.models import RoleGrant
from portal.core.models import AuditEvent
from portal.web.urls import urlpatterns
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World

BANNER = "You see the site as:"


@pytest.fixture
def rosa_as_reviewer(open_as: OpenAs) -> Client:
    client = open_as("rosa")
    assert client.post("/look-as/", {"role": "reviewer"}).status_code == 302
    return client


def test_a_legal_lead_sees_what_a_reviewer_sees(rosa_as_reviewer: Client) -> None:
    assert rosa_as_reviewer.get("/review/").status_code == 200
    refused = rosa_as_reviewer.get("/desk/master-agreements/new/")
    assert (refused.status_code, BANNER in refused.content.decode()) == (403, True)


def test_a_researchers_view_has_no_desk(open_as: OpenAs) -> None:
    client = open_as("rosa")
    client.post("/look-as/", {"role": "researcher"})
    assert client.get("/review/").status_code == 403
    assert "/review/" not in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("who", "role"),
    [("rosa", "auditor"), ("rosa", "release_manager"), ("mika", "reviewer"), ("alma", "legal_lead")],
)
def test_nobody_looks_as_a_role_that_reads_more(open_as: OpenAs, who: str, role: str) -> None:
    client = open_as(who)
    assert client.post("/look-as/", {"role": role}).status_code == 400
    assert BANNER not in client.get("/").content.decode()


@pytest.mark.parametrize("who", ["ada", "otto"])
def test_who_leads_nothing_does_not_look(open_as: OpenAs, who: str) -> None:
    assert open_as(who).post("/look-as/", {"role": "researcher"}).status_code == 403


def test_there_is_one_click_back(rosa_as_reviewer: Client) -> None:
    assert BANNER in rosa_as_reviewer.get("/requests/").content.decode()
    rosa_as_reviewer.post("/look-as/leave/")
    assert BANNER not in rosa_as_reviewer.get("/requests/").content.decode()
    assert rosa_as_reviewer.get("/desk/master-agreements/new/").status_code == 200
    kinds = AuditEvent.objects.filter(kind__startswith="look_as.").values_list("kind", flat=True)
    assert list(kinds) == ["look_as.began", "look_as.left"]


def _address(pattern: Any) -> str:
    return reverse(pattern.name, args=["x"] * len(pattern.pattern.converters))


@pytest.mark.parametrize("name", [str(each.name) for each in urlpatterns if each.name != "look_as_leave"])
def test_no_form_of_any_page_goes_through(rosa_as_reviewer: Client, name: str) -> None:
    """Every address that there is; sending to it changes nothing, whatever it would have done."""
    pattern = next(each for each in urlpatterns if each.name == name)
    before = AuditEvent.objects.count()
    answer = rosa_as_reviewer.post(_address(pattern), {"do": "confirm"})
    assert answer.status_code == 403
    assert "looking at the site as another role" in answer.content.decode()
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_api_takes_no_change_either(rosa_as_reviewer: Client, method: str) -> None:
    answer = getattr(rosa_as_reviewer, method)("/api/v1/requests/")
    assert (answer.status_code, answer.json()["code"]) == (403, "looking_as")


def test_the_account_pages_take_no_change_either(rosa_as_reviewer: Client) -> None:
    given = {"oldpassword": "x", "password1": "y", "password2": "y"}
    assert rosa_as_reviewer.post("/accounts/password/change/", given).status_code == 403
    assert rosa_as_reviewer.post("/accounts/logout/").status_code == 302


def test_the_api_answers_as_to_that_role(rosa_as_reviewer: Client) -> None:
    assert rosa_as_reviewer.get("/api/v1/me").json()["roles"] == ["reviewer"]


def test_it_ends_after_half_an_hour(open_as: OpenAs) -> None:
    client = open_as("rosa")
    client.post("/look-as/", {"role": "reviewer"})
    session = client.session
    session[looking.LOOKING]["until"] -= looking.LASTS.total_seconds()
    session.save()
    assert BANNER not in client.get("/").content.decode()
    assert client.post("/look-as/", {"role": "reviewer"}).status_code == 302


def test_a2_who_loses_the_role_looks_no_further(rosa_as_reviewer: Client, world: World) -> None:
    RoleGrant.objects.filter(user=world.people["rosa"]).delete()
    assert rosa_as_reviewer.get("/review/").status_code == 403
    assert rosa_as_reviewer.post("/theme/", {"theme": "dark"}).status_code == 403
    assert rosa_as_reviewer.post("/look-as/leave/").status_code == 302


def test_it_is_of_the_person_who_began_it(rosa_as_reviewer: Client, world: World) -> None:
    until = timezone.now() + timedelta(minutes=5)
    kept = {"role": "reviewer", "user": world.people["rosa"].public_id, "until": until.timestamp()}
    client = Client()
    client.force_login(world.people["mika"])
    session = client.session
    session[looking.LOOKING] = kept
    session.save()
    assert BANNER not in client.get("/").content.decode()
