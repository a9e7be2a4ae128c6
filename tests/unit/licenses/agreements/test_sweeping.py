"""What was signed and has no document gets one: from before there were any, or after an outage."""

from typing import Any

import pytest

from licenses.agreements import making
from licenses.agreements.sweeping import sweep
from licenses.models import Agreement
from portal.core.jobs import run_due
from portal.core.models import AuditEvent, Job
from tests.unit.licenses.agreements.papers import KINDS
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_signed_before_there_were_documents_gets_one(kind: str) -> None:
    KINDS[kind](World())
    before = Agreement.objects.count()
    Agreement.objects.all().delete()
    Job.objects.all().delete()
    sweep({}, now=NOW + DAY)
    assert Agreement.objects.count() == before
    assert Job.objects.filter(kind="licenses.agreement").count() == before
    sweep({}, now=NOW + DAY)
    assert Job.objects.filter(kind="licenses.agreement").count() == before


def test_job_that_was_given_up_begins_anew_and_ends_it(settings: Any) -> None:
    agreement = KINDS["acceptance"](World())
    job = Job.objects.get(kind="licenses.agreement")
    Job.objects.filter(pk=job.pk).update(state="failed", attempts=500, last_error="no certificate")
    sweep({}, now=NOW + DAY)
    run_due(worker="test", now=NOW + DAY)
    agreement.refresh_from_db()
    assert agreement.made_at is not None
    assert "Ada Example" not in str(Job.objects.get(pk=job.pk).payload)


def test_finished_documents_are_left_alone() -> None:
    agreement = KINDS["acceptance"](World())
    making.make({"agreement": agreement.pk}, now=NOW)
    sweep({}, now=NOW + DAY)
    run_due(worker="test", now=NOW + DAY)
    assert AuditEvent.objects.filter(kind="agreement.executed").count() == 1
