"""A7: what people do to their own account leaves an event, on each of allauth's pages that we have."""

from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from portal.core.log import sentences
from portal.core.models import AuditEvent
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import PASSWORD, World

SECOND = "ada@second.example"
NEW_PASSWORD = "quite another long passphrase"
SIGN_UP = {
    "email": "Grace@Example.org",
    "full_name": "Grace  Hopper",
    "organization": "Example University",
    "country": "US",
    "password1": PASSWORD,
    "password2": PASSWORD,
}
# By the name of the address: the events that its form leaves; none, where it changes nothing.
LEFT = {
    "account_login": {"account.signed_in", "account.sign_in_failed"},
    "account_logout": {"account.signed_out"},
    "account_signup": {"account.signed_up"},
    "account_reauthenticate": {"account.sign_in_failed"},
    "account_email": {"account.email_changed", "account.email_removed"},
    "account_email_verification_sent": {"account.email_verified", "account.email_added"},
    "account_change_password": {"account.password_changed"},
    "account_set_password": {"account.password_set"},
    "account_reset_password_from_key": {"account.password_reset"},
    "account_confirm_login_code": {"account.signed_in"},
    "mfa_authenticate": {"account.signed_in", "account.second_factor_failed"},
    "mfa_reauthenticate": {"account.second_factor_failed"},
    "mfa_activate_totp": {"account.second_factor_added"},
    "mfa_deactivate_totp": {"account.second_factor_removed"},
    "mfa_generate_recovery_codes": {"account.second_factor_added", "account.second_factor_reset"},
    "mfa_add_webauthn": {"account.second_factor_added"},
    "mfa_remove_webauthn": {"account.second_factor_removed"},
    "mfa_edit_webauthn": {"account.passkey_renamed"},
    "mfa_login_webauthn": {"account.signed_in"},
    "mfa_reauthenticate_webauthn": set(),  # it proves who sits there
    "openid_connect_callback": {"account.signed_in", "account.provider_connected"},
    "socialaccount_connections": {"account.provider_disconnected"},
    "socialaccount_signup": {"account.signed_up"},
    "openid_connect_login": set(),  # it leads to the provider
    "socialaccount_login_cancelled": set(),
    "socialaccount_login_error": set(),
    "None": set(),  # allauth's old addresses, which lead to those above
    "account_reset_password": set(),  # it mails a code, and says the same of every address
    "account_reset_password_done": set(),
    "account_reset_password_from_key_done": set(),
    "account_inactive": set(),
    "mfa_index": set(),
    "mfa_list_webauthn": set(),
    "mfa_view_recovery_codes": set(),
    "mfa_download_recovery_codes": set(),
}


def names(patterns: list[URLPattern | URLResolver], within: str = "") -> Iterator[tuple[str, str]]:
    for each in patterns:
        place = f"{within}{each.pattern}"
        if isinstance(each, URLPattern):
            yield place, str(each.name)
        else:
            yield from names(each.url_patterns, place)


def left(before: int) -> set[str]:
    return set(AuditEvent.objects.filter(index__gt=before).values_list("kind", flat=True))


def newest() -> int:
    event = AuditEvent.objects.order_by("-index").first()
    return event.pk if event else 0


def test_a7_every_page_of_an_account_has_a_row() -> None:
    every = {name for place, name in names(get_resolver().url_patterns) if place.startswith("accounts/")}

    assert every == LEFT.keys()
    assert set().union(*LEFT.values()) <= set(sentences.kinds())


def test_a7_signing_up_in_and_out(world: World) -> None:
    client, start = Client(), newest()
    client.post("/accounts/signup/", SIGN_UP)
    assert "account.signed_up" in left(start)

    start = newest()
    client = Client()
    client.post("/accounts/login/", {"login": "ada@nlp.example.edu", "password": "not it at all"})
    client.post("/accounts/login/", {"login": "ada@nlp.example.edu", "password": PASSWORD})
    client.post("/accounts/logout/")
    assert left(start) >= {"account.sign_in_failed", "account.signed_in", "account.signed_out"}


def test_a7_a_new_password(open_as: OpenAs) -> None:
    start = newest()
    said = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    open_as("ada").post("/accounts/password/change/", said)

    assert "account.password_changed" in left(start)


@pytest.mark.parametrize(
    ("verb", "kind"),
    [("action_primary", "account.email_changed"), ("action_remove", "account.email_removed")],
)
def test_a7_addresses(world: World, open_as: OpenAs, verb: str, kind: str) -> None:
    EmailAddress.objects.create(user=world.people["ada"], email=SECOND, verified=True)
    start = newest()
    open_as("ada").post("/accounts/email/", {verb: "", "email": SECOND, "confirm": "yes", "go": "yes"})

    assert kind in left(start)
