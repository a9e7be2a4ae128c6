"""The keeper: the only code that touches file keys.

Doors: `new_body` makes a key and seals under it, `resume_body` goes on with that, `issue_headers` wraps keys
to one recipient of one grant, `gate` to the publisher's own smoke test, `rewrap_in_batches` moves to
another master key. Ids and rows go in, header bytes come out; a file key never does.

The keeper asks the access rule itself, whatever its caller asked before, inside the transaction that writes
the ledger and the audit event: a revocation stands wholly before or wholly after what was issued (G2).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.keys import MasterKey, master_key
from portal.core.problems import Invalid, NotPermitted
from weights_vault.guard import alarms, ceiling, evidence
from weights_vault.guard.ceiling import CeilingReached
from weights_vault.guard.evidence import EvidenceMissing
from weights_vault.ledger import writing
from weights_vault.models import File, LedgerEntry, RecipientKey, Revision, SealedBody
from weights_vault.models.bodies import body_id
from weights_vault.ports import access_policy
from weights_vault.sealed.body import (
    BODY_FORMAT,
    BodySealer,
    new_file_key,
    new_nonce,
    sealed_size,
)
from weights_vault.sealed.header import GrantLabel, make_header
from weights_vault.sealed.keys import Recipient, parse_recipient
from weights_vault.storage.port import random_name

MAX_BATCH = 500
GATE_GRANT = "gate"  # the label of the gate's headers: no grant has this id
REWRAP_BATCH = 500


def new_body(plain_size: int, *, now: datetime) -> tuple[SealedBody, BodySealer]:
    """Make the row, unsaved, and the sealer of a new body of `plain_size` plaintext bytes.

    Every call makes a fresh file key, nonce and object name; none is ever used for other content.
    """
    file_key, nonce = new_file_key(), new_nonce()
    identifier = body_id()
    body = SealedBody(
        id=identifier,
        object_name=random_name(),
        body_format=BODY_FORMAT,
        nonce=nonce.hex(),
        wrapped_key=master_key().wrap(file_key, _context(identifier)),
        plain_size=plain_size,
        body_size=sealed_size(plain_size),
        created_at=now,
    )
    return body, BodySealer(file_key, nonce, plain_size)


def resume_body(body: SealedBody) -> BodySealer:
    """The sealer of a body that an earlier run left half-way.

    The caller seals no part before it is pinned, and none whose plaintext is not the pinned one
    (`ingest/under_way.py`; docs/reference/sealed-format.md, section 3.4).
    Raises: RuntimeError: the body is finished; nothing is ever sealed under its key again.
    """
    if body.state != SealedBody.State.WRITING:
        raise RuntimeError(f"body {body.id} is {body.state}")
    file_key = master_key().unwrap(bytes(body.wrapped_key), _context(body.id))
    return BodySealer(file_key, bytes.fromhex(body.nonce), body.plain_size)


class Batch(list[tuple[str, bytes]]):
    """(file id, header) of each file, in the order asked for. event: the batch's number in the log."""

    def __init__(self, headers: Iterable[tuple[str, bytes]], event: int) -> None:
        super().__init__(headers)
        self.event = event


def issue_headers(
    *,
    by: Principal,
    grant: str,
    revision: Revision,
    key: RecipientKey,
    files: Sequence[File],
    now: datetime,
    address: str = "",
) -> Batch:
    """Return (file id, header) for each of `files`, wrapped to `key` and labeled with `grant`.

    files: 1 to 500 files of `revision`. One audit event and one ledger entry a batch, with each header's
        digest. address: of the caller, for the ledger; "" where there is none.
    Raises: NotPermitted: the access rule says no, or (evidence_missing) the votes are not proved.
        Unavailable(keeper_ceiling): no more headers within this hour. Invalid: too many files, or files of
        another revision.
    """
    require_files_of(revision, files)
    try:
        return _issue(by, grant, revision, key, files, now, address)
    except (EvidenceMissing, CeilingReached) as refusal:
        _sound_the_alarm(refusal, by, grant, revision, now)
        raise


@transaction.atomic
def _issue(
    by: Principal,
    grant: str,
    revision: Revision,
    key: RecipientKey,
    files: Sequence[File],
    now: datetime,
    address: str,
) -> Batch:
    verdict = access_policy().judge(
        by, revision.release, "headers", now=now, revision=revision, key=key, grant=grant, lock=True
    )
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    _require_own_active_key(by, key)
    if verdict.grant != grant:
        raise NotPermitted("no_request", "This grant does not cover the release.", "Look at your grants.")
    evidence.require(grant)
    bodies = SealedBody.objects.in_bulk({file.body_id for file in files})
    with ceiling.places(len(files), now):
        headers = _make_headers(files, bodies, parse_recipient(key.recipient), grant)
    size = sum(bodies[file.body_id].body_size for file in files)
    return Batch(headers, _write_down(by, grant, revision, key, headers, size, address, now))


def _write_down(
    by: Principal,
    grant: str,
    revision: Revision,
    key: RecipientKey,
    headers: Sequence[tuple[str, bytes]],
    size: int,
    address: str,
    now: datetime,
) -> int:
    """The batch in the ledger and in the log. size: bytes of all its bodies. Returns: its event's number."""
    writing.add(
        LedgerEntry.Kind.HEADERS,
        grant=grant,
        person=by.person.public_id,
        revision=revision,
        key=key.id,
        files=[file for file, _ in headers],
        digests=[hashlib.sha256(header).digest() for _, header in headers],
        size=size,
        address=address,
        now=now,
    )
    event = audit.record(
        "headers.issued",
        by=by.actor,
        subject=f"grant:{grant}",
        now=now,
        revision=revision.id,
        key=key.id,
        files=len(headers),
    )
    return event.pk


