"""How often something may be done: exact, over all processes, and not forgotten by a restart.

Each limit lets `most` uses pass in a window that begins with the first of them; then `take` refuses until
the window has ended, and says when that is. One statement counts and decides, so that of a hundred calls at
the same moment, in as many processes, no more than `most` pass. Callers count before they open the
transaction of what they do: a count must not be undone with it.

The table LIMITS is what operators read (docs/reference/limits.md is made from it) and what LIMITS in the
environment changes. Why rows and not the cache: docs/decisions/0007-limits-in-the-database.md.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import F

from portal.core.jobs import handler, keep_lease, periodic
from portal.core.models import LimitUse
from portal.core.problems import TooMany

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
PRUNE = "core.prune_limits"
PRUNE_EVERY_S = HOUR_S
PRUNE_BATCH = 5000
_RATE = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,5})?([smhd])")
_UNIT_S = {"s": 1, "m": MINUTE_S, "h": HOUR_S, "d": DAY_S}


@dataclass(frozen=True)
class Limit:
    """most: uses that pass in a window of window_s seconds. per: whom they are counted for. what: in words,
    after "There were too many …".
    """

    most: int
    window_s: int
    per: str
    what: str


ADDRESS = "address on the network"
ADDRESS_AND_ACCOUNT = "address on the network and account"
ACCOUNT = "account"
MAILBOX = "mail address"

LIMITS: Final[dict[str, Limit]] = {
    "sign_in_address": Limit(20, MINUTE_S, ADDRESS, "wrong passwords from your address"),
    "sign_in_account": Limit(5, 5 * MINUTE_S, ADDRESS_AND_ACCOUNT, "wrong passwords for this account"),
    "confirm_password": Limit(5, 5 * MINUTE_S, ADDRESS_AND_ACCOUNT, "wrong passwords for this account"),
    "second_factor": Limit(5, 5 * MINUTE_S, ACCOUNT, "wrong codes or keys for this account"),
    "passkey_address": Limit(20, MINUTE_S, ADDRESS, "sign-ins with a passkey from your address"),
    "provider_address": Limit(30, MINUTE_S, ADDRESS, "sign-ins through another service from your address"),
    "mailed_code": Limit(30, 5 * MINUTE_S, ADDRESS, "codes typed from your address"),
    "sign_up_address": Limit(60, HOUR_S, ADDRESS, "new accounts from your address"),
    "sign_up_mailbox": Limit(5, HOUR_S, MAILBOX, "attempts to sign up with this mail address"),
    "reset_address": Limit(20, HOUR_S, ADDRESS, "requests for a new password from your address"),
    "reset_mailbox": Limit(5, DAY_S, MAILBOX, "requests for a new password for this mail address"),
    "reset_link": Limit(20, HOUR_S, ADDRESS, "uses of reset links from your address"),
    "address_mail": Limit(20, HOUR_S, ACCOUNT, "changes of your mail addresses"),
    "factors": Limit(20, HOUR_S, ACCOUNT, "changes of your second factors"),
    "tokens": Limit(30, HOUR_S, ACCOUNT, "new tokens"),
    "device_code": Limit(30, HOUR_S, ADDRESS, "devices that asked to sign in from your address"),
    "device_user_code": Limit(10, 5 * MINUTE_S, ACCOUNT, "wrong device codes"),
    "device_token": Limit(120, MINUTE_S, ADDRESS, "calls for a token from your address"),
    "drafts": Limit(120, HOUR_S, ACCOUNT, "new or changed requests"),
    "submissions": Limit(60, HOUR_S, ACCOUNT, "submitted requests"),
    "invitations": Limit(60, HOUR_S, ACCOUNT, "invitations"),
    "domain_codes": Limit(5, DAY_S, MAILBOX, "codes mailed to this domain"),
    "messages": Limit(120, HOUR_S, ACCOUNT, "messages"),
    "exports": Limit(20, HOUR_S, ACCOUNT, "exports"),
    "keys": Limit(60, HOUR_S, ACCOUNT, "changes of your keys"),
    "headers": Limit(300, MINUTE_S, ACCOUNT, "calls for headers"),
    "urls": Limit(600, MINUTE_S, ACCOUNT, "calls for URLs"),
}

_TAKE: Final = """
INSERT INTO {table} (key, used, ends_at_ms) VALUES (%s, 1, %s)
ON CONFLICT (key) DO UPDATE SET
    used = CASE WHEN {table}.ends_at_ms <= %s THEN 1 ELSE {table}.used + 1 END,
    ends_at_ms = CASE WHEN {table}.ends_at_ms <= %s THEN excluded.ends_at_ms ELSE {table}.ends_at_ms END
