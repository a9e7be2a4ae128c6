"""What reaches the store, across processes that are killed: never two plaintexts under one key."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weights_vault.storage.file_writer import FileWriter
from weights_vault.storage.s3_writers import MultipartWriter, SinglePutWriter

WRITERS: tuple[type[Any], ...] = (FileWriter, MultipartWriter, SinglePutWriter)
Watcher = Callable[[str, int, memoryview], None]  # object, number of the piece, its bytes


class Puts:
    """A file with one line a piece: object, number, SHA-256. Written before the store has it."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._lock = threading.Lock()

    def note(self, object_name: str, number: int, data: memoryview) -> None:
        line = f"{object_name} {number} {hashlib.sha256(data).hexdigest()}\n"
        with self._lock, self._place.open("a") as file:
            file.write(line)

    def all(self) -> list[tuple[str, int, str]]:
        """Every put, in order."""
        if not self._place.exists():
            return []
        rows = [line.split() for line in self._place.read_text().splitlines()]
        return [(name, int(number), digest) for name, number, digest in rows]


def assert_one_plaintext_a_key(puts: list[tuple[str, int, str]]) -> None:
    """An object has one key and one nonce; each of its pieces is always the same bytes."""
    assert len({(name, number) for name, number, _ in puts}) == len(set(puts))


def watch_puts(watcher: Watcher, replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """Tell `watcher` of each piece before it is put. replace: pytest's monkeypatch.setattr, in a test."""
    for writer in WRITERS:
        replace(writer, "put", _watched(writer.put, watcher))


def _watched(real: Callable[..., str], watcher: Watcher) -> Callable[..., str]:
    def put(self: Any, number: int, offset: int, data: memoryview) -> str:
        watcher(_object_name(self), number, data)
        return real(self, number, offset, data)

    return put


def _object_name(writer: Any) -> str:
    return str(writer._final.name if isinstance(writer, FileWriter) else writer._name)
