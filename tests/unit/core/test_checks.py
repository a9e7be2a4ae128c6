"""System checks: a missing setting is named with a hint; stand-ins do not pass `check --deploy`."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portal.core import certificates, checks

PRODUCTION = {
    "EMBEDDED": False,
    "STAFF_MFA": "passkey",
    "DEBUG": False,
    "CONTACT_EMAIL": "weights-help@example.org",
    "CELERY_BROKER_URL": "redis://localhost:6379/0",
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql"}},
}


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the checks take for the settings; Django does not let DATABASES be overridden for real."""
    stand_in = SimpleNamespace(**PRODUCTION)
    monkeypatch.setattr(checks, "settings", stand_in)
    monkeypatch.setattr(certificates, "is_stand_in", lambda: False)
    return stand_in


def found(check: Callable[..., Any]) -> list[str]:
    return [message.id for message in check(None)]


@pytest.mark.parametrize("name", checks.REQUIRED)
def test_missing_setting_is_named_with_a_hint(settings: Any, name: str) -> None:
    setattr(settings, name, "")
    [message] = checks.settings_are_there(None)
    assert message.msg == f"{name} is not set."
    assert message.hint == checks.REQUIRED[name]


@pytest.mark.parametrize(("lifetime_s", "complaints"), [(59, 1), (60, 0), (900, 0), (901, 1), (-1, 1)])
def test_g5_url_lifetime_stays_in_its_range(settings: Any, lifetime_s: int, complaints: int) -> None:
    settings.URL_LIFETIME_S = lifetime_s
    assert len(checks.settings_are_there(None)) == complaints


@pytest.mark.parametrize(("most", "complaints"), [(1, 0), (0, 1), (-1, 1)])
def test_there_is_room_for_one_delivery(settings: Any, most: int, complaints: int) -> None:
    settings.DELIVERY_MOST_AT_ONCE = most
    assert len(checks.settings_are_there(None)) == complaints


@pytest.mark.parametrize("location", ["", "/sealed/", "/a/b-c/"])
def test_location_of_the_proxy_is_accepted(settings: Any, location: str) -> None:
    settings.DELIVERY_ACCEL = location
    assert found(checks.delivery_location_is_one) == []


@pytest.mark.parametrize(
    "location", ["sealed", "/sealed", "sealed/", "/", "//", "/../", "/a?b/", "/s\n/", "/delivery/", "/keys/"]
)
def test_location_that_the_proxy_cannot_have_is_refused(settings: Any, location: str) -> None:
    settings.DELIVERY_ACCEL = location
    assert found(checks.delivery_location_is_one) == ["core.E005"]


@pytest.mark.parametrize(
    ("embedded", "store", "accel", "warnings"),
    [
        (False, "file:///srv/weights", "", ["core.W107"]),
        (False, "file:///srv/weights", "/sealed/", []),
        (False, "s3://weights?endpoint=https://s3.example.org", "", []),
        (True, "file:///srv/weights", "", []),
    ],
)
def test_bytes_that_pass_a_web_process_are_warned_of(
    settings: Any, embedded: bool, store: str, accel: str, warnings: list[str]
) -> None:
    settings.EMBEDDED, settings.STORAGE_URL, settings.DELIVERY_ACCEL = embedded, store, accel
    settings.DELIVERY_MOST_AT_ONCE = 5
    messages = checks.bodies_pass_no_web_process(None)
    assert [message.id for message in messages] == warnings
    assert all("5 at once" in str(message.hint) for message in messages)


def test_each_missing_key_is_an_error_of_its_own(settings: Any, tmp_path: Path) -> None:
    assert found(checks.keys_are_there) == []
    settings.MASTER_KEY = "env:WP_TEST_ABSENT"
    settings.SIGNING_KEYS = str(tmp_path)
    assert found(checks.keys_are_there) == ["core.E003"] * 5


@pytest.mark.parametrize("process", ["keeper", "log_signer"])
def test_who_serves_nobody_is_not_asked_for_what_serving_needs(settings: Any, process: str) -> None:
    settings.PROCESS = process
    settings.SECRETS_KEY = settings.DELIVERY_KEYS = settings.AGREEMENT_KEY = ""
    assert found(checks.settings_are_there) == found(checks.keys_are_there) == []
    settings.PROCESS = "web"
    assert found(checks.settings_are_there) == ["core.E001"] * 3
    assert found(checks.keys_are_there) == ["core.E003"] * 2


def test_production_parts_pass_deploy(production: SimpleNamespace) -> None:
    assert found(checks.stand_ins_are_gone) == []


@pytest.mark.parametrize(
    ("name", "value", "identifier"),
    [
        ("STAFF_MFA", False, "core.E101"),
        ("STAFF_MFA", "off", "core.E101"),
        ("EMBEDDED", True, "core.E102"),
        ("CELERY_BROKER_URL", "filesystem://", "core.E103"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "core.E104"),
        ("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend", "core.E104"),
        ("DATABASES", {"default": {"ENGINE": "django.db.backends.sqlite3"}}, "core.E105"),
        ("DEBUG", True, "core.E106"),
        ("CONTACT_EMAIL", "", "core.E109"),
        ("CONTACT_EMAIL", "contact@localhost", "core.E109"),
    ],
)
def test_stand_in_fails_deploy(production: SimpleNamespace, name: str, value: Any, identifier: str) -> None:
    setattr(production, name, value)
    [message] = checks.stand_ins_are_gone(None)
    assert message.id == identifier
    assert message.msg.startswith("Not for production: ")
    assert message.hint
