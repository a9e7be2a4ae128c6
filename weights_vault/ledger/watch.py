"""Looks for unusual patterns in what was added to the ledger, now and then, and tells the release managers.

Only grants that were used since the last look are read, and of those only the longest window before it: the
work grows with use, not with the ledger. A pattern that goes on raises one alert a window, and the alerts of
one look go out in one mail.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum

from portal.accounts import matrix
from portal.accounts.models import User
from portal.accounts.staff import people_who
from portal.core import audit, jobs
from portal.core.outbox import queue_mail
from weights_vault.ledger import filesets
from weights_vault.ledger.rules import BY_CODE, LONGEST, RULES, WEEK, Finding, Rule, Seen, find
from weights_vault.models import Alert, File, Holding, LedgerEntry, Origin, RecipientKey

WATCH = "ledger.watch"
WATCH_EVERY_S = 900
TELL = "ledger.tell_alerts"
RUN_S = 240  # a run stops then; what it did not reach is still stirred
TELL_AFTER = timedelta(seconds=300)  # when the run has ended for certain
OVERLAP = timedelta(hours=1)  # entries are written in the order of commits, not of their times
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@jobs.handler(WATCH, lease_s=600)
def watch(payload: dict[str, Any], *, now: datetime) -> None:
    """Look at every grant that was used since it was looked at, for at most RUN_S seconds."""
    end = time.monotonic() + RUN_S
    stirred = Holding.objects.filter(stirred=True).order_by("grant").values_list("grant", flat=True)
    for grant in list(stirred.distinct()):
        if time.monotonic() > end:
            break
        _look_at(grant, now)


@transaction.atomic
def _look_at(grant: str, now: datetime) -> None:
    holdings = list(Holding.objects.select_for_update().filter(grant=grant))
    since = min(holding.watched_to or LONG_AGO for holding in holdings)
    since = max(since, LONG_AGO + OVERLAP) - OVERLAP
    entries = _entries(grant, max(since, LONG_AGO + LONGEST) - LONGEST)
    for rule in RULES:
        finding = find(rule, entries, max(since, _quiet_until(rule, grant)))
        if finding is not None:
            _raise(rule, holdings[0], finding, now)
    for holding in holdings:
        holding.stirred, holding.watched_to = False, holding.last_at
    Holding.objects.bulk_update(holdings, ["stirred", "watched_to"])


def _quiet_until(rule: Rule, grant: str) -> datetime:
    """One window after the last alert of the same pattern: until then that one is enough."""
    last = Alert.objects.filter(rule=rule.code, grant=grant).aggregate(last=Max("to_at"))["last"]
    return last + rule.window if last else LONG_AGO


def _raise(rule: Rule, holding: Holding, finding: Finding, now: datetime) -> None:
    Alert.objects.create(
        rule=rule.code,
        grant=holding.grant,
        person=holding.person,
        release=holding.release,
        measured=finding.measured,
        threshold=rule.threshold,
        span=int(finding.to_at.timestamp()) // rule.window_s,
        from_at=finding.from_at,
        to_at=finding.to_at,
        raised_at=now,
    )
    audit.record(
        "alert.raised",
        by="system:ledger",
        subject=f"grant:{holding.grant}",
        now=now,
        rule=rule.code,
        # As words: the log has no fractions.
        measured=f"{finding.measured:.1f}".removesuffix(".0"),
    )
    told = now.isoformat()
    jobs.enqueue(TELL, {"raised_at": told}, key=f"{TELL}:{told}", run_at=now + TELL_AFTER)


def _entries(grant: str, since: datetime) -> list[Seen]:
    """What was given to the grant from `since` on, as the rules see it; a client's own word is left out."""
    kinds = LedgerEntry.Kind
    rows = list(
        LedgerEntry.objects.filter(
            grant=grant, at__gte=since, kind__in=[kinds.HEADERS, kinds.URLS, kinds.MANIFEST]
        )
        .order_by("at", "id")
        .defer("digests")
    )
    networks = dict(Origin.objects.filter(grant=grant).values_list("pk", "network"))
    sizes = _sizes({row.revision for row in rows})
    enrolled = dict(
        RecipientKey.objects.filter(pk__in={row.key for row in rows if row.key}).values_list(
            "pk", "activated_at"
        )
    )
    return [
        Seen(
            at=row.at,
            revision=row.revision,
            network=networks.get(row.origin or 0, ""),
            key=row.key,
            fresh=_fresh(enrolled.get(row.key), row.at),
            files=tuple(filesets.unpack(row.files)) if row.kind == kinds.HEADERS else (),
            share=row.size / max(1, sizes.get(row.revision, 0)) if row.kind == kinds.URLS else 0.0,
        )
        for row in rows
    ]


def _sizes(revisions: set[str]) -> dict[str, int]:
    """Sealed bytes of each revision."""
    found = (
        File.objects.filter(revision__in=revisions).values("revision").annotate(size=Sum("body__body_size"))
    )
    return dict(found.order_by().values_list("revision", "size"))


def _fresh(activated_at: datetime | None, used_at: datetime) -> bool:
    return activated_at is not None and used_at - activated_at <= WEEK


@jobs.handler(TELL)
def tell(payload: dict[str, Any], *, now: datetime) -> None:
    """One mail to each release manager about the alerts of one look."""
    raised_at = datetime.fromisoformat(payload["raised_at"])
    with transaction.atomic():
        _mail(list(Alert.objects.filter(raised_at=raised_at).order_by("release", "rule", "id")), raised_at)


def _mail(alerts: Sequence[Alert], raised_at: datetime) -> None:
    people = {
        user.public_id: user for user in User.objects.filter(public_id__in={each.person for each in alerts})
    }
    told = [
        (alert, BY_CODE[alert.rule], BY_CODE[alert.rule].sentence(alert.measured), people.get(alert.person))
        for alert in alerts
        if alert.rule in BY_CODE
    ]
    managers = people_who(matrix.RELEASE_MANAGE)
    for user in managers if told else []:
        queue_mail(
            to=user.email,
            template="weights_vault/mail/alerts_raised",
            context={"user": user, "told": told},
            key=f"alerts:{raised_at.isoformat()}:{user.public_id}",
        )


jobs.periodic(WATCH, WATCH_EVERY_S)
