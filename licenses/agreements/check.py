"""Is this file a document of this portal, and exactly as it was made? For people who were handed one.

Two questions, answered apart: does its signature hold (`signature.py`), and what does the database know. A
file that the database does not know may still be good, of a portal that lost its rows: it is said plainly.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured

from licenses.agreements import signature
from licenses.agreements.contents import signed_at
from licenses.agreements.signature import Altered, Signature
from licenses.agreements.wording import moment
from licenses.models import Agreement, LicenseVersion
from portal.core import certificates
from portal.core.models import AuditEvent

EXECUTED = "agreement.executed"


@dataclass(frozen=True)
class Report:
    """A file whose signature holds. known: id of the document that it is, byte for byte, else "".

    what, made_at: of a known one; what was signed by whom and when, and when the file was made. license: the
    version that it names, where the database has it, with the same SHA-256 in the file, in the row, and taken
    anew over the text; else None.
    """

    signature: Signature
    known: str
    what: str
    made_at: datetime | None
    license: LicenseVersion | None


def verify(pdf: bytes) -> Report:
    """Return what is known of the file.

    Raises: signature.Refused: its signature does not hold, is not the portal's, the portal keeps this
        document with other bytes, or the license text in the database is not the one it names.
    """
    found = signature.read(pdf, portals_own())
    joined = Agreement.objects.select_related("acceptance", "certificate", "master").defer("pdf")
    row = joined.filter(sha256=found.sha256).first()
    if row is None:
        _require_unknown(found)
        return Report(found, "", "", None, _license(found))
    return Report(found, row.pk, _what(row), row.made_at, _license(found))


def _what(row: Agreement) -> str:
    of = row.acceptance or row.certificate or row.master
    name = of.typed_name if of is not None else ""
    return f"{row.title}, signed by {name} on {moment(signed_at(row))}"


def portals_own() -> set[str]:
    """Return the SHA-256 of every certificate that signed, or signs, this portal's documents.

    The audit log keeps those of the past, so that a new AGREEMENT_KEY makes no old document worthless.
    """
    told = AuditEvent.objects.filter(kind=EXECUTED).order_by().values_list("data__certificate", flat=True)
    known = {str(mark) for mark in told.distinct() if mark}
    try:
        return known | {certificates.load().fingerprint}
    except ImproperlyConfigured:
        return known


def _require_unknown(found: Signature) -> None:
    named = found.words.get("agreement", "")
    kept = Agreement.objects.filter(pk=named, made_at__isnull=False).values_list("sha256", flat=True).first()
    if kept is not None:
        raise Altered(f"The portal keeps {named} with the SHA-256 {kept}; this file has {found.sha256}.")


def _license(found: Signature) -> LicenseVersion | None:
    named = LicenseVersion.objects.select_related("license").filter(pk=found.words.get("license", "")).first()
    if named is None:
        return None
    anew = hashlib.sha256(named.text.encode()).hexdigest()
    if not anew == named.sha256 == found.words.get("license-sha256"):
        raise Altered(f"The text of {named} in the database is not the one that this document names.")
    return named
