"""Is it the store that is wrong, and not the body? Asked before damage recalls anything.

A bucket of that name elsewhere, an older copy of the disk, a proxy that answers in the store's place: all
objects are then "damaged" at once. So others are looked at, which were found sound when they were stored.
"""

from weights_vault.models import SealedBody
from weights_vault.outage import FEWEST_OTHERS, holds_nothing, some_others
from weights_vault.storage import storage
from weights_vault.storage.port import ObjectMissing, StorageError


def require_sane_store(damaged: SealedBody) -> None:
    """Return if the store has any other object as it was stored, or has too few to tell.

    Raises: StorageError: it has none; or it cannot be asked.
    """
    others = some_others(damaged)
    if any(_is_as_stored(other) for other in others):
        return
    if len(others) >= FEWEST_OTHERS or holds_nothing(storage()):
        raise StorageError(
            "the store has none of the objects as they were stored: is its disk mounted, is it the right one?"
        )


def _is_as_stored(body: SealedBody) -> bool:
    """Are its size and its first bytes, which are its nonce, what they were? Raises: StorageError."""
    nonce = bytearray(len(body.nonce) // 2)
    try:
        if storage().size(body.object_name) != body.body_size:
            return False
        storage().read(body.object_name, 0, memoryview(nonce))
    except ObjectMissing:
        return False
    return nonce.hex() == body.nonce
