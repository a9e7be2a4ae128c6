"""The way on: from a form that came too late to be sent, from an address without a page, from a refusal."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import URLPattern, resolve, reverse

from licenses import actions
from licenses.models import Absence, Request
from portal.web.urls import urlpatterns
from portal.web.views.doors import UNSENT
from portal.web.ways import ABOVE, methods_of
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release

pytestmark = pytest.mark.database

FORMS = [route for route in urlpatterns if methods_of(route.callback) == ("POST",)]


def address_of(route: URLPattern) -> str:
    return reverse(route.name or "", kwargs=dict.fromkeys(route.pattern.converters, "x1"))


def led_to(answer: Any) -> str:
    """Where whoever signs in comes to."""
    assert answer["Location"].startswith("/accounts/login/?")
    return parse_qs(urlsplit(answer["Location"]).query)["next"][0]


@pytest.mark.parametrize("route", FORMS, ids=lambda route: route.name)
def test_whoever_was_signed_out_lands_on_a_page_and_is_told(db: None, route: URLPattern) -> None:
    """The theme is for everybody; every other address that takes forms alone knows the page above it."""
    client, address = Client(), address_of(route)
    if route.name == "theme":
        assert client.post(address)["Location"] == "/"
        return
    for answer in (client.post(address, {"text": "Long."}), client.get(address)):
        page = led_to(answer)
        assert "GET" in methods_of(resolve(page).func)
        assert resolve(page).url_name == ABOVE[route.name or ""]
    assert UNSENT in client.get(answer["Location"]).content.decode()


def test_an_address_that_has_a_page_is_come_back_to(db: None) -> None:
    client = Client()
    answer = client.post("/requests/req_x1/sign/", {"typed_name": "Ada Lindqvist"})

    assert led_to(answer) == "/requests/req_x1/sign/"
    assert UNSENT in client.get(answer["Location"]).content.decode()


def test_both_pages_that_stop_a_form_tell_the_browser_to_keep_what_was_typed(open_as: OpenAs) -> None:
    """portal.js then gives it back; tests/browser/test_signed_out.py."""
    client = open_as()
    stopped = client.post("/review/assign/", {"do": "take"})
    assert " data-unsent" in client.get(stopped["Location"]).content.decode()
    assert " data-unsent" not in client.get("/accounts/login/").content.decode()

    other = open_as("rosa", enforce_csrf_checks=True).post("/review/assign/", {"do": "take"})
    assert (other.status_code, " data-unsent" in other.content.decode()) == (403, True)


def test_looking_at_a_page_signed_out_loses_nothing_to_be_told_of(db: None) -> None:
    client = Client()
    assert UNSENT not in client.get(client.get("/keys/")["Location"]).content.decode()


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("http://testserver/review/?state=all&text=a%20b", "/review/?state=all&text=a%20b"),
        ("http://testserver/review/req_x1/", "/review/req_x1/"),
        ("http://testserver/review/req_x1/vote/", "/review/"),  # takes forms alone
        ("http://testserver/nothing/here/", "/review/"),
        ("http://testserver/accounts/login/", "/review/"),
        ("http://evil.example/review/?state=all", "/review/"),
        ("http://[", "/review/"),
        ("", "/review/"),
    ],
)
def test_the_page_that_sent_the_form_is_come_back_to_where_it_is_one_of_ours(
    db: None, referer: str, page: str
) -> None:
    answer = Client().post("/review/assign/", {"do": "take"}, headers={"Referer": referer})
    assert led_to(answer) == page


def test_every_page_above_is_one_that_can_be_looked_at() -> None:
    routes = {route.name: route for route in urlpatterns}
    for below, above in ABOVE.items():
        assert "GET" in methods_of(routes[above].callback)
        ids = list(routes[above].pattern.converters)
        assert ids == list(routes[below].pattern.converters)[: len(ids)]


@pytest.mark.parametrize("route", FORMS, ids=lambda route: route.name)
def test_an_address_without_a_page_says_so_in_the_design_of_the_site(rosa: Client, route: URLPattern) -> None:
    answer = rosa.get(address_of(route))
    page = answer.content.decode()

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "405 · method_not_allowed" in page
    if route.name != "theme":
        above = ABOVE[route.name or ""]
        assert "To the releases" in page
        assert any(
            resolve(part.partition('"')[0]).url_name == above
            for part in page.partition('class="actions"')[2].split('href="')[1:]
        )


def test_who_is_away_is_led_to_their_absences(world: World, rosa: Client) -> None:
    today = world.now.date()
    Absence.objects.create(reviewer=world.people["rosa"], starts_on=today, ends_on=today)
    answer = rosa.post("/review/next/")

    assert answer.status_code == 409
    actions_ = answer.content.decode().partition('class="actions"')[2]
    assert 'href="/review/absences/">Your absences</a>' in actions_


def test_what_has_changed_is_one_link_away(world: World, rosa: Client, big: Release) -> None:
    request: Request = world.submitted("ada", big)
    actions.withdraw(request=request, by=world.by("ada"), now=world.now)
    said = {"version": 1, "verdict": "approve", "reason": "", "note": ""}
    page = rosa.post(f"/review/{request.pk}/vote/", said).content.decode()

    assert "“Withdrawn”" in page
    assert f'href="/review/{request.pk}/">To the request</a>' in page.partition('class="actions"')[2]
