"""Objects in the store, for tests that are about something else than how they got there."""

from weights_vault.storage import storage
from weights_vault.storage.port import Storage


def store_object(name: str, data: bytes, store: Storage | None = None) -> None:
    """Write a finished object in one piece."""
    with (store or storage()).create(name, size=len(data)) as writer:
        writer.commit([writer.put(0, 0, memoryview(data))])
