"""Which pages are limited: every one that is named exists, and each refuses with 429, in words."""

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse

from portal.accounts.brakes import PAGES
from portal.accounts.models import User
from portal.api.throttles import LIMITED
from portal.core import limits
from portal.core.models import LimitUse
from tests.unit.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
ARGUMENTS = {
    "request_form": ["opt"],
    "request_edit": ["req_x"],
    "request_appeal": ["req_x"],
    "grant_renew": ["grt_x"],
    "request_team": ["req_x"],
    "review_signatory": ["req_x"],
    "request_say": ["req_x"],
    "review_say": ["req_x"],
    "review_note": ["req_x"],
    "key_remove": ["key_x"],
    "mfa_edit_webauthn": [1],
    "mfa_remove_webauthn": [1],
    "openid_connect_login": ["orcid"],
    "account_reset_password_from_key": ["1", "abc-def"],
}


def address(name: str) -> str:
    return reverse(name, args=ARGUMENTS.get(name, []))


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_limited_page_over_its_limit_is_429_with_the_moment_to_come_back(
    name: str, settings: Any, ada: User, client: Client
) -> None:
    first = PAGES[name][0].limit
    settings.LIMITS = {first: "1/5m"}
    client.force_login(ada)
    form = {"login": "nobody@example.org", "email": "nobody@example.org", "password": "wrong"}
    client.post(address(name), form)
    LimitUse.objects.update(used=1)  # a page that this person may not have at all gives it back
    answer = client.post(address(name), form)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert "Try again at " in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]


def test_every_limit_that_is_used_stands_in_the_table() -> None:
    used = {use.limit for uses in PAGES.values() for use in uses} | set(LIMITED.values())
    assert used <= set(limits.LIMITS)


def test_plain_reads_write_no_count(client: Client, ada: User) -> None:
    client.force_login(ada)
    for name in ("account_login", "tokens", "account_email"):
        client.get(address(name))
    assert not LimitUse.objects.exists()


def test_a_right_password_gives_its_counts_back(client: Client, ada: User) -> None:
    for _ in range(25):
        Client().post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    assert not LimitUse.objects.filter(used__gt=0).exists()


def test_what_another_site_makes_a_browser_send_uses_up_nothing(ada: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/accounts/login/", {"login": ada.email, "password": "wrong"})
    assert answer.status_code == 403
    assert not LimitUse.objects.filter(used__gt=0).exists()


def test_guesses_at_a_known_and_an_unknown_address_are_refused_alike(ada: User) -> None:
    def answers(email: str, network: str) -> list[int]:
        form = {"login": email, "password": "wrong"}
        return [Client(REMOTE_ADDR=network).post("/accounts/login/", form).status_code for _ in range(7)]

    assert answers(ada.email, "192.0.2.1") == answers("nobody@example.org", "192.0.2.2")


def test_a_session_of_the_same_account_gives_a_guesser_of_codes_no_room(ada: User, client: Client) -> None:
    """A page that only redirects who is signed in already proves nothing, and takes no count back."""
    TOTP.activate(ada, generate_totp_secret())
    client.force_login(ada)
    statuses = []
    for _ in range(7):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
        statuses.append(client.post("/accounts/2fa/reauthenticate/", {"code": "000000"}).status_code)
    assert statuses.count(429) >= 4


@pytest.mark.parametrize("page", ["account_reset_password", "account_signup"])
def test_a_field_that_the_page_does_not_read_moves_no_count(page: str, ada: User, settings: Any) -> None:
    """The mail goes to the field "email": another one beside it must not be counted in its place."""
    settings.LIMITS = {"reset_mailbox": "2/d", "sign_up_mailbox": "2/h"}
    forms = [{"email": ada.email, "login": f"{number}@example.org"} for number in range(3)]
    statuses = [
        Client(REMOTE_ADDR=f"192.0.2.{number}").post(address(page), form).status_code
        for number, form in enumerate(forms)
    ]
    assert statuses[-1] == 429
