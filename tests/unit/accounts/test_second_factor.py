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
from portal.core import audit
from portal.core.keys import UnwrapRefused
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
    with pytest.raises(UnwrapRefused):
        MFAAdapter().decrypt(other)


def test_password_alone_does_not_sign_in(client: Client, ada: User, secret: str) -> None:
    answer = sign_in(client, ada)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert principal(client).user is None


def test_session_that_proved_the_factor_counts(client: Client, ada: User, secret: str, settings: Any) -> None:
    settings.STAFF_MFA = True
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


def test_a3_session_opened_before_the_factor_was_set_up_does_not_count(
    client: Client, ada: User, settings: Any
) -> None:
    settings.STAFF_MFA = True
    sign_in(client, ada)
    TOTP.activate(ada, generate_totp_secret())
    found = principal(client)
    assert (found.user, found.mfa) == (ada, False)
    verdict = staff_gate(found)
    assert not verdict
    assert verdict.code == "mfa_required"


@pytest.mark.django_db(transaction=True)
def test_session_that_set_the_factor_up_counts_at_once(client: Client, ada: User) -> None:
    sign_in(client, ada)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_now(secret)})
    assert answer.status_code == 302
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
    settings.STAFF_MFA = False
    assert staff_gate(principal(client))
    settings.STAFF_MFA = True
    assert not staff_gate(principal(client))
