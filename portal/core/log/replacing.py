"""The log's key is replaced: what the old one signed last, the new one signs too, before the log grows on.

So the head at which the keys change is one note with both their lines: who knows either key can read it, and
every later head grows out of it. The old key's private part is not needed.
"""

from datetime import datetime

from django.db import transaction

from portal.core import audit
from portal.core.log.comparing import agree
from portal.core.log.files import LogFiles
from portal.core.log.refusals import KeyStands
from portal.core.log.signing import is_by, keep_row, sign_too
from portal.core.log.stored import Head, locked
from portal.core.models import AuditEvent
from weights_vault.sealed.log.note import NoteSigner, split_note

REPLACED = "log.key_replaced"


def replace_key(files: LogFiles, key: NoteSigner, *, by: str, reason: str, now: datetime) -> Head:
    """Sign the last head by the new key beside the old one, and record who decided it.

    The caller holds `files.taken()`. key: of LOG_KEY, which LOG_VERIFIER lists first; it must still list the
    one that signed last. by: the operator's name. Killed half-way, it is done again, and recorded once.
    Raises: LogRefused: nothing to replace, or the database contradicts what the old key signed.
    """
    with locked():
        signed, note = agree(files), files.checkpoint()
        if signed is None or note is None or is_by(note, key):
            raise KeyStands
        _record(note, key, by=by, reason=reason, now=now)
    note = sign_too(note, key)
    files.write_checkpoint(note)
    keep_row(signed, note, now)
    return signed


@transaction.atomic
def _record(note: str, key: NoteSigner, *, by: str, reason: str, now: datetime) -> None:
    """The event names the key that signed last and the new one, and is the first entry under the new one."""
    _, lines = split_note(note)
    before = [key_id.hex() for name, key_id, _ in lines if name == key.name][-1]
    after = key.verifier.key_id.hex()
    last = AuditEvent.objects.filter(kind=REPLACED).order_by("-index").first()
    if last is not None and (last.data.get("before"), last.data.get("after")) == (before, after):
        return
    audit.record(
        "log.key_replaced",
        by="system:operator",
        subject="log:entries",
        now=now,
        private={"decided_by": by, "reason": reason},
        before=before,
        after=after,
        key=key.verifier.text,
    )
