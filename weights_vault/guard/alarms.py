"""The keeper said no to something that should not happen: an alert, and a mail to the release managers.

Once an hour and rule for a grant; of the ceiling once an hour, whoever met it first.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from portal.core import audit, jobs
from weights_vault.ledger.rules import EVIDENCE_MISSING, KEEPER_CEILING
from weights_vault.ledger.watch import TELL
from weights_vault.models import Alert

SPAN: Final = timedelta(hours=1)
__all__ = ["EVIDENCE_MISSING", "KEEPER_CEILING", "raise_alarm"]


@transaction.atomic
def raise_alarm(
    rule: str, *, grant: str, person: str, release: str, measured: int, threshold: int, now: datetime
) -> None:
    """Raise the alert, unless it was raised within this hour, and have it told at once."""
    span = int(now.timestamp()) // int(SPAN.total_seconds())
    if rule == KEEPER_CEILING and Alert.objects.filter(rule=rule, span=span).exists():
        return
    alert = Alert(
        rule=rule,
        grant=grant,
        person=person,
        release=release,
        measured=measured,
        threshold=threshold,
        span=span,
        from_at=now - SPAN,
        to_at=now,
        raised_at=now,
    )
    # Two refusals at once raise it once: a clash must not take the place of the refusal itself.
    Alert.objects.bulk_create([alert], ignore_conflicts=True)
    if not Alert.objects.filter(pk=alert.pk).exists():
        return
    subject = f"grant:{grant}"
    audit.record("alert.raised", by="system:keeper", subject=subject, now=now, rule=rule, measured=measured)
    jobs.enqueue(TELL, {"raised_at": now.isoformat()}, key=f"{TELL}:{rule}:{grant}:{span}", run_at=now)
