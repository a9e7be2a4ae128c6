"""Where `?next=` may lead: to this site, and nowhere that cannot even be read."""

import pytest
from django.test import Client

from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import PASSWORD, World

pytestmark = pytest.mark.django_db

UNREADABLE = ["http://[", "//[", "http://]", "https://[::1", "http://[v1.x]y", "http://a]b/"]
ELSEWHERE = ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
PAGES = ["login/", "signup/", "logout/", "password/reset/", "confirm-email/"]
OWN_PAGES = ["logout/", "reauthenticate/", "email/", "2fa/", "password/change/"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("address", UNREADABLE)
def test_l1_address_that_cannot_be_read_is_no_error(client: Client, path: str, address: str) -> None:
    answer = client.get(f"/accounts/{path}", {"next": address})
    assert answer.status_code in (200, 302)
    assert address not in answer.headers.get("Location", "")


@pytest.mark.parametrize("address", UNREADABLE + ELSEWHERE)
def test_l1_sign_in_and_what_follows_stay_on_this_site(open_as: OpenAs, world: World, address: str) -> None:
    client, ada = open_as(), world.people["ada"]
    form = {"login": ada.email, "password": PASSWORD, "next": address}
    assert client.post("/accounts/login/", form)["Location"] == "/"
    for path in OWN_PAGES:
        assert client.get(f"/accounts/{path}", {"next": address}).status_code == 200, path
    assert client.post("/accounts/reauthenticate/", form)["Location"] == "/"
    assert client.post("/accounts/logout/", form)["Location"] == "/"