def _sound_the_alarm(
    refusal: EvidenceMissing | CeilingReached, by: Principal, grant: str, revision: Revision, now: datetime
) -> None:
    """In a transaction of its own: that of the refused issue is undone."""
    missing = isinstance(refusal, EvidenceMissing)
    alarms.raise_alarm(
        alarms.EVIDENCE_MISSING if missing else alarms.KEEPER_CEILING,
        grant=grant,
        person=by.person.public_id,
        release=revision.release.slug,
        measured=refusal.proved if isinstance(refusal, EvidenceMissing) else refusal.made,
        threshold=refusal.needed if isinstance(refusal, EvidenceMissing) else settings.HEADERS_PER_HOUR,
        now=now,
    )


@transaction.atomic
def gate(*, revision: Revision, recipient: str, by: str, now: datetime) -> dict[str, bytes]:
    """Headers of every file of a revision for the publisher's own smoke test, labeled with GATE_GRANT.

    recipient: an ephemeral key whose identity lives as long as the test. Recorded like any other issue.
    """
    wrapped_to = parse_recipient(recipient)
    files = list(revision.files.all())
    bodies = SealedBody.objects.in_bulk({file.body_id for file in files})
    headers = dict(_make_headers(files, bodies, wrapped_to, GATE_GRANT))
    audit.record(
        "headers.issued_for_gate", by=by, subject=f"revision:{revision.id}", now=now, files=len(headers)
    )
    return headers


@dataclass(frozen=True)
class Rewrapped:
    """One batch. done: file keys that were wrapped anew. refused: those that no key of MASTER_KEY opens, by
    the ids of their bodies, with the reason; they stay as they are."""

    done: int
    refused: tuple[tuple[str, str], ...] = ()


def rewrap_in_batches(*, now: datetime, by: str = "system:rewrap") -> Iterator[Rewrapped]:
    """Wrap every file key that an older master key holds with the current one; yields after each batch.

    Bodies and headers stay as they are. Each batch is a transaction with its audit event. Restartable: what
    is done is skipped. Rows are compared before they are written: two runs at once, or a body that is wrapped
    anew meanwhile, lose nothing. New bodies are wrapped by the current key already.
    """
    master, after = master_key(), ""
    while True:
        later = SealedBody.objects.filter(pk__gt=after).order_by("pk")
        rows = list(later.values_list("pk", "wrapped_key")[:REWRAP_BATCH])
        if not rows:
            return
        after = rows[-1][0]
        old = [(body, bytes(blob)) for body, blob in rows if not master.is_current(bytes(blob))]
        if old:
            yield _rewrap(master, old, now, by)


def _rewrap(master: MasterKey, old: Sequence[tuple[str, bytes]], now: datetime, by: str) -> Rewrapped:
    opened = master.unwrap_each([(blob, _context(body)) for body, blob in old])
    good = [(row, key) for row, key in zip(old, opened, strict=True) if isinstance(key, bytes)]
    # A call each where a service has the key: no row is locked while it is asked.
    fresh = master.wrap_all([(key, _context(body)) for (body, _), key in good])
    with transaction.atomic():
        done = sum(
            SealedBody.objects.filter(pk=body, wrapped_key=blob).update(wrapped_key=wrapped)
            for ((body, blob), _), wrapped in zip(good, fresh, strict=True)
        )
        if good:
            audit.record("file_keys.rewrapped", by=by, subject="vault:keys", now=now, bodies=done)
    refused = ((row[0], str(key)) for row, key in zip(old, opened, strict=True) if not isinstance(key, bytes))
    return Rewrapped(done, tuple(refused))


def waiting_for_rewrap() -> int:
    """How many file keys an older master key still holds."""
    master = master_key()
    blobs = SealedBody.objects.values_list("wrapped_key", flat=True)
    return sum(not master.is_current(bytes(blob)) for blob in blobs.iterator(chunk_size=REWRAP_BATCH))


def require_files_of(revision: Revision, files: Sequence[File]) -> None:
    """Raises: Invalid: not 1 to 500 files, one twice, or one of another revision (G3)."""
    if not 1 <= len(files) <= MAX_BATCH:
        raise Invalid(
            "invalid", f"Ask for 1 to {MAX_BATCH} files at a time.", errors={"files": ["wrong number"]}
        )
    if len({file.id for file in files}) != len(files):
        raise Invalid("invalid", "A file is named twice.", errors={"files": ["named twice"]})
    if any(file.revision_id != revision.id for file in files):
        raise Invalid(
            "invalid", "A file is not of this revision.", errors={"files": ["not of this revision"]}
        )


def _require_own_active_key(by: Principal, key: RecipientKey) -> None:
    # The rule judged what was true when its facts were read; the row itself is asked once more.
    row = RecipientKey.objects.select_for_update().filter(
        pk=key.pk, state=RecipientKey.State.ACTIVE, recipient=key.recipient
    )
    if by.user is None or not row.filter(user_id=by.user.pk).exists():
        raise NotPermitted(
            "no_recipient_key", "This is not an active recipient key of yours.", "Run: weights keys create"
        )


def _make_headers(
    files: Sequence[File], bodies: Mapping[str, SealedBody], recipient: Recipient, grant: str
) -> list[tuple[str, bytes]]:
    wrapped = [(bytes(bodies[file.body_id].wrapped_key), _context(file.body_id)) for file in files]
    made = []
    for file, file_key in zip(files, master_key().unwrap_all(wrapped), strict=True):
        label = GrantLabel(grant=grant, revision=file.revision_id, file=file.id)
        made.append((file.id, make_header(file_key, recipient, label)))
    return made


def _context(body: str) -> str:
    return f"body:{body}"