WHERE {table}.ends_at_ms <= %s OR {table}.used < %s
RETURNING used
"""


def rate(text: str) -> tuple[int, int]:
    """Read "20/m" or "5/10m": how many, in how many seconds. Raises: ValueError: it is none."""
    found = _RATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no rate such as 20/m or 5/10m")
    return int(found[1]), int(found[2] or 1) * _UNIT_S[found[3]]


def limit(name: str) -> Limit:
    """Return a limit as this installation has it. Raises: ImproperlyConfigured: LIMITS says no rate."""
    changed = settings.LIMITS.get(name)
    if changed is None:
        return LIMITS[name]
    try:
        most, window_s = rate(changed)
    except ValueError as error:
        raise ImproperlyConfigured(f"LIMITS: {name}: {error}") from error
    return replace(LIMITS[name], most=most, window_s=window_s)


def take(name: str, subject: str, *, now: datetime) -> None:
    """Count one use, or refuse it.

    subject: whom it is counted for: an address, a public id. It is not kept.
    Raises: TooMany(too_many): the limit is reached; `retry_after_s` and the text say until when.
    """
    asked, key, now_ms = limit(name), _key(name, subject), _ms(now)
    values: list[str | int] = [key, now_ms + asked.window_s * 1000, now_ms, now_ms, now_ms, asked.most]
    with connection.cursor() as cursor:
        cursor.execute(_statement(), values)
        if cursor.fetchone() is not None:
            return
    ends_at_ms = LimitUse.objects.filter(pk=key).values_list("ends_at_ms", flat=True).first() or now_ms
    raise refused(name, asked, retry_after_s=max(1, ceil((ends_at_ms - now_ms) / 1000)), now=now)


def take_all(uses: Iterable[tuple[str, str]], *, now: datetime) -> None:
    """Count one use of each (limit, subject), in this order, up to one that refuses. Raises: TooMany."""
    for name, subject in uses:
        take(name, subject, now=now)


def give_back(name: str, subject: str) -> None:
    """Take back one use that turned out to be none, such as a password that was right."""
    LimitUse.objects.filter(pk=_key(name, subject), used__gt=0).update(used=F("used") - 1)


def forget(name: str, subject: str) -> None:
    """Begin anew for `subject`, who has proved to be no guesser."""
    LimitUse.objects.filter(pk=_key(name, subject)).delete()


def refused(name: str, asked: Limit, *, retry_after_s: int, now: datetime) -> TooMany:
    """The problem that a caller over a limit gets. retry_after_s: whole seconds, at least 1."""
    again = now + timedelta(seconds=retry_after_s)
    return TooMany(
        detail=f"There were too many {asked.what}: at most {asked.most} in {in_words(asked.window_s)}.",
        next_step=f"Try again {moment(again, now)}.",
        retry_after_s=retry_after_s,
        extra={"limit": name, "retry_after_s": retry_after_s},
    )


def moment(at: datetime, now: datetime) -> str:
    """ "at 14:05 UTC", rounded up to the minute; with the day when it is another one."""
    up = (at.astimezone(UTC) + timedelta(seconds=59, microseconds=999_999)).replace(second=0, microsecond=0)
    clock = f"at {up:%H:%M} UTC"
    return clock if up.date() == now.astimezone(UTC).date() else f"on {up.day} {up:%B} {clock}"


def in_words(window_s: int) -> str:
    """ "5 minutes", "a day": the largest unit that fits."""
    for unit_s, word, one in (
        (DAY_S, "days", "a day"),
        (HOUR_S, "hours", "an hour"),
        (MINUTE_S, "minutes", "a minute"),
    ):
        if window_s % unit_s == 0:
            return one if window_s == unit_s else f"{window_s // unit_s} {word}"
    return f"{window_s} seconds"


@handler(PRUNE, lease_s=300)
def prune(payload: dict[str, Any], now: datetime) -> None:
    """Delete counts whose window has ended, in batches that hold no lock for long."""
    over = LimitUse.objects.filter(ends_at_ms__lte=_ms(now)).order_by()
    while keys := list(over.values_list("pk", flat=True)[:PRUNE_BATCH]):
        over.filter(pk__in=keys).delete()
        keep_lease()


periodic(PRUNE, PRUNE_EVERY_S)


def _key(name: str, subject: str) -> str:
    return hmac.new(
        settings.SECRET_KEY.encode(), f"limit\0{name}\0{subject}".encode(), hashlib.sha256
    ).hexdigest()


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _statement() -> str:
    return _TAKE.format(table=connection.ops.quote_name(LimitUse._meta.db_table))
