"""The kept file of a document, or when to ask again."""

from datetime import datetime
from typing import Final

from django.utils import timezone

from licenses.agreements.ordering import job_key
from licenses.models import Agreement
from portal.core.models import Job
from portal.core.problems import Unavailable

MEDIA_TYPE: Final = "application/pdf"
ASK_AGAIN_S: Final = 10
ASK_AGAIN_LATE_S: Final = 300


def file_of(agreement: Agreement) -> bytes:
    """Return the PDF. Raises: Unavailable(agreement_not_ready): a worker has still to make it."""
    pdf = Agreement.objects.filter(pk=agreement.pk).values_list("pdf", flat=True).get()
    if pdf is None:
        job = Job.objects.filter(key=job_key(agreement.pk)).first()
        raise _late(job, timezone.now()) if job is not None and job.last_error else _soon()
    return bytes(pdf)


def _soon() -> Unavailable:
    return Unavailable(
        "agreement_not_ready",
        "The document is being prepared; what was signed holds all the same.",
        f"Come back in {ASK_AGAIN_S} seconds. You also get mail when it is there.",
        retry_after_s=ASK_AGAIN_S,
        title="Being prepared",
    )


def _late(job: Job, now: datetime) -> Unavailable:
    """What is said once an attempt failed: that it is known, and when the next one comes. Not why: that is
    for the portal's operators."""
    wait_s = (job.run_at - now).total_seconds()
    return Unavailable(
        "agreement_not_ready",
        "The document could not be made yet; what was signed holds all the same. The portal tries again by "
        "itself, and its operators see in the log that it is late.",
        f"The next attempt comes {_in(wait_s)}. You get mail when the document is there.",
        retry_after_s=min(max(round(wait_s), ASK_AGAIN_S), ASK_AGAIN_LATE_S),
        title="Later than usual",
    )


def _in(wait_s: float) -> str:
    minutes = round(wait_s / 60)
    if minutes < 2:
        return "within two minutes"
    return f"in about {minutes} minutes" if minutes < 60 else "in about an hour"


def headers_of(agreement: Agreement) -> dict[str, str]:
    """Return the headers that the file is sent with: saved under a name of its own, kept by no cache."""
    name = agreement.title.lower().replace(" ", "-")
    return {
        "Content-Disposition": f'attachment; filename="{name}-{agreement.pk}.pdf"',
        "Cache-Control": "private, no-store",
    }
