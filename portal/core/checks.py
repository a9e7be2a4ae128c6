"""System checks: a missing setting stops the start with its name; stand-ins fail `check --deploy`."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.urls import Resolver404, resolve

from portal.core import certificates, key_checks, keys
from weights_vault.sealed.trust import ROLES

REQUIRED = {
    "PORTAL_URL": "The address people use, such as https://weights.example.org.",
    "PORTAL_NAME": "The name on pages and in mails.",
    "STORAGE_URL": "Where sealed bodies are kept, such as file:///srv/weights.",
    "SECRETS_KEY": "What encrypts secrets of second factors: env:NAME or file:/path (32 bytes, base64).",
    "KEEPER": "Where the keeper listens: unix:/path; inprocess where this process holds the keys itself.",
    "PUBLIC_KEYS": "Folder where the keeper puts the public keys for all the others.",
    "DELIVERY_KEYS": "Keys that sign delivery URLs: id:base64[,id:base64], or file:/path.",
    "AGREEMENT_KEY": "PEM file with the key and certificate that sign agreements.",
    "CONTACT_EMAIL": "An address where people reach those who run the portal; somebody must read it.",
    "ACCESS_POLICY": "The class that decides about access, such as licenses.access.LicenseAccess.",
}
OF_THOSE_WHO_SERVE = frozenset({"SECRETS_KEY", "DELIVERY_KEYS", "AGREEMENT_KEY"})
URL_LIFETIME_RANGE_S = (60, 900)
_LOCATION = re.compile(r"(/[A-Za-z0-9_-]+)+/")

# What an installation must not run on → what to do instead.
STAND_INS: Sequence[tuple[str, Callable[[], bool], str, str]] = (
    (
        "core.E101",
        lambda: str(settings.STAFF_MFA).lower() in ("off", "false"),
        "STAFF_MFA is off",
        "Staff must have a second factor.",
    ),
    (
        "core.E102",
        lambda: settings.EMBEDDED,
        "these are the embedded settings",
        "Use portal.settings.production.",
    ),
    (
        "core.E103",
        lambda: str(getattr(settings, "CELERY_BROKER_URL", "")).startswith(("filesystem:", "memory:")),
        "the broker is a folder",
        "Set BROKER_URL to a Redis or RabbitMQ.",
    ),
    (
        "core.E104",
        lambda: settings.EMAIL_BACKEND.rpartition(".")[0].endswith(
            ("console", "filebased", "locmem", "dummy")
        ),
        "mail does not leave this machine",
        "Set EMAIL_URL to a mail server.",
    ),
    (
        "core.E105",
        lambda: str(settings.DATABASES["default"]["ENGINE"]).endswith("sqlite3"),
        "the database is SQLite",
        "Set DATABASE_URL to a PostgreSQL.",
    ),
    (
        "core.E109",
        lambda: not settings.CONTACT_EMAIL or settings.CONTACT_EMAIL.endswith("@localhost"),
        "nobody can be reached: pages and mails name no address that somebody reads",
        "Set CONTACT_EMAIL.",
    ),
    ("core.E106", lambda: settings.DEBUG, "DEBUG is on", "Turn it off: error pages show settings."),
    (
        "core.E108",
        lambda: certificates.is_stand_in(),
        "the certificate that signs agreements is a stand-in, which proves nothing to anybody else",
        "Have an authority issue one for your organization, and set AGREEMENT_KEY.",
    ),
)


@register(Tags.security)
def settings_are_there(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Each setting that the portal cannot do without."""
    found: list[CheckMessage] = [
        Error(f"{name} is not set.", hint=hint, id="core.E001")
        for name, hint in REQUIRED.items()
        if not getattr(settings, name, "") and (key_checks.serves() or name not in OF_THOSE_WHO_SERVE)
    ]
    shortest, longest = URL_LIFETIME_RANGE_S
    if not shortest <= settings.URL_LIFETIME_S <= longest:
        hint = "Short enough that a leaked URL is soon worthless, long enough to download a part."
        found.append(Error(f"URL_LIFETIME_S must be {shortest} to {longest}.", hint=hint, id="core.E002"))
    if settings.DELIVERY_MOST_AT_ONCE < 1:
        hint = "About half the threads of a web process."
        found.append(Error("DELIVERY_MOST_AT_ONCE must be at least 1.", hint=hint, id="core.E004"))
    return found


@register(Tags.security)
def delivery_location_is_one(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """DELIVERY_ACCEL is empty, or a location that the proxy can have for itself."""
    location = settings.DELIVERY_ACCEL
    if not location:
        return []
    if _LOCATION.fullmatch(location) is None:
        problem = "DELIVERY_ACCEL must be a path that begins and ends with a slash."
    elif _is_ours(location) or _is_ours(f"{location}ab/cd/abcd"):
        # The proxy would ask the portal for the body, which would send it back to the proxy.
        problem = "DELIVERY_ACCEL must be no address of the site."
    else:
        return []
    return [Error(problem, hint="Such as /sealed/, nginx's internal location.", id="core.E005")]


def _is_ours(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


@register(Tags.security, deploy=True)
def bodies_pass_no_web_process(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A folder as the store, and no proxy that sends from it."""
    sends = settings.PROCESS in ("web", "all") and not settings.EMBEDDED
    if not sends or settings.DELIVERY_ACCEL or not settings.STORAGE_URL.startswith("file:"):
        return []
    hint = (
        "Each download holds a thread for as long as its reader takes. A process serves "
        f"{settings.DELIVERY_MOST_AT_ONCE} at once, and whoever comes next must wait. "
        "Set DELIVERY_ACCEL and let nginx send the bodies: docs/how-to/run-a-portal.md."
    )
    return [Warning("Every byte of a download passes a web process.", hint=hint, id="core.W107")]


@register(Tags.security)
def keys_are_there(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every key that this process is to have can be read and has its size."""
    found: list[CheckMessage] = []
    readings: list[Callable[[], object]] = []
    if key_checks.serves():
        readings += [keys.delivery_keys, certificates.load]
    if key_checks.is_keyless():
        readings += [partial(keys.public_keys, role) for role in ROLES]
    else:
        readings += [keys.master_key, *(partial(keys.signing_key, role) for role in ROLES)]
    for read in readings:
        try:
            read()
        except ImproperlyConfigured as error:
            found.append(Error(str(error), hint="See .env.sample.", id="core.E003"))
    return found


@register(Tags.security, deploy=True)
def stand_ins_are_gone(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Nothing that merely stands in for a production part."""
    return [
        Error(f"Not for production: {what}.", hint=hint, id=identifier)
        for identifier, applies, what, hint in STAND_INS
        if applies()
    ]
