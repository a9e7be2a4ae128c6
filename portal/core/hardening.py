"""Checks of `check --deploy` beyond Django's: keys, cookies, caches, mail, and what the database user may do.

Each looks at the settings alone, or asks the machine one cheap question; what cannot be asked from here (a
database out of reach, a file of another user's) is not judged.
"""

import base64
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from portal.core import key_checks, limits
from portal.core.models import AuditEvent

SECRET_KEY_CHARACTERS, SECRET_KEY_DIFFERENT = 50, 16
HSTS_S: Final = 31_536_000
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_DATABASE_TLS: Final = frozenset({"require", "verify-ca", "verify-full"})
# Settings that name private key material: env:NAME, file:/path, a path, or the material itself.
_KEYS: Final = (
    "SECRET_KEY",
    "MASTER_KEY",
    "SECRETS_KEY",
    "DELIVERY_KEYS",
    "AGREEMENT_KEY",
    "SIGNING_KEYS",
    "LOG_KEY",
)
_POSSIBLE_KEY: Final = 24  # characters of base64; shorter pieces are names


@register(Tags.security)
def limits_are_rates(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """LIMITS names limits that there are, with rates."""
    found: list[CheckMessage] = []
    for name in settings.LIMITS:
        try:
            limits.limit(name)
        except KeyError:
            hint = "docs/reference/limits.md lists them."
            found.append(Error(f"LIMITS names {name!r}, which is no limit.", hint=hint, id="core.E130"))
        except ImproperlyConfigured as error:
            found.append(Error(str(error), hint="Such as tokens=10/h.", id="core.E130"))
    return found


@register(Tags.security, deploy=True)
def secret_key_is_strong(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Sessions, reset links and the keys of limits rest on it."""
    key = settings.SECRET_KEY
    long = len(key) >= SECRET_KEY_CHARACTERS and len(set(key)) >= SECRET_KEY_DIFFERENT
    if long and not key.startswith("django-insecure-"):
        return []
    hint = 'python -c "import secrets; print(secrets.token_urlsafe(50))"'
    return [Error("SECRET_KEY is short, or of few characters.", hint=hint, id="core.E131")]


@register(Tags.security, deploy=True)
def no_key_is_used_twice(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """One key, one purpose: a leak of one must not be a leak of another."""
    places: dict[str, list[str]] = {}
    for place, piece in _pieces():
        places.setdefault(piece, []).append(place)
    twice = [sorted(found) for found in places.values() if len(found) > 1]
    return [
        Error(f"The same key stands in {' and '.join(names)}.", hint="Make each by itself.", id="core.E132")
        for names in twice
    ]


@register(Tags.security, deploy=True)
def key_files_are_their_owners_alone(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """No other user of the machine can read or change a file with a key, or put another in its place."""
    said: dict[str, None] = {}  # each once, in order
    for name, path in _key_files():
        try:
            mode, folder = _mode(path), _mode(path.parent)
        except OSError:
            continue
        if mode & 0o077:
            said[f"{name}: others can get at {path.name} (mode {mode:o})."] = None
        if folder & 0o022 and not folder & stat.S_ISVTX:
            said[f"{name}: others can put another file in the place of {path.name} (folder {folder:o})."] = (
                None
            )
    return [Error(each, hint="chmod 600, and its folder 700.", id="core.E133") for each in said]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@register(Tags.security, deploy=True)
def cookies_are_bound_to_this_host(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Session and CSRF cookies: by TLS, for this host, out of scripts' reach; HSTS for a year."""
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    flags = (
        settings.SESSION_COOKIE_SECURE,
        settings.CSRF_COOKIE_SECURE,
        settings.SESSION_COOKIE_HTTPONLY,
        settings.CSRF_COOKIE_HTTPONLY,
        settings.SESSION_COOKIE_SAMESITE in ("Lax", "Strict"),
        settings.SESSION_COOKIE_DOMAIN is None and settings.CSRF_COOKIE_DOMAIN is None,
        all(name.startswith("__Host-") for name in names),
    )
    found: list[CheckMessage] = []
    if not all(flags):
        hint = "Use portal.settings.production as it is."
        found.append(Error("Cookies could be read or planted by others.", hint=hint, id="core.E134"))
    if settings.SECURE_HSTS_SECONDS < HSTS_S or not settings.SECURE_SSL_REDIRECT:
        found.append(Error("Browsers may come without TLS.", hint="HSTS of a year.", id="core.E135"))
    return found


@register(Tags.security, deploy=True)
def hosts_are_named(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Which site this is, and who calls, comes from the settings and from our own proxies."""
    found: list[CheckMessage] = []
    if settings.USE_X_FORWARDED_HOST or settings.USE_X_FORWARDED_PORT or "*" in settings.ALLOWED_HOSTS:
        hint = "ALLOWED_HOSTS with names; no forwarded host or port."
        found.append(Error("Callers can say which host this is.", hint=hint, id="core.E136"))
    behind = getattr(settings, "SECURE_PROXY_SSL_HEADER", None) is not None
    count = getattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 0)
    if behind != (count >= 1):
        hint = "BEHIND_TLS_PROXY=on and TRUSTED_PROXIES=1 or more, or neither."
        found.append(Error("Proxies are trusted by half.", hint=hint, id="core.E137"))
    return found


@register(Tags.security, deploy=True)
def what_leaves_the_machine_is_encrypted(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Mail, database and Redis are spoken to by TLS when they are elsewhere; Redis asks for a password."""
    found: list[CheckMessage] = []
    smtp = str(settings.EMAIL_BACKEND).endswith("smtp.EmailBackend")
    if (
        smtp
        and settings.EMAIL_HOST not in LOOPBACK
        and not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL)
    ):
        hint = "EMAIL_URL=smtp+tls://… or smtp+ssl://…: mails carry one-time codes."
        found.append(Error("Mail is sent without TLS.", hint=hint, id="core.E138"))
    database: Mapping[str, Any] = settings.DATABASES["default"]
    host, tls = str(database.get("HOST") or ""), str((database.get("OPTIONS") or {}).get("sslmode", ""))
    if host and not host.startswith("/") and host not in LOOPBACK and tls not in _DATABASE_TLS:
        hint = "DATABASE_URL=postgres://…/NAME?sslmode=verify-full, or a socket."
        found.append(Warning("The database is spoken to without TLS.", hint=hint, id="core.W144"))
    for name, url in _redis():
        parts = urlsplit(url)
        if parts.scheme.startswith("redis") and parts.hostname not in LOOPBACK:
            if not parts.password:
                hint = "rediss://:PASSWORD@HOST, or on this machine alone."
                found.append(Warning(f"{name}: Redis asks for no password.", hint=hint, id="core.W139"))
            if parts.scheme == "redis":
                hint = "rediss://, or a network that nobody else is on."
                found.append(Warning(f"{name}: Redis is spoken to without TLS.", hint=hint, id="core.W140"))
    return found


@register(Tags.security, deploy=True)
def cache_is_shared(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Used one-time codes and the brakes on calls are counted there, for all processes together."""
    backend = settings.CACHES["default"]["BACKEND"]
    if not key_checks.serves():
        return []
    if backend.rpartition(".")[2] in ("RedisCache", "PyMemcacheCache", "PyLibMCCache"):
        return []
    hint = "Set CACHE_URL to a Redis that all processes share."
    return [Error("The cache is one process's own.", hint=hint, id="core.E141")]


@register(Tags.security, deploy=True)
def database_user_is_bound(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The triggers that keep history hold for who does not own the tables."""
    if connection.vendor != "postgresql":
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT r.rolsuper, pg_has_role(current_user, c.relowner, 'MEMBER')"
                " FROM pg_roles r, pg_class c WHERE r.rolname = current_user AND c.oid = to_regclass(%s)",
                [AuditEvent._meta.db_table],
            )
            row = cursor.fetchone()
    except (DatabaseError, OSError):
        return []  # out of reach from here: `manage.py doctor` says so
    hint = "Let the service use a role that owns no table: docs/explanation/security.md."
    if row and row[0]:
        return [Error("The database user is a superuser.", hint=hint, id="core.E142")]
    if row and row[1]:
        said = "The database user owns the tables, so it may drop the triggers that keep history."
        return [Warning(said, hint=hint, id="core.W143")]
    return []


def _redis() -> Iterator[tuple[str, str]]:
    yield "BROKER_URL", str(getattr(settings, "CELERY_BROKER_URL", ""))
    yield "CACHE_URL", str(settings.CACHES["default"].get("LOCATION", ""))


def _key_files() -> Iterator[tuple[str, Path]]:
    """Each file that holds key material, with the setting that names it."""
    for name in _KEYS:
        for value in str(getattr(settings, name, "") or "").split(","):
            path = Path(value.removeprefix("file:").strip())
            if not path.is_absolute():
                continue
            yield name, path
            if path.is_dir() and os.access(path, os.R_OK | os.X_OK):
                yield from ((name, each) for each in sorted(path.glob("*.pem")))


def _pieces() -> Iterator[tuple[str, str]]:
    """Each piece of key material that can be read from here, in one spelling, with where it stands."""
    for place, text in _texts():
        for part in text.split(","):
            if piece := _one_spelling(part.rpartition(":")[2]):
                yield place, piece


def _texts() -> Iterator[tuple[str, str]]:
    for name in _KEYS:
        for part in str(getattr(settings, name, "") or "").split(","):
            yield name, os.environ.get(part.removeprefix("env:"), "") if part.startswith("env:") else part
    for name, path in _key_files():
        if path.is_file() and os.access(path, os.R_OK):
            place = f"{name}/{path.name}" if name == "SIGNING_KEYS" else name
            yield place, path.read_text(errors="replace")


def _one_spelling(text: str) -> str:
    """Base64 with and without padding, or in its URL alphabet, is one key; "" for what is no key."""
    text = "".join(text.split())
    if len(text) < _POSSIBLE_KEY or text.startswith("/"):
        return ""
    try:
        bare = text.rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).hex()
    except ValueError:
        return text
