"""The trust document: which keys speak for the portal, signed by the root key.

A change of keys or of the portal's address makes the next sequence number; an unchanged document is signed
again, under the same number, when half of its life is over. `sign` alone needs the root key; it runs where
the keeper does.
Specification: docs/reference/sealed-format.md, section 12.
"""

import base64
import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from portal.core.keys import Told, root_signers, told_keys
from portal.core.log.keys import verifiers
from portal.core.problems import Unavailable
from weights_vault.keeping import door
from weights_vault.models import TrustRecord
from weights_vault.sealed.canonical import dumps
from weights_vault.sealed.trust import ROLES, TrustDocument, roots_of, sign_trust

LIFETIME = timedelta(days=30)


def trust_document(now: datetime) -> bytes:
    """The trust document in force, as an envelope.

    Raises: Unavailable(keeper_away): there is none that is good, and nobody to sign one.
    """
    if not door.is_apart():
        return sign(now)
    record = TrustRecord.objects.first()
    if record is not None and _is_due(record, told_keys(now), now):
        record = None if record.expires <= now else record
    elif record is not None:
        return bytes(record.envelope)
    try:
        return base64.b64decode(door.ask("sign_trust", {}))
    except Unavailable:
        if record is not None:
            return bytes(record.envelope)
        raise


def successions() -> list[bytes]:
    """The trust documents in which a root stood beside its successor, the oldest first.

    Records of earlier numbers are kept for this: who pinned a root long ago follows it to today's.
    """
    envelopes = TrustRecord.objects.order_by("sequence").values_list("envelope", flat=True)
    return [bytes(envelope) for envelope in envelopes if len(roots_of(bytes(envelope))) > 1]


def _is_due(record: TrustRecord, told: Told, now: datetime) -> bool:
    return record.keys_sha256 != _keys_sha256(told) or record.expires - now <= LIFETIME / 2


def sign(now: datetime) -> bytes:
    """The trust document in force, as an envelope; signed and kept anew where that is due. Needs the key."""
    record, told = TrustRecord.objects.first(), told_keys(now)
    if record is not None and not _is_due(record, told, now):
        return bytes(record.envelope)
    return _renew(told, now)


@transaction.atomic
def _renew(told: Told, now: datetime) -> bytes:
    keys_sha256 = _keys_sha256(told)
    newest = TrustRecord.objects.select_for_update().first()
    sequence = 1
    if newest is not None:
        sequence = newest.sequence + (newest.keys_sha256 != keys_sha256)
    issued = now.replace(microsecond=0)
    document = TrustDocument(
        portal=settings.PORTAL_URL,
        sequence=sequence,
        issued=issued,
        expires=issued + LIFETIME,
        keys=told.keys,
        next_root=told.next_root,
        log=_log_keys(),
    )
    envelope = sign_trust(document, *root_signers(now))
    fields = {"keys_sha256": keys_sha256, "envelope": envelope, "issued": issued, "expires": document.expires}
    TrustRecord.objects.update_or_create(sequence=sequence, defaults=fields)
    return envelope


def _keys_sha256(told: Told) -> str:
    log = _log_keys()
    said: dict[str, object] = {
        "portal": settings.PORTAL_URL,
        "keys": {role: [str(key) for key in told.keys[role]] for role in ROLES},
        "log": log[0] if len(log) == 1 else list(log),
    }
    if told.next_root is not None:
        said["next_root"] = str(told.next_root)
    return hashlib.sha256(dumps(said)).hexdigest()


def _log_keys() -> tuple[str, ...]:
    """Keys of the audit log that are believed, the one that signs first."""
    return tuple(each.text for each in verifiers())
