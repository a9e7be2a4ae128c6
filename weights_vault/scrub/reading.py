"""One sitting over one body: its parts are read from the store and compared with the signed digests.

No row is locked and no transaction open while this reads.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from weights_vault.models.scrub import BodyCheck
from weights_vault.sealed.body import PART_SIZE, part_digest, part_range
from weights_vault.sealed.manifest import ManifestFile
from weights_vault.storage.port import ObjectMissing, Storage, StorageError

Finding = BodyCheck.Finding


@dataclass
class Allowance:
    """What a sitting may still read: bytes, and until when by `clock`. The last part may overdraw it."""

    bytes_left: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self._until = self.clock() + self.seconds

    @property
    def spent(self) -> bool:
        return self.bytes_left <= 0 or self.clock() >= self._until

    def take(self, size: int) -> None:
        self.bytes_left -= size


UNLIMITED_S = float("inf")


def unlimited() -> Allowance:
    """An allowance that a person gives who waits for the answer."""
    return Allowance(bytes_left=1 << 62, seconds=UNLIMITED_S)


@dataclass(frozen=True)
class Reading:
    """What a sitting found. position: parts read since the first; complete: there are no more.

    finding: missing or resized for the object as a whole, else rotted where `damaged` names parts.
    """

    position: int
    complete: bool
    finding: Finding = Finding.NONE
    damaged: tuple[int, ...] = ()


def read_on(store: Storage, name: str, signed: ManifestFile, start: int, allowance: Allowance) -> Reading:
    """Read the object `name` from part `start` on, as far as the allowance goes; at least one part.

    signed: the file as the publisher signed it.
    Raises: StorageError: the store cannot be read now.
    """
    absence = _absence(store, name, signed) and _absence(store, name, signed)  # once more, to be sure
    if absence:
        return Reading(position=0, complete=True, finding=absence)
    buffer = memoryview(bytearray(min(PART_SIZE, signed.body_size)))
    damaged: list[int] = []
    position = start
    while position < len(signed.parts):
        # Once more where it differs: what rots in memory or on the way is sound the second time.
        if not any(_sound(store, name, signed, position, buffer) for _ in range(2)):
            damaged.append(position)
        allowance.take(signed.part(position).sealed_size)
        position += 1
        if allowance.spent:
            break
    finding = Finding.ROTTED if damaged else Finding.NONE
    return Reading(position, position >= len(signed.parts), finding, tuple(damaged))


def require_still(store: Storage, name: str, signed: ManifestFile, found: Reading) -> None:
    """Look once more at what `found` found first, before anything follows from it.

    Raises: StorageError: it is sound now, so the store gave out other bytes for a while.
    """
    if found.finding == Finding.ROTTED:
        buffer = memoryview(bytearray(min(PART_SIZE, signed.body_size)))
        still = not _sound(store, name, signed, found.damaged[0], buffer)
    else:
        still = _absence(store, name, signed) == found.finding
    if not still:
        raise StorageError(f"the store gave out something else as object {name} than it does now")


def _absence(store: Storage, name: str, signed: ManifestFile) -> Finding:
    try:
        size = store.size(name)
    except ObjectMissing:
        return Finding.MISSING
    return Finding.NONE if size == signed.body_size else Finding.RESIZED


def _sound(store: Storage, name: str, signed: ManifestFile, index: int, buffer: memoryview) -> bool:
    where = part_range(index, signed.size)
    view = buffer[: where.sealed_size]
    store.read(name, where.body_start, view)
    if part_digest(view) != signed.parts[index].sealed:
        return False
    return index > 0 or _nonce_is_there(store, name, signed)


def _nonce_is_there(store: Storage, name: str, signed: ManifestFile) -> bool:
    # It lies before the first part, in no digest: the manifest names it.
    nonce = bytearray(len(signed.nonce) // 2)
    store.read(name, 0, memoryview(nonce))
    return nonce.hex() == signed.nonce
