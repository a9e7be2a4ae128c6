"""ASVS 6.5.3, 6.5.4, 6.6.2, 7.2.3: codes, seeds and cookies nobody can guess, each for whom it was made."""

import math
import random
from collections.abc import Callable

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.test import Client

from portal.accounts.devices.codes import new_user_code
from portal.accounts.session_store import SessionStore
from tests.unit.accounts.test_sign_up import code_in_last_mail, sign_up

# How each is made, and the fewest random bits that ASVS asks of it.
MADE: dict[str, tuple[Callable[[], str], int]] = {
    "mailed code": (lambda: str(get_adapter().generate_email_verification_code()), 20),
    "code of a machine": (new_user_code, 20),
    "seed of an app": (generate_totp_secret, 112),
    "seed of recovery codes": (RecoveryCodes.generate_seed, 112),
    "cookie of a session": (lambda: str(SessionStore()._get_new_session_key()), 128),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", MADE)
def test_it_is_random_and_whoever_knows_the_common_generator_knows_none(name: str) -> None:
    make, _ = MADE[name]
    before = random.getstate()
    try:
        made = set()
        for _ in range(5):
            random.seed(1)
            made.add(make())
    finally:
        random.setstate(before)
    assert len(made) == 5


@pytest.mark.django_db
@pytest.mark.parametrize("name", MADE)
def test_it_has_bits_enough(name: str) -> None:
    """The letters that it can be of, as seen in many: their number to the power of its length."""
    make, bits = MADE[name]
    many = [make().replace("-", "") for _ in range(200)]
    letters = len(set("".join(many)))
    assert min(map(len, many)) * math.log2(letters) >= bits


@pytest.mark.django_db
def test_a_mailed_code_is_for_the_browser_that_asked(client: Client) -> None:
    """6.6.2: another browser in the same step does not come in by it, and the right one does."""
    sign_up(client)
    code, other = code_in_last_mail(), Client()
    sign_up(other, email="mallory@example.org")
    other.post("/accounts/confirm-email/", {"code": code})
    assert "_auth_user_id" not in other.session
    assert not EmailAddress.objects.filter(verified=True).exists()
    client.post("/accounts/confirm-email/", {"code": code})
    assert [each.email for each in EmailAddress.objects.filter(verified=True)] == ["grace@example.org"]
