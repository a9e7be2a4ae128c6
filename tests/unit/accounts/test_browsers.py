"""Where a person is signed in: noted, shown, ended from elsewhere, forgotten with the session."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from portal.accounts import browsers
from portal.accounts.directory import access_of
from portal.accounts.models import BrowserSession, User
from portal.accounts.principals import principal_for
from portal.accounts.session_store import row_key
from portal.accounts.sessions import forget_sessions
from portal.core.models import AuditEvent
from portal.core.problems import NotPermitted
from portal.web.agents import in_words
from tests.unit.accounts.conftest import PASSWORD, MakeUser
from tests.unit.accounts.test_sessions import principal, sign_in

pytestmark = pytest.mark.database

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604"
PAGE = "/account/sessions/"


def opened(user: User, agent: str = FIREFOX) -> Client:
    client = Client(headers={"user-agent": agent})
    sign_in(client, user)
    client.get("/requests/")
    return client


def test_sign_in_is_noted_under_the_row_that_opens_nothing(ada: User) -> None:
    client = opened(ada)
    noted = BrowserSession.objects.get()
    cookie = client.cookies["sessionid"].value
    assert (noted.user, noted.row, noted.agent, noted.address) == (ada, row_key(cookie), FIREFOX, "127.0.0.1")
    assert cookie not in (noted.row, noted.pk)


def test_a2_signing_in_notes_the_browser_at_once(ada: User, client: Client) -> None:
    """It could be ended from elsewhere before its second request."""
    sign_in(client, ada)
    assert BrowserSession.objects.get().row == row_key(client.cookies["sessionid"].value)
    assert browsers.forget(ada) == 1
    assert principal(client).user is None


def test_page_shows_this_browser_first_and_the_others_in_words(ada: User) -> None:
    client, phone = opened(ada), opened(ada, SAFARI)
    page = client.get(PAGE).content.decode()
    assert page.index("This browser") < page.index("Safari on iPhone")
    assert "Firefox on Linux" in page
    assert page.count("UTC") >= 3
    assert phone.get(PAGE).status_code == 200


def test_a2_one_that_is_signed_out_is_out_at_its_next_request(ada: User) -> None:
    client, phone = opened(ada), opened(ada, SAFARI)
    other = BrowserSession.objects.get(agent=SAFARI)
    client.post(f"{PAGE}{other.pk}/end/")
    assert (principal(phone).user, principal(client).user) == (None, ada)
    assert not BrowserSession.objects.filter(pk=other.pk).exists()
    event = AuditEvent.objects.get(kind="account.session_ended")
    assert (event.by, event.data) == (ada.public_id, {"session": other.pk})


def test_a2_all_others_are_signed_out_and_this_one_stays(ada: User) -> None:
    client, others = opened(ada), [opened(ada, SAFARI), opened(ada)]
    assert (
        "Every other browser is signed out."
        in client.post(f"{PAGE}others/end/", follow=True).content.decode()
    )
    assert [principal(other).user for other in others] == [None, None]
    assert principal(client).user == ada
    assert BrowserSession.objects.count() == Session.objects.count() == 1
    client.post(f"{PAGE}others/end/")
    assert AuditEvent.objects.filter(kind="account.sessions_ended").count() == 1


def test_this_one_can_be_signed_out_too(ada: User) -> None:
    client = opened(ada)
    assert client.post(f"{PAGE}{BrowserSession.objects.get().pk}/end/")["Location"] == "/accounts/login/"
    assert principal(client).user is None


def test_nobody_signs_anybody_else_out(ada: User, make_user: MakeUser) -> None:
    phone, mallory = opened(ada), opened(make_user("mallory@example.org"))
    theirs = BrowserSession.objects.get(user=ada)
    assert mallory.post(f"{PAGE}{theirs.pk}/end/").status_code == 404
    for by in (principal_for(make_user("eve@example.org")), principal_for(ada, scopes=frozenset({"read"}))):
        with pytest.raises(NotPermitted):
            browsers.end(session=theirs, by=by, now=timezone.now())
        with pytest.raises(NotPermitted):
            browsers.end_others(user=ada, keep="", by=by, now=timezone.now())
    assert principal(phone).user == ada


def test_last_seen_moves_every_five_minutes_and_not_more_often(
    ada: User, django_assert_num_queries: Any
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client, began = opened(ada), timezone.now()
        clock.shift(timedelta(minutes=4))
        client.get("/requests/")
        assert BrowserSession.objects.get().last_seen_at == began
        clock.shift(timedelta(minutes=2))
        client.get("/requests/")
        assert BrowserSession.objects.get().last_seen_at == began + timedelta(minutes=6)


def test_new_password_forgets_the_other_browsers(ada: User) -> None:
    client, phone = opened(ada), opened(ada, SAFARI)
    form = {"oldpassword": PASSWORD, "password1": "another long phrase", "password2": "another long phrase"}
    client.post("/accounts/password/change/", form)
    assert principal(phone).user is None
    assert not BrowserSession.objects.filter(agent=SAFARI).exists()


def test_key_that_changes_keeps_its_row(ada: User) -> None:
    client = opened(ada)
    before = BrowserSession.objects.get()
    session = client.session
    session.cycle_key()
    session.save()
    client.cookies["sessionid"] = session.session_key
    client.get("/requests/")
    after = BrowserSession.objects.get()
    assert (after.pk, after.row) == (before.pk, row_key(session.session_key))


def test_a2_session_that_was_ended_is_not_brought_back_by_a_request_in_flight(ada: User) -> None:
    """The request read its session before it was ended from elsewhere; then a proof gives it a new cookie."""
    in_flight = opened(ada).session
    assert in_flight["_auth_user_id"] == str(ada.pk)
    assert browsers.forget(ada) == 1
    with pytest.raises(SessionInterrupted):
        in_flight.cycle_key()
    assert not Session.objects.exists()


def test_a2_session_is_ended_under_the_cookie_that_it_has_by_then(ada: User) -> None:
    """It has another cookie already; the end of that request, which notes it, is still to come."""
    in_flight = opened(ada).session
    in_flight.cycle_key()
    in_flight.save()
    assert browsers.forget(ada) == 1
    assert not Session.objects.exists()


def test_session_whose_time_is_over_is_not_counted(ada: User) -> None:
    opened(ada)
    now = timezone.now()
    assert [access_of(ada, at).sessions for at in (now, now + timedelta(days=99))] == [1, 0]


def test_signing_out_forgets_the_browser(ada: User) -> None:
    client = opened(ada)
    client.post("/accounts/logout/")
    assert not BrowserSession.objects.exists()


def test_what_was_noted_goes_with_the_session(ada: User) -> None:
    opened(ada)
    BrowserSession.objects.create(
        user=ada, row="0" * 40, opened_at=timezone.now(), last_seen_at=timezone.now()
    )
    forget_sessions({}, timezone.now())
    assert BrowserSession.objects.get().agent == FIREFOX
    forget_sessions({}, timezone.now() + timedelta(days=99))
    assert not BrowserSession.objects.exists()


def test_a5_what_a_browser_calls_itself_is_inert(ada: User) -> None:
    client = opened(ada, "<script>alert(1)</script>\x07" + "x" * 999)
    assert len(BrowserSession.objects.get().agent) == 200
    assert "<script>alert" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 15) AppleWebKit/537 Chrome/140 Safari/537",
            "Chrome on macOS",
        ),
        ("curl/8", "curl"),
        ("", "A browser that does not say which"),
    ],
)
def test_agent_in_words(agent: str, words: str) -> None:
    assert in_words(agent) == words
