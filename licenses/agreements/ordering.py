"""Order a document: its row and the job that makes it, in the transaction of what was signed."""

from datetime import datetime

from django.db import transaction

from licenses.agreements import snapshot
from licenses.models import Acceptance, Agreement, DestructionCertificate, MasterAgreement
from portal.core import jobs

MAKE = "licenses.agreement"


def job_key(agreement: str) -> str:
    """Return the key of the one job that makes a document. agreement: its id."""
    return f"licenses:agreement:{agreement}"


def order(
    *,
    acceptance: Acceptance | None = None,
    certificate: DestructionCertificate | None = None,
    master: MasterAgreement | None = None,
    now: datetime,
) -> Agreement:
    """Order the document of exactly one thing and return its row; ordered before, that row as it stands.

    Nobody waits for it: a worker makes the PDF after the commit, however often it must begin anew.
    Raises: RuntimeError: none, or more than one, was given.
    """
    given = {"acceptance": acceptance, "certificate": certificate, "master": master}
    subject = {name: thing for name, thing in given.items() if thing is not None}
    if len(subject) != 1:
        raise RuntimeError(f"a document is of one thing, not of {len(subject)}")
    with transaction.atomic():
        agreement, _ = Agreement.objects.get_or_create(**subject, defaults={"ordered_at": now})
        payload = {"agreement": agreement.pk, "told": snapshot.take(agreement)}
        jobs.enqueue(MAKE, payload, key=job_key(agreement.pk), run_at=now)
    return agreement
