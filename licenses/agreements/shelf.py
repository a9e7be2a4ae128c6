"""The kept file of a document, or when to ask again."""

from typing import Final

from licenses.models import Agreement
from portal.core.problems import Unavailable

MEDIA_TYPE: Final = "application/pdf"
ASK_AGAIN_S: Final = 10


def file_of(agreement: Agreement) -> bytes:
    """Return the PDF. Raises: Unavailable(agreement_not_ready): a worker has still to make it."""
    pdf = Agreement.objects.filter(pk=agreement.pk).values_list("pdf", flat=True).get()
    if pdf is None:
        raise Unavailable(
            "agreement_not_ready",
            "The document is being prepared; what was signed holds all the same.",
            f"Come back in {ASK_AGAIN_S} seconds. You also get mail when it is there.",
            retry_after_s=ASK_AGAIN_S,
            title="Being prepared",
        )
    return bytes(pdf)


def headers_of(agreement: Agreement) -> dict[str, str]:
    """Return the headers that the file is sent with: saved under a name of its own, kept by no cache."""
    name = agreement.title.lower().replace(" ", "-")
    return {
        "Content-Disposition": f'attachment; filename="{name}-{agreement.pk}.pdf"',
        "Cache-Control": "private, no-store",
    }
