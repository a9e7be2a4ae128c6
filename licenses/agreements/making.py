"""The job that makes a document: set in type, signed, kept once, and told to those whom it binds.

Killed at any step it begins anew, and two at once end as one: only the transaction at the end writes, and of
several PDFs the first one stays.
"""

import hashlib
import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from licenses.agreements import render, snapshot, stamp
from licenses.agreements.contents import contents, signed_at
from licenses.agreements.mails import tell
from licenses.agreements.ordering import MAKE, job_key
from licenses.agreements.render import RenderFailed
from licenses.agreements.snapshot import Snapshot
from licenses.agreements.stamp import Stamped
from licenses.models import Agreement
from portal.core import audit, certificates, jobs
from portal.core.certificates import Seal
from portal.core.models import Job

# With the pauses between attempts some three weeks: a missing certificate loses no document.
MOST_ATTEMPTS = 500

logger = logging.getLogger(__name__)


@jobs.handler(MAKE, lease_s=300, max_attempts=MOST_ATTEMPTS)
def make(payload: dict[str, Any], now: datetime) -> None:
    """Make the document that was ordered, unless it is there.

    payload: {"agreement": id, "told": what `snapshot.take` kept}.
    Raises: ImproperlyConfigured: nothing may sign today; tried again. RenderFailed: it cannot be set in type,
        or not in time; tried again, and the log raises the alarm. RuntimeError: the text that stands in the
        database is not the one that was accepted; nothing is signed.
    """
    agreement = _with_what_it_is_of(payload["agreement"])
    if agreement.made_at is not None:
        return
    _require_the_accepted_text(agreement)
    seal = certificates.load()
    if not seal.not_before <= now < seal.not_after:
        raise ImproperlyConfigured("AGREEMENT_KEY: its certificate is not good today.")
    _keep(agreement, _made(agreement, payload.get("told") or snapshot.take(agreement), seal), seal, now)


def _require_the_accepted_text(agreement: Agreement) -> None:
    of = agreement.acceptance or agreement.master
    if of is None:
        return  # a certificate reproduces no text
    found = hashlib.sha256(of.license_version.text.encode()).hexdigest()
    if found != of.sha256:
        raise RuntimeError(f"{agreement.pk}: {of.sha256} was accepted, the text has the SHA-256 {found}")


def _made(agreement: Agreement, told: Snapshot, seal: Seal) -> Stamped:
    words = contents(agreement, told, seal.fingerprint)
    return stamp.stamp(
        _set_in_type(agreement, words),
        seal,
        reason=f"{words['title']}: {words['subtitle']}",
        portal=f"{settings.PORTAL_NAME}, {settings.PORTAL_URL}",
        timestamp_url=settings.TIMESTAMP_URL,
    )


def _set_in_type(agreement: Agreement, words: dict[str, Any]) -> bytes:
    try:
        return render.pdf(words, signed_at(agreement))
    except RenderFailed as failed:
        # Something was signed, and its document cannot come of itself: somebody must look.
        logger.error("agreement %s cannot be set in type, and is tried again: %s", agreement.pk, failed)
        raise


def _with_what_it_is_of(id: str) -> Agreement:
    joined = Agreement.objects.select_related(
        "acceptance__request__applicant",
        "acceptance__user",
        "acceptance__license_version__license",
        "acceptance__license_version__organization",
        "certificate__grant__user",
        "certificate__grant__release",
        "certificate__grant__license_version__license",
        "master__organization",
        "master__signatory",
        "master__license_version__license",
    )
    return joined.defer("pdf").get(pk=id)


def _keep(agreement: Agreement, made: Stamped, seal: Seal, now: datetime) -> None:
    sha256 = hashlib.sha256(made.pdf).hexdigest()
    with transaction.atomic():
        unmade = Agreement.objects.filter(pk=agreement.pk, made_at__isnull=True)
        if not unmade.update(pdf=made.pdf, sha256=sha256, level=made.level, note=made.note, made_at=now):
            return  # another worker was quicker; there is one document
        event = audit.record(
            "agreement.executed",
            by="system:agreements",
            subject=f"agreement:{agreement.pk}",
            now=now,
            sha256=sha256,
            level=made.level,
            certificate=seal.fingerprint,
        )
        # Names and addresses stand in the document now; the job need not keep them.
        Job.objects.filter(key=job_key(agreement.pk)).update(payload={"agreement": agreement.pk})
        tell(agreement, event)
