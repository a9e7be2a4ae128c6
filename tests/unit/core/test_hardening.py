"""Checks of keys, cookies, hosts, caches and the database user, each by itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.db import connection

from portal.core import hardening
from weights_vault.sealed.signing import SigningKey

GOOD = {
    "SESSION_COOKIE_NAME": "__Host-session",
    "CSRF_COOKIE_NAME": "__Host-csrf",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "CSRF_COOKIE_HTTPONLY": True,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "ALLOWED_HOSTS": ["weights.example.org"],
    "CACHES": {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://[::1]:1"}
    },
    "CELERY_BROKER_URL": "amqp://broker.example.org",
    "SECRET_KEY": "correct horse battery staple, and 14 other words, all mine",
}
CHECKS: list[Callable[..., list[CheckMessage]]] = [
    hardening.secret_key_is_strong,
    hardening.cookies_are_bound_to_this_host,
    hardening.hosts_are_named,
    hardening.what_leaves_the_machine_is_encrypted,
    hardening.cache_is_shared,
    hardening.limits_are_rates,
]


@pytest.fixture
def good(settings: Any) -> Any:
    for name, value in GOOD.items():
        setattr(settings, name, value)
    return settings


def found() -> list[str | None]:
    return [message.id for each in CHECKS for message in each(None)]


def test_good_settings_pass(good: Any) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SECRET_KEY", "short", "E131"),
        ("SECRET_KEY", "ab" * 40, "E131"),
        ("SECRET_KEY", "django-insecure-correct horse battery staple, and 14 words", "E131"),
        ("SESSION_COOKIE_NAME", "sessionid", "E134"),
        ("SESSION_COOKIE_SECURE", False, "E134"),
        ("CSRF_COOKIE_SECURE", False, "E134"),
        ("CSRF_COOKIE_HTTPONLY", False, "E134"),
        ("SESSION_COOKIE_HTTPONLY", False, "E134"),
        ("SESSION_COOKIE_SAMESITE", "None", "E134"),
        ("SESSION_COOKIE_DOMAIN", "example.org", "E134"),
        ("SECURE_HSTS_SECONDS", 3600, "E135"),
        ("SECURE_SSL_REDIRECT", False, "E135"),
        ("ALLOWED_HOSTS", ["*"], "E136"),
        ("USE_X_FORWARDED_HOST", True, "E136"),
        ("USE_X_FORWARDED_PORT", True, "E136"),
        ("ALLAUTH_TRUSTED_PROXY_COUNT", 1, "E137"),
        ("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https"), "E137"),
        ("CELERY_BROKER_URL", "rediss://broker.example.org", "W139"),
        ("CELERY_BROKER_URL", "redis://:secret@broker.example.org", "W140"),
        ("CACHES", {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, "E141"),
        ("CACHES", {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache"}}, "E141"),
        ("LIMITS", {"tokens": "lots"}, "E130"),
        ("LIMITS", {"nothing": "1/m"}, "E130"),
    ],
)
def test_each_fault_is_found_alone(good: Any, name: str, value: object, code: str) -> None:
    setattr(good, name, value)
    assert found() == [f"core.{code}"]


@pytest.mark.parametrize(("host", "tls", "codes"), [
    ("mail.example.org", False, ["core.E138"]), ("mail.example.org", True, []), ("localhost", False, []),
])  # fmt: skip
def test_mail_off_this_machine_goes_by_tls(good: Any, host: str, tls: bool, codes: list[str]) -> None:
    good.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    good.EMAIL_HOST, good.EMAIL_USE_TLS = host, tls
    assert found() == codes


@pytest.mark.parametrize(("host", "sslmode", "codes"), [
    ("db.example.org", "", ["core.W144"]), ("db.example.org", "prefer", ["core.W144"]),
    ("db.example.org", "verify-full", []), ("/run/postgresql", "", []), ("127.0.0.1", "", []), ("", "", []),
])  # fmt: skip
def test_a_database_elsewhere_is_asked_by_tls(
    good: Any, monkeypatch: pytest.MonkeyPatch, host: str, sslmode: str, codes: list[str]
) -> None:
    asked = {"HOST": host, "OPTIONS": {"sslmode": sslmode}}
    monkeypatch.setitem(good.DATABASES, "default", {**good.DATABASES["default"], **asked})
    assert found() == codes


@pytest.mark.parametrize(("mode", "complaints"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o620, 1)])
def test_key_files_that_others_reach_are_named(
    settings: Any, tmp_path: Path, mode: int, complaints: int
) -> None:
    tmp_path.chmod(0o700)
    path = tmp_path / "secrets.key"
    path.write_text("x")
    path.chmod(mode)
    settings.SECRETS_KEY = f"file:{path}"
    messages = [
        each for each in hardening.key_files_are_their_owners_alone(None) if "SECRETS_KEY" in each.msg
    ]
    assert len(messages) == complaints


def test_folder_in_which_others_can_put_another_key_is_named(settings: Any, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "secrets.key").write_text("x")
    (folder / "secrets.key").chmod(0o600)
    settings.SECRETS_KEY = f"file:{folder}/secrets.key"
    for mode, complaints in ((0o700, 0), (0o755, 0), (0o770, 1), (0o757, 1), (0o1777, 0)):
        folder.chmod(mode)
        told = [each.msg for each in hardening.key_files_are_their_owners_alone(None)]
        assert len([each for each in told if each.startswith("SECRETS_KEY")]) == complaints, oct(mode)


@pytest.mark.database
@pytest.mark.django_db
def test_the_database_user_is_judged_where_there_are_such(good: Any) -> None:
    """The tests' own user owns the tables on PostgreSQL; SQLite knows no users."""
    found_here = [message.id for message in hardening.database_user_is_bound(None)]
    assert found_here == ([] if connection.vendor == "sqlite" else ["core.E142"])


