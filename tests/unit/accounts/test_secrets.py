"""Secrets in columns: bound to their column and to a key of their own, which can be changed."""

import base64
import importlib
import secrets as chance
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from portal.accounts import checks, factors, secrets
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core.keys import master_key

COLUMN = "table.column"
migration = importlib.import_module("portal.accounts.migrations.0003_secrets_key")


def make_key(folder: Path, name: str) -> str:
    path = folder / name
    path.write_bytes(base64.b64encode(chance.token_bytes(32)))
    return f"file:{path}"


def test_what_is_wrapped_opens_for_its_column_alone() -> None:
    wrapped = secrets.wrap("JBSWY3DP", COLUMN)
    assert secrets.unwrap(wrapped, COLUMN) == "JBSWY3DP"
    with pytest.raises(secrets.SecretRefused, match="another column"):
        secrets.unwrap(wrapped, "table.other")


@pytest.mark.parametrize("text", ["", "no base64!", "AAAA", base64.b64encode(b"\x01" * 60).decode()])
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(secrets.SecretRefused):
        secrets.unwrap(text, COLUMN)


@pytest.mark.parametrize("place", [0, 5, 15, 30, -1])
def test_a_changed_byte_is_refused(place: int) -> None:
    blob = bytearray(base64.b64decode(secrets.wrap("JBSWY3DP", COLUMN)))
    blob[place] ^= 1
    with pytest.raises(secrets.SecretRefused):
        secrets.unwrap(base64.b64encode(blob).decode(), COLUMN)


def test_first_key_wraps_and_the_others_unwrap(settings: Any, tmp_path: Path) -> None:
    old, new = make_key(tmp_path, "old"), make_key(tmp_path, "new")
    settings.SECRETS_KEY = old
    wrapped = secrets.wrap("x", COLUMN)
    settings.SECRETS_KEY = f"{new}, {old}"
    assert secrets.unwrap(wrapped, COLUMN) == "x"
    assert not secrets.is_current(wrapped)
    assert secrets.is_current(secrets.wrap("x", COLUMN))
    settings.SECRETS_KEY = new
    with pytest.raises(secrets.SecretRefused, match="does not name"):
        secrets.unwrap(wrapped, COLUMN)


@pytest.mark.parametrize(
    ("content", "said"), [("!", "base64"), (base64.b64encode(b"x" * 31).decode(), "it holds 31")]
)
def test_key_that_is_none_is_named(settings: Any, tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    settings.SECRETS_KEY = f"file:{path}"
    with pytest.raises(ImproperlyConfigured, match=said):
        secrets.keys()
    assert [found.id for found in checks.secrets_key_is_there(None)] == ["accounts.E001"]


def test_key_of_raw_bytes_is_named(settings: Any, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(bytes(range(255, 223, -1)))
    settings.SECRETS_KEY = f"file:{path}"
    assert [found.id for found in checks.secrets_key_is_there(None)] == ["accounts.E001"]


@pytest.mark.parametrize("source", ["", "plain", "env:WP_TEST_ABSENT", "file:/nonexistent/key", "kms:x"])
def test_key_that_cannot_be_read_is_named(settings: Any, source: str) -> None:
    settings.SECRETS_KEY = source
    with pytest.raises(ImproperlyConfigured, match="SECRETS_KEY"):
        secrets.keys()


@pytest.fixture
def secret(ada: User) -> str:
    secret = generate_totp_secret()
    TOTP.activate(ada, secret)
    RecoveryCodes.activate(ada)
    return secret


def opened() -> list[Any]:
    app, codes = (Authenticator.objects.get(type=kind) for kind in ("totp", "recovery_codes"))
    column = "mfa_authenticator.data"
    return [secrets.unwrap(app.data["secret"], column), secrets.unwrap(codes.data["seed"], column)]


@pytest.mark.database
def test_rewrapping_lets_the_old_key_go(settings: Any, tmp_path: Path, secret: str) -> None:
    before, old, new = opened(), settings.SECRETS_KEY, make_key(tmp_path, "new")
    settings.SECRETS_KEY = f"{new},{old}"
    call_command("rewrap_secrets")
    settings.SECRETS_KEY = new
    assert opened() == before
    assert before[0] == secret


@pytest.mark.django_db
def test_rewrapping_without_the_old_key_says_so(settings: Any, tmp_path: Path, secret: str) -> None:
    settings.SECRETS_KEY = make_key(tmp_path, "new")
    with pytest.raises(CommandError, match="does not name"):
        call_command("rewrap_secrets")


@pytest.mark.database
def test_what_the_master_key_wrapped_is_brought_over_and_back(secret: str) -> None:
    before = opened()
    migration.backwards(apps, None)
    old = Authenticator.objects.get(type="totp").data["secret"]
    assert master_key().unwrap(base64.b64decode(old), "mfa_authenticator.secret").decode() == secret
    for _ in range(2):  # a second run finds nothing to do
        migration.forwards(apps, None)
    assert opened() == before


CODES, KEY = Principal(mfa=True), Principal(mfa=True, passkey=True)


@pytest.mark.parametrize(
    ("word", "nothing", "codes", "passkey"),
    [
        ("passkey", True, True, False),
        ("on", True, True, False),
        (True, True, True, False),
        ("any", True, False, False),
        ("off", False, False, False),
        (False, False, False, False),
        ("no such word", True, True, False),
    ],
)
def test_a3_what_the_words_of_staff_mfa_ask_for(
    settings: Any, word: Any, nothing: bool, codes: bool, passkey: bool
) -> None:
    settings.STAFF_MFA = word
    missing = [factors.staff_factor_missing(each) for each in (Principal(), CODES, KEY)]
    assert missing == [nothing, codes, passkey]


def test_word_without_a_meaning_stops_the_start(settings: Any) -> None:
    settings.STAFF_MFA = "totp"
    assert [found.id for found in checks.staff_factor_is_a_known_word(None)] == ["accounts.E002"]
    settings.STAFF_MFA = "passkey"
    assert checks.staff_factor_is_a_known_word(None) == []


def test_codes_for_staff_are_warned_of(settings: Any) -> None:
    settings.STAFF_MFA = "any"
    assert [found.id for found in checks.staff_codes_can_be_relayed(None)] == ["accounts.W101"]
    settings.STAFF_MFA = "passkey"
    assert checks.staff_codes_can_be_relayed(None) == []
