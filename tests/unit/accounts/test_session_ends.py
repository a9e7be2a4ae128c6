"""How long somebody stays signed in, and that a proof within a session changes its cookie."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from portal.accounts.browsers import GRAIN
from portal.accounts.models import BrowserSession, User
from portal.accounts.session_ends import IDLE, LONGEST
from portal.accounts.session_store import row_key
from tests.unit.accounts.conftest import PASSWORD
from tests.unit.accounts.test_sessions import sign_in

pytestmark = pytest.mark.django_db


def signed_in_after(client: Client, *pauses: timedelta) -> bool:
    """Look at a page after each of the pauses; whether the browser is somebody's in the end."""
    now = timezone.now()
    for pause in pauses:
        now += pause
        with time_machine.travel(now, tick=False):
            client.get("/about/")
    with time_machine.travel(now, tick=False):
        return is_inside(client)


def is_inside(client: Client) -> bool:
    """Whether a page for people who are signed in lets this browser in."""
    return client.get("/requests/").status_code == 200


def test_a_session_that_nobody_uses_ends(ada: User, client: Client) -> None:
    other = Client()
    sign_in(client, ada)
    sign_in(other, ada)
    assert signed_in_after(client, IDLE - timedelta(minutes=1))
    assert not signed_in_after(other, IDLE + timedelta(minutes=1))


def test_using_it_keeps_it_and_not_beyond_its_longest(ada: User, client: Client) -> None:
    sign_in(client, ada)
    days = LONGEST // timedelta(days=1)
    assert signed_in_after(client, *[timedelta(days=1)] * (days - 1))
    with time_machine.travel(timezone.now() + LONGEST + timedelta(hours=1), tick=False):
        assert not is_inside(client)


def test_a_proof_within_it_does_not_put_its_end_off(ada: User, client: Client) -> None:
    sign_in(client, ada)
    now = timezone.now()
    for day in range(1, LONGEST // timedelta(days=1), 2):
        with time_machine.travel(now + timedelta(days=day), tick=False):
            assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    with time_machine.travel(now + LONGEST + timedelta(hours=1), tick=False):
        assert not is_inside(client)


def test_looking_writes_every_five_minutes_at_most(ada: User, client: Client) -> None:
    sign_in(client, ada)
    client.get("/about/")  # shows, and so forgets, that one is signed in
    before = dict(client.session)
    client.get("/about/")
    assert dict(client.session) == before
    assert signed_in_after(client, GRAIN + timedelta(minutes=1))
    assert dict(client.session) != before


def test_a_proof_within_a_session_changes_its_cookie_and_ends_the_old_one(ada: User, client: Client) -> None:
    sign_in(client, ada)
    old = client.cookies["sessionid"].value
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    assert client.cookies["sessionid"].value != old
    thief = Client()
    thief.cookies["sessionid"] = old
    assert not is_inside(thief)
    assert is_inside(client)


def test_a_proof_stands_where_what_it_was_asked_for_has_a_fault(ada: User, client: Client) -> None:
    """All that such an answer did is undone, and so the old cookie's row is back: it must go again."""
    sign_in(client, ada)
    client.get("/about/")
    old = client.cookies["sessionid"].value
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        asked = client.post("/tokens/", {"name": "www.example.org", "scopes": "read", "days": 1})["Location"]
        answer = client.post(asked, {"password": PASSWORD, "next": "/tokens/"})
        assert answer.status_code == 400
        assert answer.context["form"].errors
        assert client.cookies["sessionid"].value != old
        assert BrowserSession.objects.get(user=ada).row == row_key(client.cookies["sessionid"].value)
        thief = Client()
        thief.cookies["sessionid"] = old
        assert not is_inside(thief)
        assert is_inside(client)
        assert BrowserSession.objects.filter(user=ada).count() == 1
