"""What was signed and has no document: ordered again, each day. After an outage, or from before documents."""

from datetime import datetime
from typing import Any, Final

from licenses.agreements.ordering import MAKE, job_key, order
from licenses.models import Acceptance, Agreement, DestructionCertificate, MasterAgreement
from portal.core import jobs
from portal.core.models import Job

SWEEP: Final = "licenses.agreements.sweep"
SWEEP_EVERY_S: Final = 86_400
MOST_AT_ONCE: Final = 1_000


@jobs.handler(SWEEP, lease_s=600)
def sweep(payload: dict[str, Any], now: datetime) -> None:
    """Order the documents that were never ordered, and let jobs that were given up begin anew."""
    for acceptance in Acceptance.objects.filter(agreement=None)[:MOST_AT_ONCE]:
        order(acceptance=acceptance, now=now)
    for certificate in DestructionCertificate.objects.filter(agreement=None)[:MOST_AT_ONCE]:
        order(certificate=certificate, now=now)
    for master in MasterAgreement.objects.filter(agreement=None, signed_at__isnull=False)[:MOST_AT_ONCE]:
        order(master=master, now=now)
    _begin_anew(now)


def _begin_anew(now: datetime) -> None:
    waiting = Agreement.objects.filter(made_at__isnull=True).values_list("pk", flat=True)
    keys = [job_key(each) for each in waiting[:MOST_AT_ONCE]]
    given_up = Job.objects.filter(kind=MAKE, key__in=keys, state=Job.State.FAILED)
    given_up.update(state=Job.State.READY, attempts=0, run_at=now, finished_at=None)


jobs.periodic(SWEEP, SWEEP_EVERY_S)
