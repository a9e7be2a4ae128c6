"""An alert was looked at: by whom, and what they found."""

from datetime import datetime

from django.db import transaction

from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Conflict, Invalid, NotPermitted
from weights_vault.models import Alert
from weights_vault.policies import may_manage_releases

MAX_NOTE_CHARACTERS = 2_000


@transaction.atomic
def acknowledge(*, alert: Alert, note: str, by: Principal, now: datetime) -> Alert:
    """Close an open alert with a note on what was found.

    Raises: NotPermitted; Invalid: no note; Conflict(state_changed): somebody closed it before.
    """
    verdict = may_manage_releases(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    note = note.strip()
    if not note or len(note) > MAX_NOTE_CHARACTERS:
        said = f"Write what you found, in at most {MAX_NOTE_CHARACTERS} characters."
        raise Invalid("invalid", said, errors={"note": [said]})
    alert = Alert.objects.select_for_update().get(pk=alert.pk)
    if alert.state != Alert.State.OPEN:
        raise Conflict("state_changed", "This alert was looked at already.", "Load the page again.")
    alert.state, alert.note = Alert.State.ACKNOWLEDGED, note
    alert.acknowledged_by, alert.acknowledged_at = by.actor, now
    alert.save()
    audit.record(
        "alert.acknowledged",
        by=by.actor,
        subject=f"alert:{alert.pk}",
        now=now,
        private={"note": note},
        about=alert.person,
        rule=alert.rule,
    )
    return alert
