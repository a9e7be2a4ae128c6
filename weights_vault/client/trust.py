"""From the portal's word to a manifest to rely on: pin, trust document, head, manifest.

The law of this module:
1. The root key is pinned at first contact, or given by the person; afterwards only it, or the successor it
   signs together with, or that one's, speaks for the portal.
2. Nothing older than what this machine has seen is accepted (sequences and the time of issue only rise).
3. A manifest counts only if the head names its digest, and it is checked before anything is written.
4. A clock that is a day off is named as the cause before a signature is.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from weights_vault.client import clock
from weights_vault.client.api import Api
from weights_vault.client.errors import (
    AnswerTooLong,
    IntegrityFailure,
    NotAllowed,
    PortalFault,
    WrongUsage,
)
from weights_vault.client.integrity import NOTHING_WRITTEN, refused_as
from weights_vault.client.output import Output
from weights_vault.client.pins import Pins, SeenHead
from weights_vault.sealed.canonical import loads_strict
from weights_vault.sealed.errors import Malformed, SignatureInvalid
from weights_vault.sealed.manifest import Manifest, envelope_digest, open_manifest
from weights_vault.sealed.signing import PublicKey
from weights_vault.sealed.trust import (
    Head,
    TrustDocument,
    fingerprint,
    follow_roots,
    open_head,
    open_trust,
)

MAX_DOCUMENT_BYTES = 256 << 10
MAX_SUCCESSIONS_BYTES = 2 << 20
# What the format allows for an envelope.
MAX_MANIFEST_BYTES = 32 << 20


@dataclass(frozen=True)
class TrustedManifest:
    """A manifest whose signature, place and digest were checked, with the bytes that were checked.

    envelope, trust_envelope: as received; they go into the folder so that `verify` works without the network.
    keys: the publisher's keys of that trust document, which earlier manifests of a folder are held against.
    """

    manifest: Manifest
    envelope: bytes
    sha256: str
    trust_envelope: bytes
    keys: tuple[PublicKey, ...] = ()


class TrustChain:
    """Asks one portal for signed documents and checks them against this machine's memory.

    portal_key: a fingerprint that the person gave, which wins over the pinned one; None pins at first
    contact.
    """

    def __init__(
        self,
        api: Api,
        pins: Pins,
        output: Output,
        *,
        portal_key: str | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._api = api
        self._pins = pins
        self._output = output
        self._portal_key = portal_key
        self._now = now
        self._envelope = b""
        self._document: TrustDocument | None = None

    def document(self) -> TrustDocument:
        """The portal's trust document, asked for once. Raises: IntegrityFailure, Unreachable(clock-wrong)."""
        if self._document is None:
            envelope = self._signed("/trust", MAX_DOCUMENT_BYTES)
            clock.check_skew(self._api.portal_time, self._now())
            with refused_as(
                "The portal's keys are not the ones trusted here.",
                f"Compare the fingerprint on {self._api.portal}/about/ with what you know by other means; "
                "pass it with --portal-key only if they agree.",
            ):
                self._document = self._open(envelope, self._portal_key or self._pins.root)
            self._envelope = envelope
        return self._document

    def head(self, release: str) -> Head:
        """The fresh head of a release. Raises: IntegrityFailure (also for one older than was seen),
        Unreachable.
        """
        trust = self.document()
        seen = self._pins.head(release)
        envelope = self._signed(f"/releases/{release}/head", MAX_DOCUMENT_BYTES)
        clock.check_skew(self._api.portal_time, self._now())
        with refused_as(f"The portal's word on {release} is refused."):
            head = open_head(
                envelope,
                trust,
                release=release,
                minimum_sequence=seen.sequence if seen else 0,
                now=self._now(),
            )
        if seen and (head.sequence, head.issued) < (seen.sequence, seen.issued):
            raise IntegrityFailure(
                "head-rolled-back",
                f"The portal's word on {release} is older than one seen here.",
                f"It is of {head.issued:%Y-%m-%d %H:%M} UTC; {seen.issued:%Y-%m-%d %H:%M} was seen.",
                NOTHING_WRITTEN,
            )
        self._pins.keep_head(release, SeenHead(head.sequence, head.issued))
        return head

    def manifest(self, head: Head, revision: str, grant: str) -> TrustedManifest:
        """The signed manifest of a revision, as the head names it.

        Raises: IntegrityFailure: signature, digest, or another release, portal or revision inside.
        """
        trust = self.document()
        envelope = self._signed(f"/grants/{grant}/manifest", MAX_MANIFEST_BYTES, revision=revision)
        sha256 = envelope_digest(envelope)
        if sha256 != head.revisions.get(revision):
            raise IntegrityFailure(
                "manifest-not-in-head",
                f"The manifest of {head.release}@{revision} is refused.",
                "Its digest is not the one that the portal's head names.",
                NOTHING_WRITTEN,
            )
        with refused_as(f"The manifest of {head.release}@{revision} is refused."):
            manifest = open_manifest(envelope, trust.keys["manifest"])
        check_place(manifest, portal=head.portal, release=head.release, revision=revision)
        return TrustedManifest(manifest, envelope, sha256, self._envelope, tuple(trust.keys["manifest"]))

    def _open(self, envelope: bytes, pinned: str | None) -> TrustDocument:
        same = pinned is not None and pinned.strip().lower() == self._pins.root
        seen = self._pins.trust_sequence if same else 0
        try:
            document = self._open_with(envelope, pinned, seen)
        except SignatureInvalid as error:
            if pinned is None or error.reference != "root-not-pinned":
                raise
            document = self._follow(envelope, pinned, seen, error)
        # A root that hands over signs together with its successor; from then on the successor is the one
        # pinned.
        root = fingerprint(document.keys["root"][0])
        self._pins.keep_trust(root=root, sequence=document.sequence, log=document.log)
        if pinned is None:
            self._output.important(
                f"first contact with {self._api.portal}: its key is pinned as {root}",
                f"compare it with {self._api.portal}/about/ or with what you were told by other means",
            )
        return document

    def _open_with(self, envelope: bytes, pinned: str | None, seen: int) -> TrustDocument:
        return open_trust(
            envelope, pinned=pinned, minimum_sequence=seen, portal=self._api.portal, now=self._now()
        )

    def _follow(self, envelope: bytes, pinned: str, seen: int, refusal: SignatureInvalid) -> TrustDocument:
        """Open the trust document by the root that the pinned one handed over to, over however many steps.

        Raises: SignatureInvalid: `refusal`, where it never did.
        """
        last = follow_roots(
            self._successions(), pinned=pinned, minimum_sequence=seen, portal=self._api.portal
        )
        if last is None:
            raise refusal
        successor = fingerprint(last.keys["root"][0])
        document = self._open_with(envelope, successor, last.sequence)
        self._output.important(
            f"{self._api.portal} has a new root key: {successor}",
            f"the one trusted here until now, {pinned}, signed that it takes over",
        )
        return document

    def _successions(self) -> list[bytes]:
        """What the portal says of its earlier roots; nothing, where it does not know the question."""
        try:
            answer = self._signed("/trust/successions", MAX_SUCCESSIONS_BYTES)
            value = loads_strict(answer, max_bytes=MAX_SUCCESSIONS_BYTES, max_depth=4)
            told = value["successions"] if isinstance(value, dict) else []
            return (
                [base64.b64decode(str(each), validate=True) for each in told]
                if isinstance(told, list)
                else []
            )
        except (PortalFault, NotAllowed, WrongUsage, Malformed, KeyError, ValueError):
            return []

    def _signed(self, path: str, max_bytes: int, **query: str) -> bytes:
        try:
            return self._api.get_bytes(path, max_bytes=max_bytes, **query)
        except AnswerTooLong as error:
            raise IntegrityFailure(
                "document-too-long", "A signed document of the portal is refused.", error.why, NOTHING_WRITTEN
            ) from None


