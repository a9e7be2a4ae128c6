"""Browser sessions in the database, of no use to who reads the database.

A session's cookie is its key, and nothing else is. The row stands under 160 bits of a hash of the cookie (as
wide as the column), so a row that was read, in a backup or a file left open, is no cookie. What the row
holds (codes on their way by mail, a request that waits for a password, the secret of a factor that is
being set up) is encrypted under a key that only the cookie gives, bound to its row; inside, Django's own
signature stands as ever. The cookie has 165 bits of chance, so its plain hashes tell nothing.

A row that does not open, because it was changed or was moved, is no session. Rows cannot be listed by
person for the same reason: what ends somebody's sessions is `User.get_session_auth_hash`.
"""

import base64
import binascii
import hashlib
import logging
import secrets
from typing import Any

from asgiref.sync import sync_to_async
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import BrowserSession

ROW_KEY_CHARACTERS = 40
NOTED = "browser_session"  # in a session: what browsers.py noted of it last
_NONCE_SIZE = 12

logger = logging.getLogger(__name__)


def row_key(cookie: str) -> str:
    """Return the primary key of the row that belongs to this cookie."""
    return _derived("row", cookie).hex()[:ROW_KEY_CHARACTERS]


def _derived(purpose: str, cookie: str) -> bytes:
    return hashlib.sha256(f"weights-portal session {purpose}\0{cookie}".encode()).digest()


def _seal(cookie: str, text: str) -> str:
    nonce = secrets.token_bytes(_NONCE_SIZE)
    cipher = AESGCM(_derived("payload", cookie))
    return base64.b64encode(nonce + cipher.encrypt(nonce, text.encode(), row_key(cookie).encode())).decode()


def _open(cookie: str, sealed: str) -> str | None:
    """Return what `_seal` was given; None for anything else."""
    try:
        blob = base64.b64decode(sealed, validate=True)
        cipher = AESGCM(_derived("payload", cookie))
        return cipher.decrypt(blob[:_NONCE_SIZE], blob[_NONCE_SIZE:], row_key(cookie).encode()).decode()
    except (binascii.Error, InvalidTag, ValueError):
        logger.warning("a session row does not open with the cookie that names it")
        return None


class SessionStore(db.SessionStore):
    """What SESSION_ENGINE names. `session_key` is the cookie; only this class knows the row behind it."""

    def load(self) -> dict[str, Any]:
        signed = self._read(self.session_key) if self.session_key else None
        if signed is None:
            self._session_key = None
            return {}
        return self.decode(signed)

    def _read(self, cookie: str) -> str | None:
        row = self.model.objects.filter(pk=row_key(cookie), expire_date__gt=timezone.now()).first()
        return _open(cookie, row.session_data) if row is not None else None

    def exists(self, session_key: str) -> bool:
        return super().exists(row_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        cookie = row.session_key
        row.session_key, row.session_data = row_key(cookie), _seal(cookie, row.session_data)
        return row

    def cycle_key(self) -> None:
        """Move the session under another cookie; one that was ended meanwhile does not come back by it.

        What is noted of it moves along in the same transaction, so that whoever ends the person's sessions
        waits for it, and finds the new row.
        """
        data = dict(self.items())  # first: reading may find that there is no such session
        cookie = self.session_key
        if cookie is None:
            super().cycle_key()
            return
        with transaction.atomic():
            deleted, _ = self.model.objects.filter(pk=row_key(cookie)).delete()
            if not deleted:
                raise SessionInterrupted("This session was ended while the request was under way.")
            self.create()
            row = row_key(str(self.session_key))
            if NOTED in data:
                data[NOTED] = {**data[NOTED], "row": row}
            self._session_cache = data
            BrowserSession.objects.filter(row=row_key(cookie)).update(row=row)

    def delete(self, session_key: str | None = None) -> None:
        cookie = session_key or self.session_key
        if cookie:
            super().delete(row_key(cookie))

    # Django's asynchronous twins ask the database themselves; here each goes the one way above.
    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()

    async def aexists(self, session_key: str) -> bool:
        return await sync_to_async(self.exists)(session_key)

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        return await sync_to_async(self.create_model_instance)(data)

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)
