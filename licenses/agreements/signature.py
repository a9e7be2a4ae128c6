"""What the signature in a document says, and whether it holds: pyHanko behind one door.

    Refused            the file proves nothing
    ├── Unreadable     no PDF with exactly one signature, and nothing after it
    ├── Altered        a byte differs from what was signed
    └── Foreign        signed, but with no certificate of this portal

Stricter than a PDF reader: the one signature covers the whole file, nothing is appended, and the bytes around
the signature itself, which no signature can cover, are the only ones it may have.
"""

import hashlib
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final, TypeVar

from asn1crypto import parser
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from portal.core.certificates import fingerprint

MOST_BYTES: Final = 50_000_000
Result = TypeVar("Result")


class Refused(Exception):
    """The file proves nothing; the text says why, for people."""


class Unreadable(Refused):
    pass


class Altered(Refused):
    pass


class Foreign(Refused):
    pass


@dataclass(frozen=True)
class Timestamp:
    """at: as a timestamp server vouches. by: the subject of its certificate; trusting it is the reader's."""

    at: datetime
    by: str


@dataclass(frozen=True)
class Signature:
    """A signature that holds.

    subject, fingerprint: of the signer's certificate; SHA-256, hex. at: as the signer's clock said.
    sha256: of the whole file. words: what the file tells programs, {"agreement": "agr_…", …}.
    """

    subject: str
    fingerprint: str
    at: datetime
    timestamp: Timestamp | None
    sha256: str
    words: dict[str, str]

    @property
    def level(self) -> str:
        return "B-T" if self.timestamp else "B-B"


def read(pdf: bytes, trusted: Collection[str]) -> Signature:
    """Return what the file's signature says.

    trusted: SHA-256 fingerprints, hex, of the certificates that are the portal's.
    Raises: Unreadable, Altered, Foreign.
    """
    if len(pdf) > MOST_BYTES:
        raise Unreadable(f"It is larger than {MOST_BYTES:,} bytes: no document of a portal.")
    try:
        return apart(lambda: _read(pdf, trusted))
    except Refused:
        raise
    except Exception as error:
        # A broken file breaks a reader in a hundred ways, and each is the same refusal.
        raise Unreadable("It cannot be read as a signed PDF: it is damaged, or none.") from error


def apart(work: Callable[[], Result]) -> Result:
    """Do pyHanko's work in a thread of its own: it starts an event loop, and the caller may be in one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def _read(pdf: bytes, trusted: Collection[str]) -> Signature:
    reader = PdfFileReader(BytesIO(pdf), strict=True)
    if len(reader.embedded_signatures) != 1 or len(reader.embedded_regular_signatures) != 1:
        raise Unreadable(f"It carries {len(reader.embedded_signatures)} signatures; a document has one.")
    embedded = reader.embedded_regular_signatures[0]
    _require_exact_hole(pdf, embedded)
    certificate, at = embedded.signer_cert, _claimed(embedded)
    context = ValidationContext(trust_roots=[certificate], allow_fetching=False, moment=at)
    status = validate_pdf_signature(embedded, signer_validation_context=context)
    _require_whole(status, embedded)
    name, mark = str(certificate.subject.human_friendly), fingerprint(certificate)
    if mark not in trusted:
        raise Foreign(f"It is signed by {name} (SHA-256 {mark}), which is no certificate of this portal.")
    if not (status.trusted and certificate.not_valid_before <= at < certificate.not_valid_after):
        raise Foreign(
            f"It is signed by {name} at a time, or for a use, that its certificate is not good for."
        )
    return Signature(name, mark, at, _timestamp(status), hashlib.sha256(pdf).hexdigest(), _words(reader))


def _require_whole(status: Any, embedded: Any) -> None:
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        raise Altered("Something was added to the file after it was signed.")
    if not (status.intact and status.valid):
        raise Altered("The file is not what was signed: at least one byte differs.")
    if embedded.docmdp_level != MDPPerm.NO_CHANGES or not status.docmdp_ok:
        raise Altered("The signature does not certify that nothing may change.")


def _require_exact_hole(pdf: bytes, embedded: Any) -> None:
    """The gap that the signature stands in holds it in upper-case hex, then zeros: no other byte is free."""
    first, length, second, _ = (int(number) for number in embedded.byte_range)
    hole = pdf[first + length : second]
    _, _, _, *parts = parser.parse(bytes(embedded.pkcs7_content))
    signed = b"".join(parts).hex().upper().encode()
    inside = hole[1:-1]
    exact = hole[:1] == b"<" and hole[-1:] == b">" and inside.startswith(signed)
    if not exact or inside[len(signed) :].strip(b"0"):
        raise Altered("The bytes around the signature were changed.")


def _claimed(embedded: Any) -> datetime:
    at = embedded.self_reported_timestamp
    if at is None:
        raise Unreadable("Its signature tells no time.")
    return at.astimezone(UTC)  # type: ignore[no-any-return]


def _timestamp(status: Any) -> Timestamp | None:
    found = status.timestamp_validity
    if found is None:
        return None
    if not (found.intact and found.valid):
        raise Altered("Its time stamp does not hold.")
    return Timestamp(found.timestamp.astimezone(UTC), str(found.signing_cert.subject.human_friendly))


def _words(reader: Any) -> dict[str, str]:
    told = str(reader.trailer["/Info"].get("/Keywords", ""))
    pairs = (word.strip().partition("=") for word in told.split(","))
    return {name: value for name, _, value in pairs if value}