def choose_revision(head: Head, wanted: str | None) -> str:
    """The revision to get: the current one, or the one asked for by name.

    Raises: NotAllowed(revision-unavailable): withdrawn; WrongUsage(unknown-revision).
    """
    name = wanted or head.revision
    if name in head.withdrawn:
        current = f"The current revision is {head.revision}: weights download {head.release}"
        raise NotAllowed(
            "revision-unavailable",
            f"{head.release}@{name} was withdrawn.",
            "Its publisher took it back.",
            current if head.revisions else "There is no other revision now: ask the publisher.",
            code="revision_unavailable",
        )
    if name not in head.revisions:
        raise WrongUsage(
            "unknown-revision",
            f"{head.release} has no revision {name}.",
            f"Available: {', '.join(head.revisions) or 'none'}.",
            f"weights download {head.release}@{head.revision}",
        )
    return name


def check_place(manifest: Manifest, *, portal: str, release: str, revision: str) -> None:
    """Refuse a rightly signed manifest of another portal, release or revision. Raises: IntegrityFailure."""
    found = (manifest.portal, manifest.release, manifest.revision)
    if found != (portal, release, revision):
        raise IntegrityFailure(
            "manifest-of-another",
            f"The manifest of {release}@{revision} is refused.",
            f"It is signed, but for {found[1]}@{found[2]} of {found[0]}.",
            NOTHING_WRITTEN,
        )
