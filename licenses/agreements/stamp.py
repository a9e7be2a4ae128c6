"""The portal's PAdES signature in a document, with a trusted time where a server gives one.

Certified with "no changes": a reader calls any later change a breach. A timestamp server that is away, slow
or wrong lowers the level from B-T to B-B, is noted, and stops nothing; it is not asked again.
"""

import logging
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import httpx
from asn1crypto import tsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from licenses.agreements import signature
from portal.core.certificates import Seal

logger = logging.getLogger(__name__)

FIELD: Final = "Portal"
WITH_TIME: Final = "B-T"
WITHOUT_TIME: Final = "B-B"
# Both questions to the timestamp server together: one for the size of its answer, one for the signature.
MOST_WAIT_S: Final = 10.0
MOST_ANSWER_BYTES: Final = 65_536


class Unusable(Exception):
    """The timestamp server answered, but not with a time."""


@dataclass(frozen=True)
class Stamped:
    """A signed file. level: "B-T" or "B-B". note: why it is the lower one, though a server is named."""

    pdf: bytes
    level: str
    note: str = ""


def stamp(pdf: bytes, seal: Seal, *, reason: str, portal: str, timestamp_url: str = "") -> Stamped:
    """Return `pdf` signed.

    reason: what is certified; portal: its name and address. Both are shown by PDF readers.
    timestamp_url: of an RFC 3161 server; empty for none.
    """
    if not timestamp_url:
        return Stamped(_signed(pdf, seal, reason, portal), WITHOUT_TIME)
    try:
        made = _signed(pdf, seal, reason, portal, Server(timestamp_url))
        # What a server answered is believed when it holds, not before.
        if signature.read(made, [seal.fingerprint]).timestamp is None:
            raise Unusable("the timestamp server answered without a time")
    except Exception as error:
        # Whatever a stranger's server sends: a document without its time is better than none.
        why = f"No time stamp: {_said(error)}."
        logger.warning("agreements: %s", why)
        return Stamped(_signed(pdf, seal, reason, portal), WITHOUT_TIME, why)
    return Stamped(made, WITH_TIME)


def _said(error: Exception) -> str:
    """Why, without the server's own words: what it sends is not ours to repeat."""
    if isinstance(error, httpx.TimeoutException):
        return "the timestamp server did not answer in time"
    if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
        return "the timestamp server is out of reach"
    if isinstance(error, Unusable):
        return str(error)
    return f"what the timestamp server answered is unusable ({type(error).__name__})"


def _signed(pdf: bytes, seal: Seal, reason: str, portal: str, server: TimeStamper | None = None) -> bytes:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(seal.chain)
    signer = signers.SimpleSigner(seal.certificate, seal.key, store)
    about = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        name=portal,
        reason=reason,
        location=portal,
    )
    out = BytesIO()
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    signature.apart(lambda: signers.PdfSigner(about, signer, timestamper=server).sign_pdf(writer, output=out))
    return out.getvalue()


class Server(TimeStamper):
    """An RFC 3161 server that may take MOST_WAIT_S in all, however slowly it sends."""

    def __init__(self, url: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._url = url
        self._deadline = time.monotonic() + MOST_WAIT_S

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._answer(req.dump()), strict=True)

    def _answer(self, question: bytes) -> bytes:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Unusable("the timestamp server did not answer in time")
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        request: dict[str, Any] = {"content": question, "headers": headers, "timeout": min(left, 5.0)}
        with httpx.stream("POST", self._url, **request) as answer:
            if answer.status_code != httpx.codes.OK:
                raise Unusable(f"the timestamp server answered {answer.status_code}")
            return self._body(answer)

    def _body(self, answer: httpx.Response) -> bytes:
        body = b""
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > MOST_ANSWER_BYTES:
                raise Unusable("the answer of the timestamp server has no end")
            if time.monotonic() > self._deadline:
                raise Unusable("the timestamp server did not answer in time")
        return body
