"""`weights login` against the portal itself: a person allows it on the page, tokens are renewed, and end."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from allauth.idp.oidc.models import Token
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from portal.accounts.devices import codes
from portal.accounts.models import Device, DeviceCode
from portal.core.secrecy import holds_secret
from tests.integration.api.world import World, build, in_browser
from tests.integration.client.asking import in_this_process
from tests.integration.client.conftest import Weights
from weights_vault.client import bearer, clock, device_login, oauth, tokens
from weights_vault.client.credentials import DeviceTokens, device_tokens
from weights_vault.client.errors import NotSignedIn
from weights_vault.client.home import Home
from weights_vault.client.settings import Settings, portal_file

URL = django_settings.PORTAL_URL
pytestmark = [pytest.mark.database, pytest.mark.django_db]
Decide = Callable[[str], object]


@pytest.fixture
def here(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The portal's own application, called in this process."""
    cache.clear()
    made = build()
    transport = httpx.WSGITransport(app=WSGIHandler())
    monkeypatch.setattr(oauth, "http_client", lambda portal: httpx.Client(transport=transport))
    monkeypatch.setattr(codes, "INTERVAL_S", 0)
    with in_this_process(monkeypatch):
        yield made


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Decide:
    """What happens while the command waits, in place of the wait: each once, in order."""
    acts: list[Callable[[], object]] = []

    def sleep(seconds: float) -> None:
        if acts:
            acts.pop(0)()

    monkeypatch.setattr(device_login, "time", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(bearer, "time", SimpleNamespace(sleep=sleep))
    return acts.append


def on_the_site(world: World, path: str, sent: dict[str, str] | None = None) -> Any:
    """What the person does in a browser."""
    browser = in_browser(world.researcher)
    answer = browser.get(path) if sent is None else browser.post(path, sent, format="multipart")
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # Django's test client has connected it again
    return answer


def decides(world: World, do: str) -> Callable[[], object]:
    """The person opens the address of the terminal, looks, and presses a button."""

    def on_the_page() -> None:
        code = DeviceCode.objects.latest("created_at").user_code
        assert code in on_the_site(world, f"/device/?code={code}").content.decode()
        answer = on_the_site(world, "/device/", {"code": code, "do": do})
        assert answer.status_code == 302, answer.content

    return on_the_page


def kept(home: Path) -> DeviceTokens:
    (file,) = home.glob("portals/*.token")
    assert file.stat().st_mode & 0o777 == 0o600
    found = device_tokens(file.read_text())
    assert found is not None
    return found


@pytest.fixture
def signed_in(here: World, bare_weights: Weights, meanwhile: Decide, home: Path) -> World:
    meanwhile(decides(here, "allow"))
    done = bare_weights("login", "--portal", URL)
    assert done.code == 0, done.err
    return here


def test_login_shows_where_to_go_and_waits_until_it_is_allowed(
    here: World, bare_weights: Weights, meanwhile: Decide, home: Path
) -> None:
    meanwhile(lambda: None)  # one poll in vain
    meanwhile(decides(here, "allow"))
    done = bare_weights("login", "--portal", URL, "--scopes", "read, download")
    assert (done.code, done.out) == (0, f"Signed in to {URL} as {here.researcher.email}.\n")
    code = DeviceCode.objects.get().user_code
    assert f"open: {URL}/device/?code={code}  code: {code}" in done.err.splitlines()
    assert not holds_secret(done.out + done.err)  # G8
    assert Device.objects.get().scopes == ["read", "download"]

    said = bare_weights("whoami").out
    assert ("device: " in said, "scopes read, download" in said) == (True, True)
    document = bare_weights("whoami", "--json").json
    assert document["token"]["kind"] == "device"


def test_with_json_the_question_is_an_event(here: World, bare_weights: Weights, meanwhile: Decide) -> None:
    meanwhile(decides(here, "allow"))
    done = bare_weights("login", "--portal", URL, "--json")
    events = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    assert [(event["event"], event["user_code"]) for event in events] == [
        ("sign_in", DeviceCode.objects.get().user_code)
    ]
    assert done.json["portal"] == URL


def test_a_refusal_ends_with_4_and_keeps_nothing(
    here: World, bare_weights: Weights, meanwhile: Decide, home: Path
) -> None:
    meanwhile(decides(here, "refuse"))
    done = bare_weights("login", "--portal", URL)
    assert (done.code, "login-refused" in done.err) == (4, True)
    assert list(home.glob("portals/*.token")) == []


def test_nobody_in_time_ends_with_6(here: World, bare_weights: Weights, meanwhile: Decide) -> None:
    meanwhile(lambda: DeviceCode.objects.update(expires_at=clock.now() - timedelta(seconds=1)))
    done = bare_weights("login", "--portal", URL)
    assert (done.code, "login-expired" in done.err) == (6, True)


def test_ctrl_c_ends_the_wait_with_130(
    here: World, bare_weights: Weights, meanwhile: Decide, home: Path
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    meanwhile(interrupt)
    assert bare_weights("login", "--portal", URL).code == 130
    assert (Device.objects.count(), list(home.glob("portals/*.token"))) == (0, [])


def test_a_scope_that_there_is_not_is_wrong_usage(here: World, bare_weights: Weights) -> None:
    done = bare_weights("login", "--portal", URL, "--scopes", "read,root")
    assert (done.code, "scopes-unknown" in done.err) == (2, True)


def test_no_browser_is_opened_unless_asked(
    here: World, bare_weights: Weights, meanwhile: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    for words in ((), ("--browser",)):
        meanwhile(decides(here, "allow"))
        assert bare_weights("login", "--portal", URL, *words).code == 0
    assert opened == [f"{URL}/device/?code={DeviceCode.objects.latest('created_at').user_code}"]


def test_a_second_login_ends_the_first(signed_in: World, bare_weights: Weights, meanwhile: Decide) -> None:
    meanwhile(decides(signed_in, "allow"))
    assert bare_weights("login", "--portal", URL).code == 0
    assert [device.ended_at is None for device in Device.objects.order_by("created_at")] == [False, True]
    assert bare_weights("whoami").code == 0


def test_a_token_that_ends_soon_is_renewed_first(
    signed_in: World, bare_weights: Weights, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(home)
    later = clock.now() + timedelta(minutes=59)
    defaults = {"now": lambda: later, "pause": None}
    monkeypatch.setattr(bearer.DeviceBearer.__init__, "__kwdefaults__", defaults)
    assert bare_weights("whoami").code == 0
    assert kept(home).renewal.reveal() != before.renewal.reveal()


def test_a_token_that_is_not_taken_is_renewed_once(
    signed_in: World, bare_weights: Weights, home: Path
) -> None:
    before = kept(home)
    Token.objects.filter(type=Token.Type.ACCESS_TOKEN).delete()
    assert bare_weights("whoami").code == 0
    assert kept(home).access.reveal() != before.access.reveal()
    assert not holds_secret(bare_weights("whoami", "--json").out)


def test_a_machine_that_was_signed_out_says_so_with_3_and_forgets(
    signed_in: World, bare_weights: Weights, home: Path
) -> None:
    on_the_site(signed_in, f"/device/{Device.objects.get().pk}/end/", {})
    done = bare_weights("releases")
    assert (done.code, "error[signed-out]" in done.err, "weights login" in done.err) == (3, True, True)
    assert list(home.glob("portals/*.token")) == []
    assert bare_weights("whoami").err.startswith("error[not-signed-in]")


def test_logout_ends_all_of_the_machine_at_the_portal(
    signed_in: World, bare_weights: Weights, home: Path
) -> None:
    assert bare_weights("logout").code == 0
    assert (Device.objects.get().ended_at is None, Token.objects.count()) == (False, 0)
    assert list(home.glob("portals/*.token")) == []


def two_on_one_machine(home: Path) -> list[bearer.DeviceBearer]:
    settings = Settings(Home(home), {})
    return [bearer.DeviceBearer(settings, URL, kept(home), pause=lambda seconds: None) for _ in range(2)]


def test_of_two_processes_one_renews_and_the_other_takes_it(signed_in: World, home: Path) -> None:
    one, other = two_on_one_machine(home)
    old = kept(home).access
    fresh = one.after_refusal(old)
    taken = other.after_refusal(old)
    assert [each and each.reveal() for each in (fresh, taken)] == [kept(home).access.reveal()] * 2
    assert Device.objects.get().ended_at is None


def test_a_process_that_was_signed_out_meanwhile_asks_nobody(signed_in: World, home: Path) -> None:
    (one, _) = two_on_one_machine(home)
    held = kept(home).access
    for file in home.glob("portals/*.token"):
        file.unlink()
    with pytest.raises(NotSignedIn):
        one.after_refusal(held)


def test_a_token_that_was_kept_meanwhile_is_taken_and_not_forgotten(
    signed_in: World, bare_weights: Weights, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`weights login --token` in another window ended the sign-in that this process still has."""
    (one, _) = two_on_one_machine(home)
    old = kept(home).access
    on_the_site(signed_in, f"/device/{Device.objects.get().pk}/end/", {})
    text = f"wp_{'a' * 46}"
    (file,) = home.glob("portals/*.token")
    file.write_text(text)
    assert one.after_refusal(old) == one.token()
    assert one.token().reveal() == text == file.read_text()
    assert one.after_refusal(one.token()) is None


@pytest.mark.parametrize("words", [("logout",), ("login", "--portal", URL)])
def test_sign_in_and_out_wait_for_a_renewal_under_way(
    signed_in: World,
    bare_weights: Weights,
    home: Path,
    meanwhile: Decide,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    """Each write or removal of what is kept is made while the lock of renewals is held."""
    held: list[bool] = []
    lock = portal_file(URL, "lock")

    def watched(write: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*args: Any) -> Any:
            with (home / lock).open("wb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    held.append(True)
                else:
                    held.append(False)
            return write(*args)

        return noting

    for name in ("keep_text", "forget_token"):
        monkeypatch.setattr(tokens, name, watched(getattr(tokens, name)))
    meanwhile(decides(signed_in, "allow"))
    assert bare_weights(*words).code == 0
    assert held == [True]


def test_logout_with_a_token_in_the_environment_ends_the_sign_in_too(
    signed_in: World, bare_weights: Weights, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIGHTS_TOKEN", f"wp_{'a' * 46}")
    assert bare_weights("logout").code == 0
    assert Device.objects.get().ended_at is not None
    assert list(home.glob("portals/*.token")) == []


def test_a_portal_that_cannot_renew_now_is_no_reason_to_stop(
    signed_in: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = oauth.Said(503, {}, None)
    monkeypatch.setattr(oauth, "post_form", lambda *words: busy)
    held = kept(home)
    almost = held.ends_at - timedelta(seconds=30)
    settings = Settings(Home(home), {})
    one = bearer.DeviceBearer(settings, URL, held, now=lambda: almost, pause=lambda seconds: None)
    assert one.token().reveal() == held.access.reveal()


def test_threads_of_one_process_renew_once(
    signed_in: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    now = clock.now()
    given = {"access_token": f"wpd_{'b' * 46}", "refresh_token": f"wpr_{'b' * 46}", "expires_in": 3600}

    def answer(*words: Any) -> oauth.Said:
        asked.append(words)
        return oauth.Said(200, given, None)

    monkeypatch.setattr(oauth, "post_form", answer)
    (one, _) = two_on_one_machine(home)
    old = kept(home).access
    with ThreadPoolExecutor(8) as pool:
        tokens = {found.reveal() for found in pool.map(lambda _: one.after_refusal(old), range(16)) if found}
    assert (tokens, len(asked), kept(home).ends_at > now) == ({given["access_token"]}, 1, True)
