"""Passwords: long ones of any kind, as they were typed; not the common ones, not the words of this place."""

import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.test import Client, override_settings

from portal.accounts.models import User
from tests.unit.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LONG = "Ünïcode and 🔑 spaces, " * 5


@pytest.mark.parametrize(
    "password", ["twelve chars", "aaaaaaaaaaab", "0000 1111 2222 3333", LONG, "x" * 64 + "y"]
)
def test_any_composition_from_twelve_characters_is_taken(password: str) -> None:
    validate_password(password)


@pytest.mark.parametrize(
    "password",
    ["eleven char", "123456789012", "qwertyuiop123", "WeightsPortal1",
     "weights-portal-2026", "Admin password", "opt-175b-opt-175b"],
)  # fmt: skip
def test_short_common_and_local_ones_are_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


def test_a_word_of_this_place_among_others_is_no_fault() -> None:
    validate_password("the weights of four elephants")


def test_the_name_of_the_portal_is_a_word_of_it(settings: Any) -> None:
    settings.PORTAL_NAME = "Zygomorph Institute"
    with pytest.raises(ValidationError, match="words that anybody would try"):
        validate_password("zygomorph2026!")


def test_at_least_three_thousand_of_the_refused_are_known_from_breaches() -> None:
    known = CommonPasswordValidator().passwords
    assert sum(len(each) >= 8 for each in known) > 3000


@pytest.mark.parametrize("typed", [PASSWORD.upper(), f" {PASSWORD}", f"{PASSWORD} ", PASSWORD[:-1]])
def test_a_password_is_checked_as_it_was_typed(ada: User, typed: str) -> None:
    answer = Client().post("/accounts/login/", {"login": ada.email, "password": typed})
    assert answer.status_code == 200


def test_a_password_longer_than_64_characters_signs_in_and_its_end_matters(ada: User) -> None:
    ada.set_password(LONG)
    ada.save()
    wrong = Client().post("/accounts/login/", {"login": ada.email, "password": LONG[:-3]})
    right = Client().post("/accounts/login/", {"login": ada.email, "password": LONG})
    assert (wrong.status_code, right.status_code) == (200, 302)


def test_fields_are_masked_and_left_to_password_managers(client: Client) -> None:
    for path in ("/accounts/login/", "/accounts/signup/"):
        page = client.get(path).content.decode()
        fields = re.findall(r'<input[^>]*name="password[12]?"[^>]*>', page)
        assert fields
        for field in fields:
            assert 'type="password"' in field
            assert re.search(r'autocomplete="(current|new)-password"', field)
            assert "onpaste" not in field


def test_changing_it_takes_the_present_one(ada: User, client: Client) -> None:
    client.force_login(ada)
    new = "another long password"
    form = {"oldpassword": "not the present one", "password1": new, "password2": new}
    client.post("/accounts/password/change/", form)
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_no_account_comes_with_the_software() -> None:
    assert not User.objects.exists()


def test_nobody_has_to_change_it_by_the_calendar() -> None:
    assert not any("expir" in name.lower() for name in dir(django_settings) if "PASSWORD" in name)


def test_it_is_kept_by_a_slow_hash_of_its_own_salt() -> None:
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"]):
        first, second = make_password(PASSWORD), make_password(PASSWORD)
        assert first != second
        decoded = identify_hasher(first).decode(first)
    assert decoded["algorithm"] == "pbkdf2_sha256"
    assert decoded["iterations"] >= 600_000


def test_mailed_codes_live_ten_minutes_and_codes_of_an_app_half_a_minute() -> None:
    assert django_settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT <= 600
    assert getattr(django_settings, "MFA_TOTP_TOLERANCE", 0) == 0
    assert getattr(django_settings, "MFA_TOTP_PERIOD", 30) == 30
