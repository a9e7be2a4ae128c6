"""Alarms of the keeper: two at once are one, and neither hides the refusal that raised it."""

from datetime import datetime
from typing import Any

import pytest
from django.db.models.signals import post_init

from portal.core.models import AuditEvent
from weights_vault.guard.alarms import EVIDENCE_MISSING, raise_alarm
from weights_vault.models import Alert

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def sound(now: datetime) -> None:
    raise_alarm(
        EVIDENCE_MISSING, grant="grt_a", person="usr_a", release="opt", measured=0, threshold=2, now=now
    )


def test_alarm_that_another_process_raises_meanwhile_is_one(now: datetime) -> None:
    def rival(**signal: Any) -> None:
        post_init.disconnect(rival, sender=Alert)
        sound(now)

    post_init.connect(rival, sender=Alert)
    sound(now)
    assert Alert.objects.count() == 1
    assert AuditEvent.objects.filter(kind="alert.raised").count() == 1
