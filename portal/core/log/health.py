"""What the doctor and the checks say of the log: how far its signer is behind, and who can read its key."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import Count, Exists, Min, OuterRef
from django.utils import timezone

from portal.core.doctor import Finding, examination
from portal.core.log.keys import MAKE, named_after, origin, verifier
from portal.core.log.proofs import newest_checkpoint
from portal.core.log.sequencer import waiting
from portal.core.log.witnesses import configured, cosigned
from portal.core.models import AuditEvent, LogEntry, LogRecovered

BEHIND = timedelta(seconds=5)
SILENT = timedelta(minutes=10)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
START = "Start it: python manage.py log_signer. Where it runs, its output says why it signs nothing."


@examination("log")
def log(now: datetime) -> Finding:
    verifier()
    lost = LogRecovered.objects.exclude(
        Exists(LogEntry.objects.filter(position=OuterRef("position")))
    ).count()
    if lost:
        said = f"the database was put back to an earlier day: {lost} entries of the log are lost"
        return Finding(False, said, "Run: python manage.py audit repair")
    count, age = waited(now)
    if age > BEHIND:
        return Finding(
            False, f"{count} events wait for a place, the oldest for {age.total_seconds():.0f} s", START
        )
    head = newest_checkpoint()
    unsigned = _unsigned(now, 0 if head is None else head.size)
    if unsigned > BEHIND:
        said = f"events got places that no head covers, the first {unsigned.total_seconds():.0f} s ago"
        return Finding(False, said, START)
    if head is None:
        return Finding(True, "nothing to sign yet")
    if now - head.signed_at > SILENT:
        return Finding(False, f"no head was signed since {head.signed_at:%Y-%m-%d %H:%M:%S} UTC", START)
    names = configured()
    by = f", cosigned by {len(cosigned(head))} of {len(names)} witnesses" if names else ", no witnesses"
    return Finding(True, f"{head.size} entries signed{by}")


def waited(now: datetime) -> tuple[int, timedelta]:
    """Return how many events wait for a place, and for how long the oldest has."""
    events = AuditEvent.objects.filter(index__in=waiting())
    told = events.aggregate(at=Min("at"), count=Count("index"))
    return (0, timedelta()) if told["at"] is None else (told["count"], now - told["at"])


def _unsigned(now: datetime, signed: int) -> timedelta:
    """How long the first entry past the signed ones has waited: the signer's folder may be full."""
    place = LogEntry.objects.filter(position=signed).values("event")
    at = AuditEvent.objects.filter(index__in=place).values_list("at", flat=True).first()
    return timedelta() if at is None else now - at


@register(Tags.security)
def public_key_is_there(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Everybody knows the log's public key, and the witnesses' keys can be read."""
    found: list[CheckMessage] = []
    for read in (verifier, configured):
        try:
            read()
        except ImproperlyConfigured as error:
            found.append(Error(str(error), hint="See .env.sample.", id="core.E006"))
    return found


@register(Tags.database)
def signer_keeps_up(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Events get their places within seconds. Asked with `check --database default`."""
    if not databases or "default" not in databases:
        return []
    try:
        count, age = waited(timezone.now())
    except DatabaseError:
        return []  # before the first migration; another check says so
    if age <= BEHIND:
        return []
    said = f"{count} audit events wait for a place in the log, the oldest for {age.total_seconds():.0f} s."
    return [Warning(said, hint=START, id="core.W111")]


@register(Tags.security, deploy=True)
def key_is_the_signers_alone(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whoever serves pages cannot sign the log. Run the checks as the user of the web processes."""
    if settings.EMBEDDED or not settings.LOG_KEY or not os.access(settings.LOG_KEY, os.R_OK):
        return []
    if getattr(settings, "PROCESS", "") == "log_signer":
        return []
    hint = (
        "Give the file to a user of its own, mode 0600, and LOG_KEY to the environment of log_signer alone."
    )
    return [Error("This process can read the log's private key.", hint=hint, id="core.E110")]


@register(Tags.security, deploy=True)
def log_is_named_after_the_portal(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The name is for good, and stands in every checkpoint: it is to be this portal's, or its earlier one."""
    try:
        name = origin()
    except ImproperlyConfigured:
        return []  # another check says so
    expected = named_after(settings.PORTAL_URL)
    if name == expected:
        return []
    hint = f"Right where the portal had that address before. Else make the key anew, for {expected}: {MAKE}"
    said = f"The log is named {name}, and not after PORTAL_URL."
    if urlsplit(f"//{name}").hostname in LOOPBACK:  # a key that other settings made
        return [Error(said, hint=hint, id="core.E112")]
    return [Warning(said, hint=hint, id="core.W113")]
