"""The portal as gunicorn serves it. A test that puts the file named by STALE_URL_MARK has URLs expire early.

The file says in how many seconds; an empty one, that they have. A clock that lies would lie to the check as
well, and a test cannot wait a minute: what the store signs next, and that alone, is signed as if that much of
its lifetime were left, while the portal says that it is good.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

from portal.wsgi import application
from weights_vault.storage.port import SignedUrls

__all__ = ["application"]

MARK = Path(os.environ["STALE_URL_MARK"])
# Imported here, because it can be imported only once Django is set up.
STORE = import_module("weights_vault.storage").storage()
_sign = STORE.urls


def urls(names: Iterable[str], *, lifetime_s: int, now: datetime) -> SignedUrls:
    try:
        left_s = int(MARK.read_text() or -5)
        MARK.unlink()
    except FileNotFoundError:
        signed = now
    else:
        signed = now - timedelta(seconds=lifetime_s - left_s)
    made: SignedUrls = _sign(names, lifetime_s=lifetime_s, now=signed)
    return replace(made, expires=made.expires + (now - signed))


def url(name: str, *, lifetime_s: int, now: datetime) -> str:
    return urls([name], lifetime_s=lifetime_s, now=now).urls[0]


STORE.url, STORE.urls = url, urls
