"""The trust document: which keys speak for the portal, signed by the root key.

A change of keys or of the portal's address makes the next sequence number; an unchanged document is signed
again, under the same number, when half of its life is over.
Specification: docs/reference/sealed-format.md, section 12.
"""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from portal.core.keys import public_keys, signing_key
from weights_vault.models import TrustRecord
from weights_vault.sealed.canonical import dumps
from weights_vault.sealed.trust import ROLES, TrustDocument, sign_trust

LIFETIME = timedelta(days=30)


def trust_document(now: datetime) -> bytes:
    """The trust document in force, as an envelope."""
    keys_sha256 = _keys_sha256()
    record = TrustRecord.objects.first()
    if record is not None and record.keys_sha256 == keys_sha256 and record.expires - now > LIFETIME / 2:
        return bytes(record.envelope)
    return _renew(keys_sha256, now)


@transaction.atomic
def _renew(keys_sha256: str, now: datetime) -> bytes:
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
        keys={role: public_keys(role) for role in ROLES},
        next_root=None,
    )
    envelope = sign_trust(document, signing_key("root"))
    fields = {"keys_sha256": keys_sha256, "envelope": envelope, "issued": issued, "expires": document.expires}
    TrustRecord.objects.update_or_create(sequence=sequence, defaults=fields)
    return envelope


def _keys_sha256() -> str:
    keys = {role: [str(key) for key in public_keys(role)] for role in ROLES}
    return hashlib.sha256(dumps({"portal": settings.PORTAL_URL, "keys": keys})).hexdigest()
