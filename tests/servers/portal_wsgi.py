"""The portal as gunicorn serves it. A test that puts the file named by STALE_URL_MARK has a URL expire early.

A clock that lies would lie to the check as well, and a test cannot wait a minute: the next URL, and that one
alone, is signed as if its lifetime had passed, while the portal says that it is good.
"""

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

from portal.wsgi import application
from weights_vault.storage.port import SignedUrls

__all__ = ["application"]

MARK = Path(os.environ["STALE_URL_MARK"])
# Imported here, because it can be imported only once Django is set up.
STORE = import_module("weights_vault.storage").storage()
_sign = STORE.url


def url(name: str, *, lifetime_s: int, now: datetime) -> str:
    try:
        MARK.unlink()
    except FileNotFoundError:
        signed = now
    else:
        signed = now - timedelta(seconds=lifetime_s + 5)
    return str(_sign(name, lifetime_s=lifetime_s, now=signed))


def urls(names: Iterable[str], *, lifetime_s: int, now: datetime) -> SignedUrls:
    return SignedUrls(
        now + timedelta(seconds=lifetime_s), [url(name, lifetime_s=lifetime_s, now=now) for name in names]
    )


STORE.url, STORE.urls = url, urls
