"""One publish of a release at a time, on every machine that shares the database.

The lock ends with the process that holds it, however that ends: an advisory lock of the PostgreSQL session,
or, on SQLite, which is one machine, a lock on a file. So a killed publish never has to be waited for.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from portal.core.problems import Conflict
from weights_vault.models import Release


@contextmanager
def publishing(release: Release) -> Iterator[None]:
    """Hold the right to publish revisions of `release`.

    Raises: Conflict(publish_in_progress): somebody else holds it; nothing is waited for.
    """
    hold = _advisory if connection.vendor == "postgresql" else _file
    with hold(release) as held:
        if not held:
            raise Conflict(
                "publish_in_progress",
                f"Another process is publishing a revision of {release.slug}.",
                "Wait until it is done, then run this again.",
            )
        yield


@contextmanager
def _advisory(release: Release) -> Iterator[bool]:
    digest = hashlib.sha256(f"weights_vault publish {release.slug}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


@contextmanager
def _file(release: Release) -> Iterator[bool]:
    folder = Path(settings.VAR_DIR) / "locks"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / f"publish-{release.slug}").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
