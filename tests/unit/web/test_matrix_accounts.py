"""A1 for the account pages, and that no room of the site is left out of a matrix."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.unit.web.conftest import OpenAs
from tests.unit.web.matrix import GET as PAGES

# What a visitor and a signed-in person are answered: a page, or where they are led.
SIGN_IN, HOME = "/accounts/login/", "/"
ACCOUNT_PAGES: dict[str, tuple[str, str]] = {
    "account_login": ("page", HOME),
    "account_signup": ("page", HOME),
    "account_logout": (HOME, "page"),
    "account_inactive": ("page", "page"),
    "account_reauthenticate": (SIGN_IN, "page"),
    "account_email": (SIGN_IN, "page"),
    "account_email_verification_sent": (SIGN_IN, "/accounts/email/"),
    "account_change_password": (SIGN_IN, "page"),
    "account_set_password": (SIGN_IN, "/accounts/password/change/"),
    "account_reset_password": ("page", "page"),
    "account_reset_password_done": ("page", "page"),
    "account_reset_password_from_key_done": ("page", "page"),
    "account_confirm_login_code": (SIGN_IN, HOME),
    "socialaccount_connections": (SIGN_IN, "page"),
    "socialaccount_signup": (SIGN_IN, SIGN_IN),
    "socialaccount_login_cancelled": ("page", "page"),
    "mfa_index": (SIGN_IN, "page"),
    "mfa_authenticate": (SIGN_IN, HOME),
    "mfa_reauthenticate": (SIGN_IN, "/accounts/reauthenticate/"),
    "mfa_list_webauthn": (SIGN_IN, "page"),
    "mfa_add_webauthn": (SIGN_IN, "page"),
    "mfa_login_webauthn": (SIGN_IN, HOME),
    "mfa_reauthenticate_webauthn": (SIGN_IN, "/accounts/reauthenticate/"),
    "mfa_activate_totp": (SIGN_IN, "page"),
    "mfa_deactivate_totp": (SIGN_IN, "gone"),
    "mfa_view_recovery_codes": (SIGN_IN, "gone"),
    "mfa_generate_recovery_codes": (SIGN_IN, "page"),
    "mfa_download_recovery_codes": (SIGN_IN, "gone"),
}
EACH_ROLE = ("ada", "ravi", "rosa", "mika", "otto", "alma")
# Tested with what they open: a one-time address, files for who holds a signed one, what programs sign in by
# (tests/unit/accounts/devices), and a person's own passkeys (tests/unit/accounts/test_passkeys.py).
OAUTH = {"device_code", "device_token", "device_revoke"}
PASSKEYS = {"mfa_edit_webauthn", "mfa_remove_webauthn"}
# Accounts elsewhere: tests/unit/accounts/test_providers.py. None: allauth's old addresses, which lead there.
PROVIDERS = {"openid_connect_login", "openid_connect_callback", "socialaccount_login_error", None}
ELSEWHERE = {"account_reset_password_from_key", "delivery", *OAUTH, *PASSKEYS, *PROVIDERS}


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str | None]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern.name
        elif str(pattern.pattern) not in ("api/v1/", "admin/"):
            yield from names(pattern.url_patterns)


def test_every_address_outside_the_api_and_the_admin_has_a_row() -> None:
    """A1. The API's matrix and the admin's stand with them."""
    assert set(names(get_resolver().url_patterns)) == {*PAGES, *ACCOUNT_PAGES, *ELSEWHERE}


@pytest.mark.parametrize("name", ACCOUNT_PAGES)
def test_who_may_look_at_an_account_page(open_as: OpenAs, name: str) -> None:
    """A1: whatever they may elsewhere, here everybody has what is their own."""
    visitor, signed_in = ACCOUNT_PAGES[name]
    answers = {reader: said(open_as(reader).get(reverse(name))) for reader in ("", *EACH_ROLE)}

    assert answers == {"": visitor, **dict.fromkeys(EACH_ROLE, signed_in)}


@pytest.mark.parametrize("name", ACCOUNT_PAGES)
def test_a_head_is_answered_as_a_get_is(open_as: OpenAs, name: str) -> None:
    answers = [open_as(reader).head(reverse(name)) for reader in (None, "ada")]

    assert tuple(said(answer) for answer in answers) == ACCOUNT_PAGES[name]


def said(answer: Any) -> str:
    if answer.status_code == 200:
        return "page"
    if answer.status_code in (403, 404):
        return "gone"
    return str(answer["Location"]).partition("?")[0]
