"""Second factors: their secrets are encrypted; a session counts only when it proved one itself."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client
from django.utils import timezone

from portal.accounts.adapter import MFAAdapter
from portal.accounts.models import User
from portal.accounts.policies import staff_gate
from portal.accounts.secrets import SecretRefused
from portal.core import audit
from tests.unit.accounts.conftest import PASSWORD
from tests.unit.accounts.test_sessions import principal, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _standing_clock() -> Iterator[None]:
    """A code must not grow old between its making and its use."""
    with time_machine.travel(timezone.now(), tick=False):
        yield


def code_now(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


@pytest.fixture
def secret(ada: User) -> str:
    """Ada has an authenticator app with this secret, and recovery codes."""
    secret = generate_totp_secret()
    TOTP.activate(ada, secret)
    RecoveryCodes.activate(ada)
    return secret


def test_secrets_are_not_in_the_database(ada: User, secret: str) -> None:
    rows = {row.type: row for row in Authenticator.objects.all()}
    assert secret not in str(rows["totp"].data)
    codes = rows["recovery_codes"].wrap().get_unused_codes()
    assert len(codes) == 10
    assert not any(code in str(rows["recovery_codes"].data) for code in codes)
    assert MFAAdapter().decrypt(rows["totp"].data["secret"]) == secret


def test_changed_secret_is_refused() -> None:
    stored = MFAAdapter().encrypt("JBSWY3DPEHPK3PXP")
    other = ("A" if stored[-5] != "A" else "B").join([stored[:-5], stored[-4:]])
    with pytest.raises(SecretRefused):
        MFAAdapter().decrypt(other)


def test_password_alone_does_not_sign_in(client: Client, ada: User, secret: str) -> None:
    answer = sign_in(client, ada)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert principal(client).user is None


def test_session_that_proved_the_factor_counts(client: Client, ada: User, secret: str, settings: Any) -> None:
    settings.STAFF_MFA = "any"
    sign_in(client, ada)
    client.post("/accounts/2fa/authenticate/", {"code": code_now(secret)})
    found = principal(client)
    assert (found.user, found.mfa) == (ada, True)
    assert staff_gate(found)


def test_a4_code_works_once(client: Client, ada: User, secret: str) -> None:
    code = code_now(secret)
    for browser in (client, Client()):
        sign_in(browser, ada)
        browser.post("/accounts/2fa/authenticate/", {"code": code})
    assert principal(client).mfa
    assert principal(browser).user is None


def test_m1_sessions_from_before_the_factor_are_over(client: Client, ada: User) -> None:
    sign_in(client, ada)
    TOTP.activate(ada, generate_totp_secret())
    assert principal(client).user is None


def test_new_recovery_codes_end_no_session(client: Client, ada: User, secret: str) -> None:
    sign_in(client, ada)
    client.post("/accounts/2fa/authenticate/", {"code": code_now(secret)})
    Authenticator.objects.filter(type="recovery_codes").delete()
    RecoveryCodes.activate(ada)
    assert principal(client).mfa


@pytest.fixture
def unproved(client: Client, ada: User, secret: str) -> Client:
    """A session of Ada's that stands although it never proved her factor."""
    client.force_login(ada)
    assert principal(client).user == ada
    return client


def test_a3_session_that_never_proved_the_factor_is_no_staff_session(unproved: Client, settings: Any) -> None:
    settings.STAFF_MFA = "any"
    verdict = staff_gate(principal(unproved))
    assert not verdict
    assert verdict.code == "mfa_required"


@pytest.mark.parametrize(
    "path", ["", "totp/activate/", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/",
             "recovery-codes/download/"],
)  # fmt: skip
def test_m1_password_alone_reaches_no_page_of_the_second_factor(unproved: Client, path: str) -> None:
    proof = f"/accounts/2fa/reauthenticate/?next=/accounts/2fa/{path}"
    refused = unproved.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert refused["Location"] == "/accounts/2fa/reauthenticate/"
    for answer in (unproved.get(f"/accounts/2fa/{path}"), unproved.post(f"/accounts/2fa/{path}")):
        assert (answer.status_code, answer["Location"]) == (302, proof)
    assert Authenticator.objects.count() == 2


def test_m1_password_alone_is_no_proof_for_what_asks_for_one(unproved: Client) -> None:
    unproved.post("/accounts/reauthenticate/", {"password": PASSWORD})
    answer = unproved.post("/tokens/", {"name": "x", "scopes": "read", "days": "7"})
    assert answer["Location"].startswith("/accounts/2fa/reauthenticate/")


def test_proving_the_factor_opens_its_pages(unproved: Client, secret: str) -> None:
    answer = unproved.post(
        "/accounts/2fa/reauthenticate/?next=/accounts/2fa/recovery-codes/", {"code": code_now(secret)}
    )
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    assert unproved.get("/accounts/2fa/recovery-codes/").status_code == 200
    assert principal(unproved).mfa


def test_password_still_confirms_where_the_factor_was_proved(client: Client, ada: User, secret: str) -> None:
    sign_in(client, ada)
    client.post("/accounts/2fa/authenticate/", {"code": code_now(secret)})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.get("/accounts/2fa/recovery-codes/").status_code == 200


def set_up(client: Client) -> str:
    """Set up an authenticator app in this browser; return the code that did it."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    code = code_now(client.get("/accounts/2fa/totp/activate/").context["form"].secret)
    assert client.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302
    return code


@pytest.mark.django_db(transaction=True)
def test_m1_setting_a_factor_up_or_taking_it_away_leaves_this_session_alone(
    client: Client, ada: User
) -> None:
    before, later = Client(), Client()
    sign_in(before, ada)
    sign_in(client, ada)
    set_up(client)
    assert (principal(before).user, principal(client).user) == (None, ada)
    later.force_login(ada)
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert (principal(later).user, principal(client).user) == (None, ada)


@pytest.mark.django_db(transaction=True)
def test_a4_l2_code_that_set_the_factor_up_signs_nobody_in(client: Client, ada: User) -> None:
    sign_in(client, ada)
    code = set_up(client)
    for again in (code, f"{code[:3]} {code[3:]}"):
        thief = Client()
        sign_in(thief, ada)
        assert thief.post("/accounts/2fa/authenticate/", {"code": again}).status_code == 200
        assert principal(thief).user is None


@pytest.mark.django_db(transaction=True)
def test_session_that_set_the_factor_up_counts_at_once(client: Client, ada: User) -> None:
    sign_in(client, ada)
    set_up(client)
    assert principal(client).mfa
    kinds = [event.kind for event in audit.trail(f"user:{ada.public_id}")]
    assert "account.second_factor_added" in kinds


def test_factor_taken_away_no_longer_counts(client: Client, ada: User, secret: str) -> None:
    sign_in(client, ada)
    client.post("/accounts/2fa/authenticate/", {"code": code_now(secret)})
    Authenticator.objects.all().delete()
    assert not principal(client).mfa


def test_a3_gate_opens_without_a_factor_only_where_the_setting_says_so(
    client: Client, ada: User, settings: Any
) -> None:
    sign_in(client, ada)
    settings.STAFF_MFA = "off"
    assert staff_gate(principal(client))
    settings.STAFF_MFA = "any"
    assert not staff_gate(principal(client))
