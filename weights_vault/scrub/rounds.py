"""The scrubber's job: a little each minute, so that every stored body is read within SCRUB_DAYS.

A sitting reads as fast as the store gives, but no more than SCRUB_BYTES_PER_S would in the minute between
two: no worker sleeps to be polite. Where it stops is written down; the next sitting, in whatever process,
goes on there.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings

from portal.core import jobs
from portal.core.keys import public_keys
from weights_vault.models import File, Revision, SealedBody
from weights_vault.models.scrub import BodyCheck
from weights_vault.scrub.control import require_sane_store
from weights_vault.scrub.due import bodies_of, next_body
from weights_vault.scrub.findings import check_of, note, note_failure
from weights_vault.scrub.reading import Allowance, read_on, require_still, unlimited
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.manifest import ManifestFile, open_manifest
from weights_vault.storage import storage
from weights_vault.storage.port import StorageError

SCRUB = "vault.scrub"
EVERY_S = 60
SITTING_S = 20  # of a worker's time, unless one part takes longer


@jobs.handler(SCRUB, lease_s=900)
def scrub_some(payload: dict[str, Any], now: datetime) -> None:
    """One sitting. Raises: StorageError: the store could not be read; the job's row says so."""
    if settings.SCRUB_BYTES_PER_S > 0:
        sit(now, Allowance(settings.SCRUB_BYTES_PER_S * EVERY_S, SITTING_S))


jobs.periodic(SCRUB, EVERY_S)


def sit(now: datetime, allowance: Allowance) -> list[BodyCheck]:
    """Read what is due, as far as `allowance` goes; return the rows that were written.

    Raises: StorageError, SealedError: a body could not be read, or not be compared; others are next.
    """
    written: list[BodyCheck] = []
    while not allowance.spent:
        body = next_body(now)
        if body is None:
            break
        written.append(_sit_over(body, check_of(body).position, lambda: now, allowance))
    return written


def check_revision(
    revision: Revision, clock: Callable[[], datetime]
) -> Iterator[tuple[SealedBody, BodyCheck]]:
    """Read every body of `revision` from its first part to its last; yield each with its row then.

    Raises: StorageError, SealedError.
    """
    for body in bodies_of(revision):
        yield body, _sit_over(body, 0, clock, unlimited())


def _sit_over(body: SealedBody, start: int, clock: Callable[[], datetime], allowance: Allowance) -> BodyCheck:
    """Read on in one body and write down where it stands then. clock: the time, asked when it was read."""
    try:
        reading = read_on(storage(), body.object_name, _signed(body.pk), start, allowance)
        if reading.finding:
            require_sane_store(body)
            require_still(storage(), body.object_name, _signed(body.pk), reading)
    except (StorageError, SealedError):
        note_failure(body=body, now=clock())
        raise
    return note(body=body, start=start, reading=reading, now=clock())


@lru_cache(maxsize=1)  # what is published never changes, and a large body takes many sittings
def _signed(body: str) -> ManifestFile:
    """The body's file in the signed manifest of the newest revision that has it: what its bytes must be.

    Raises: SealedError: the manifest is not what was signed.
    """
    files = File.objects.filter(body=body, revision__sequence__isnull=False)
    file, envelope = files.order_by("-revision__sequence").values_list("pk", "revision__manifest")[0]
    manifest = open_manifest(bytes(envelope or b""), public_keys("manifest"))
    return next(entry for entry in manifest.files if entry.id == file)
