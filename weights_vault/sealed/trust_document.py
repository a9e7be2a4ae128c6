"""Trust documents: which keys speak for a portal.

The root key signs this and nothing else; manifests, heads and countersignatures have keys of their own, so
that the one that signs every hour cannot publish. The pin and the highest sequence seen are the caller's to
keep.

Specification: docs/reference/sealed-format.md, section 12.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .canonical import dumps
from .errors import EnvelopeMalformed, RolledBack, SealedError, SignatureInvalid, WrongSubject
from .fields import ANYTHING, VISIBLE, Fields, whole_second, write_time
from .log.note import LOG_SIGNATURE, NoteVerifier
from .signing import PublicKey, SigningKey, open_envelope, peek_payload, seal_envelope
from .validity import MAX_DOCUMENT_SIZE, check_now, check_period, load_document

ROLES = ("root", "manifest", "head", "countersign")
TRUST_TYPE = "application/vnd.weights-portal.trust.v1+json"
MAX_KEYS = 8  # of one role
MAX_LIFETIME = timedelta(days=800)

_KEYS = ("portal", "sequence", "issued", "expires", "keys", "next_root")
_LOG = "log"  # left out where there is none: documents from before the log read as they did
_FINGERPRINT_PREFIX = "wp1-"
_FINGERPRINT_DOMAIN = b"weights-portal root key v1\n"
_FINGERPRINT_SIZE = 20  # bytes: 160 bits


@dataclass(frozen=True)
class TrustDocument:
    """The keys of a portal by role. keys["root"][0] is the current root. Times are UTC, whole seconds.

    log: vkeys of the audit log, the current one first; none in documents of a portal without one.
    """

    portal: str
    sequence: int
    issued: datetime
    expires: datetime
    keys: Mapping[str, tuple[PublicKey, ...]]
    next_root: PublicKey | None = None
    log: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued", whole_second(self.issued))
        object.__setattr__(self, "expires", whole_second(self.expires))


def fingerprint(public: PublicKey) -> str:
    """Return what people compare and clients pin: `wp1-` and eight groups of four characters (160 bits)."""
    digest = hashlib.sha256(_FINGERPRINT_DOMAIN + public.raw).digest()[:_FINGERPRINT_SIZE]
    text = base64.b32encode(digest).decode("ascii").lower()
    return _FINGERPRINT_PREFIX + "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def sign_trust(document: TrustDocument, root: SigningKey, *other_roots: SigningKey) -> bytes:
    """Return the envelope of a trust document.

    root: the current root, document.keys["root"][0]. other_roots: while it is being replaced, the old one
        too.
    Raises: EnvelopeMalformed: a reader would refuse it.
    """
    roots = [root, *other_roots]
    if [key.public for key in roots] != list(document.keys["root"][: len(roots)]):
        raise RuntimeError("a trust document is signed by the roots it names, the current one first")
    payload = _write(document)
    _read(payload)
    return seal_envelope(TRUST_TYPE, payload, roots)


def open_trust(
    envelope: bytes, *, pinned: str | None, minimum_sequence: int, portal: str, now: datetime
) -> TrustDocument:
    """Return the trust document of a portal.

    envelope: as received, at most MAX_DOCUMENT_SIZE bytes.
    pinned: the root's fingerprint, in any case; None on first contact: the caller then pins
        `fingerprint(document.keys["root"][0])`, and does so again whenever that changes.
    minimum_sequence: the highest one seen.
    Raises: EnvelopeMalformed; SignatureInvalid: also when no root has the pinned fingerprint;
        WrongSubject: of another portal; RolledBack; Expired.
    Source: docs/reference/sealed-format.md, section 12.
    """
    document = _open(envelope, pinned, minimum_sequence, portal)
    check_now(document.issued, document.expires, now, "the trust document", allow_expired=False)
    return document


def follow_roots(
    envelopes: Sequence[bytes], *, pinned: str, minimum_sequence: int, portal: str
) -> TrustDocument | None:
    """Return the last document of the chain by which the pinned root handed over, None where it never did.

    envelopes: trust documents in which a root stood beside its successor, the oldest first. Each step is
    signed by the root that is trusted so far and by the one that comes after it. Such a document may have
    expired long ago: it proves who came after whom, and nothing else is taken from it.
    minimum_sequence: the highest one seen; it only rises along the chain.
    Raises: EnvelopeMalformed, WrongSubject, SignatureInvalid, RolledBack: a step that concerns the trusted
        root is not what it should be.
    Source: docs/reference/sealed-format.md, section 12.
    """
    last: TrustDocument | None = None
    for envelope in envelopes:
        roots = roots_of(envelope)
        if len(roots) < 2 or pinned.strip().lower() not in map(fingerprint, roots[1:]):
            continue
        last = _open(envelope, pinned, minimum_sequence, portal)
        pinned, minimum_sequence = fingerprint(roots[0]), last.sequence
    return last


def roots_of(envelope: bytes) -> tuple[PublicKey, ...]:
    """Return the root keys that a trust document names, unverified. Raises: EnvelopeMalformed."""
    return _read(peek_payload(envelope, TRUST_TYPE, max_bytes=MAX_DOCUMENT_SIZE)).keys["root"]


def _open(envelope: bytes, pinned: str | None, minimum_sequence: int, portal: str) -> TrustDocument:
    document = _read(peek_payload(envelope, TRUST_TYPE, max_bytes=MAX_DOCUMENT_SIZE))
    roots = document.keys["root"]
    if pinned is not None:
        open_envelope(envelope, TRUST_TYPE, [_pinned_root(roots, pinned)], max_bytes=MAX_DOCUMENT_SIZE)
    # The current root signs as well, so that nobody can have a key pinned that they do not hold.
    open_envelope(envelope, TRUST_TYPE, roots[:1], max_bytes=MAX_DOCUMENT_SIZE)
    if document.portal != portal:
        raise WrongSubject("the trust document is of another portal")
    if document.sequence < minimum_sequence:
        raise RolledBack(
            f"the trust document is number {document.sequence}; {minimum_sequence} was seen before"
        )
    return document


def _pinned_root(roots: tuple[PublicKey, ...], pinned: str) -> PublicKey:
    for root in roots:
        if fingerprint(root) == pinned.strip().lower():
            return root
    raise SignatureInvalid("the portal's root key is not the one pinned", reference="root-not-pinned")


def _write(document: TrustDocument) -> bytes:
    value: dict[str, object] = {
        "portal": document.portal,
        "sequence": document.sequence,
        "issued": write_time(document.issued),
        "expires": write_time(document.expires),
        "keys": {role: [str(key) for key in keys] for role, keys in document.keys.items()},
        "next_root": None if document.next_root is None else str(document.next_root),
    }
    return dumps(value | {_LOG: list(document.log)} if document.log else value)


def _read(payload: bytes) -> TrustDocument:
    value = load_document(payload)
    has_log = isinstance(value, dict) and _LOG in value
    keys_of_it = (*_KEYS, _LOG) if has_log else _KEYS
    fields = Fields(value, keys_of_it, EnvelopeMalformed, "the trust document")
    by_role = fields.inner("keys", ROLES)
    keys = {role: tuple(_key(text) for text in by_role.texts(role, 1, MAX_KEYS, VISIBLE)) for role in ROLES}
    next_root = fields.optional_text("next_root", VISIBLE)
    document = TrustDocument(
        portal=fields.text("portal", VISIBLE),
        sequence=fields.number("sequence", minimum=1),
        issued=fields.time("issued"),
        expires=fields.time("expires"),
        keys=keys,
        next_root=None if next_root is None else _key(next_root),
        log=fields.texts(_LOG, 1, MAX_KEYS, ANYTHING) if has_log else (),
    )
    check_period(document.issued, document.expires, MAX_LIFETIME, "the trust document")
    _check_roles(document)
    return document


def _key(text: str) -> PublicKey:
    try:
        return PublicKey.from_text(text)
    except SealedError as error:
        raise EnvelopeMalformed(f"a key of the trust document: {error}") from None


def _log_key(text: str) -> PublicKey:
    try:
        verifier = NoteVerifier.from_text(text)
    except SealedError as error:
        raise EnvelopeMalformed(f"a key of the log in the trust document: {error}") from None
    if verifier.kind != LOG_SIGNATURE:
        raise EnvelopeMalformed("a witness is no key of the log: the portal does not name its own witnesses")
    return verifier.key


def _check_roles(document: TrustDocument) -> None:
    """Roles, never one key: the one that leaks must not be able to do another's work."""
    named = [key for keys in document.keys.values() for key in keys] + list(map(_log_key, document.log))
    if document.next_root is not None:
        named.append(document.next_root)
    if len(set(named)) != len(named):
        raise EnvelopeMalformed("one key stands in two places of the trust document")
