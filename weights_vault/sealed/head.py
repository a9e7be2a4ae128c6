"""Heads: the portal's word on which revision of a release is current, for a day.

Specification: docs/reference/sealed-format.md, section 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .canonical import dumps
from .errors import EnvelopeMalformed, RolledBack, WrongSubject
from .fields import DIGEST, REVISION_NAME, SLUG, VISIBLE, Fields, whole_second, write_time
from .signing import SigningKey, open_envelope, seal_envelope
from .trust_document import TrustDocument
from .validity import MAX_DOCUMENT_SIZE, check_now, check_period, load_document

HEAD_TYPE = "application/vnd.weights-portal.head.v1+json"
MAX_REVISIONS = 1_000
MAX_LIFETIME = timedelta(days=7)

_KEYS = (
    "portal",
    "release",
    "sequence",
    "revision",
    "manifest_sha256",
    "revisions",
    "withdrawn",
    "issued",
    "expires",
)


@dataclass(frozen=True)
class Head:
    """Which revision of a release is current.

    sequence: the highest with which any revision was ever published, withdrawn ones included; it never
        falls. revision, manifest_sha256: the current one's name and its manifest's envelope digest.
    withdrawn: names that may not be fetched. revisions: name -> envelope digest of all that may.
    Where nothing may be fetched, `revisions` is empty and `revision` is among `withdrawn`.
    """

    portal: str
    release: str
    sequence: int
    revision: str
    manifest_sha256: str
    withdrawn: tuple[str, ...]
    revisions: Mapping[str, str]
    issued: datetime
    expires: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued", whole_second(self.issued))
        object.__setattr__(self, "expires", whole_second(self.expires))


def sign_head(head: Head, key: SigningKey) -> bytes:
    """Return the envelope of a head, signed by the portal's `head` key.

    Raises: EnvelopeMalformed: a reader would refuse it.
    """
    payload = _write(head)
    _read(payload)
    return seal_envelope(HEAD_TYPE, payload, [key])


def open_head(
    envelope: bytes,
    trust: TrustDocument,
    *,
    release: str,
    minimum_sequence: int,
    now: datetime,
    allow_expired: bool = False,
) -> Head:
    """Return the head of `release`.

    envelope: as received, at most MAX_DOCUMENT_SIZE bytes.
    minimum_sequence: the highest one seen; of two heads of one sequence the one issued later counts.
    allow_expired: to report on a head, never to start a download.
    Raises: EnvelopeMalformed; SignatureInvalid; WrongSubject: of another portal or release; RolledBack;
        Expired.
    Source: docs/reference/sealed-format.md, section 13.
    """
    head = _read(open_envelope(envelope, HEAD_TYPE, trust.keys["head"], max_bytes=MAX_DOCUMENT_SIZE))
    if head.portal != trust.portal or head.release != release:
        raise WrongSubject("the head is of another portal or release")
    if head.sequence < minimum_sequence:
        raise RolledBack(f"the head is at number {head.sequence}; {minimum_sequence} was seen before")
    check_now(head.issued, head.expires, now, "the head", allow_expired=allow_expired)
    return head


def _write(head: Head) -> bytes:
    return dumps(
        {
            "portal": head.portal,
            "release": head.release,
            "sequence": head.sequence,
            "revision": head.revision,
            "manifest_sha256": head.manifest_sha256,
            "revisions": dict(head.revisions),
            "withdrawn": list(head.withdrawn),
            "issued": write_time(head.issued),
            "expires": write_time(head.expires),
        }
    )


def _read(payload: bytes) -> Head:
    fields = Fields(load_document(payload), _KEYS, EnvelopeMalformed, "the head")
    head = Head(
        portal=fields.text("portal", VISIBLE),
        release=fields.text("release", SLUG),
        sequence=fields.number("sequence", minimum=1),
        revision=fields.text("revision", REVISION_NAME),
        manifest_sha256=fields.text("manifest_sha256", DIGEST),
        withdrawn=fields.texts("withdrawn", 0, MAX_REVISIONS, REVISION_NAME),
        revisions=fields.texts_by_name("revisions", MAX_REVISIONS, REVISION_NAME, DIGEST),
        issued=fields.time("issued"),
        expires=fields.time("expires"),
    )
    check_period(head.issued, head.expires, MAX_LIFETIME, "the head")
    _check_revisions(head)
    return head


def _check_revisions(head: Head) -> None:
    if set(head.withdrawn) & set(head.revisions):
        raise EnvelopeMalformed("the head lists a revision as fetchable and as withdrawn")
    fetchable = head.revisions.get(head.revision) == head.manifest_sha256
    nothing_left = not head.revisions and head.revision in head.withdrawn
    if not fetchable and not nothing_left:
        raise EnvelopeMalformed("the head's current revision is not among those it lists")
