"""Forgets, after a season, which jobs were done and which mails were sent.

A key means once, ever: rows with a key of their own stay, without what they say. What failed stays, for
people to see. Rows go in batches, each in a transaction of its own, so that nobody waits for them.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from portal.core.jobs import handler, keep_lease, periodic
from portal.core.models import Job, OutboxMessage
from portal.core.outbox import DELIVER, NOBODYS

PRUNE: Final = "core.prune_done"
PRUNE_EVERY_S: Final = 86_400
SEASON: Final = timedelta(days=120)
BATCH: Final = 1000
_NOBODY: Final = f"forgotten@portal{NOBODYS}"


@handler(PRUNE, lease_s=600)
def prune(payload: dict[str, Any], now: datetime) -> None:
    """Delete jobs done and mails sent before the season began; empty the mails that stay for their key."""
    before = now - SEASON
    # The key of a delivery is the number of its mail, which is never given twice.
    _delete(done_before(before).filter(Q(key=None) | Q(kind=DELIVER)))
    sent = OutboxMessage.objects.filter(sent_at__lt=before)
    _delete(sent.filter(key=None))
    _empty(sent.exclude(to=_NOBODY))


def done_before(before: datetime) -> QuerySet[Job]:
    """Jobs that are over for good, done before then."""
    return Job.objects.filter(state=Job.State.DONE, every_s=None, finished_at__lt=before)


def _delete(rows: QuerySet[Any, Any]) -> None:
    model: type[Model] = rows.model
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            model._default_manager.filter(pk__in=keys).delete()
        keep_lease()


def _empty(rows: QuerySet[OutboxMessage]) -> None:
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        OutboxMessage.objects.filter(pk__in=keys).update(to=_NOBODY, subject="", text="", html="")
        keep_lease()


periodic(PRUNE, PRUNE_EVERY_S)