def test_a_key_in_two_spellings_is_one_key(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    same = "Zm9yIHRlc3RzIGFsb25lOiB0aGlydHktdHdvIGJ5dGVzIQ"
    monkeypatch.setenv("SECRETS_FOR_TEST", f"{same}==\n")
    settings.SECRETS_KEY, settings.DELIVERY_KEYS = "env:SECRETS_FOR_TEST", f"d1:{same}"
    [message] = hardening.no_key_is_used_twice(None)
    assert message.msg == "The same key stands in DELIVERY_KEYS and SECRETS_KEY."


def test_any_key_of_a_file_with_several_is_compared(settings: Any, tmp_path: Path) -> None:
    same = "Zm9yIHRlc3RzIGFsb25lOiB0aGlydHktdHdvIGJ5dGVzIQ=="
    (tmp_path / "delivery.keys").write_text(f"d2:{same},d1:{'A' * 43}=\n")
    (tmp_path / "secrets.key").write_text(f"{same}\n")
    settings.DELIVERY_KEYS = f"file:{tmp_path}/delivery.keys"
    settings.SECRETS_KEY = f"file:{tmp_path}/secrets.key"
    [message] = hardening.no_key_is_used_twice(None)
    assert message.msg == "The same key stands in DELIVERY_KEYS and SECRETS_KEY."


def test_one_key_for_two_roles_is_named_by_its_files(settings: Any, tmp_path: Path) -> None:
    pem = SigningKey.generate().to_pem()
    for name, data in {"root": pem, "head": pem, "manifest": SigningKey.generate().to_pem()}.items():
        (tmp_path / f"{name}.pem").write_bytes(data)
    settings.SIGNING_KEYS = str(tmp_path)
    [message] = hardening.no_key_is_used_twice(None)
    assert message.msg == "The same key stands in SIGNING_KEYS/head.pem and SIGNING_KEYS/root.pem."
