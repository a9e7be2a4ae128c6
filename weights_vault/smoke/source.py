"""Where the smoke test gets its bytes: an opened folder, or sealed bodies that are opened in memory.

Client and server feed the same levels through `PartSource`; nothing else here knows where a byte came from.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from weights_vault.sealed.body import (
    PART_SIZE,
    PLAIN_PART_SIZE,
    BodyOpener,
    check_part_digest,
    part_count,
    part_range,
)
from weights_vault.sealed.errors import DigestMismatch
from weights_vault.sealed.header import GrantLabel, open_header
from weights_vault.sealed.keys import Identity
from weights_vault.sealed.manifest import Manifest, ManifestFile, check_path
from weights_vault.smoke.errors import FileDamaged, FileMissing, FileSizeWrong

MAX_READ = 1 << 30  # bytes asked of the kernel at once; Linux answers at most 2 GiB − 4 KiB


class PartSource(Protocol):
    """The files of one revision, as plaintext."""

    @property
    def manifest(self) -> Manifest:
        """The revision's manifest; its digests judge every byte that `read` gives."""

    def size(self, file: ManifestFile) -> int:
        """Bytes of plaintext there are of `file`. Raises: FileMissing."""

    def read(self, file: ManifestFile, start: int, out: memoryview) -> None:
        """Fill `out` with the plaintext of `file` from byte `start`.

        The bytes are what is stored: the caller holds them against a signed digest of the file's parts or of
        the tensor.
        Raises: Damaged, or an error of weights_vault.sealed; `out` then holds nothing to be used.
        """


def checked_parts(source: PartSource, file: ManifestFile) -> Iterator[memoryview]:
    """Yield the plaintext of `file` in order, each part after it matched its signed digest.

    Yields: at most PLAIN_PART_SIZE (16 MiB) bytes, in one buffer that the next step overwrites.
    Raises: Damaged: bytes missing or changed, or a part without a digest.
    """
    if len(file.parts) != part_count(file.size):
        # A missing digest is a failure, never a pass.
        raise FileDamaged(
            f"the manifest has {len(file.parts)} part digests for {part_count(file.size)} parts"
        )
    buffer = memoryview(bytearray(min(file.size, PLAIN_PART_SIZE)))
    for index, digests in enumerate(file.parts):
        span = part_range(index, file.size)
        part = buffer[: span.plain_size]
        source.read(file, span.plain_start, part)
        try:
            check_part_digest(part, digests.plain, index=index)
        except DigestMismatch as error:
            raise FileDamaged(
                f"bytes {span.plain_start} to {span.plain_end} differ from the published ones"
            ) from error
        yield part


def read_checked(source: PartSource, file: ManifestFile, *, max_bytes: int) -> bytes:
    """The whole of a small file, checked against its signed digests.

    Raises: Damaged; FileSizeWrong when the manifest gives it more than `max_bytes`.
    """
    if file.size > max_bytes:
        raise FileSizeWrong(f"{file.path} has {file.size} bytes; at most {max_bytes} are read")
    return b"".join(bytes(part) for part in checked_parts(source, file))


class FolderSource:
    """The opened files of a finished download, or a publisher's folder before it is sealed."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self._folder = folder

    def size(self, file: ManifestFile) -> int:
        """Bytes that the file in the folder has now. Raises: FileMissing."""
        descriptor = self._open(file)
        try:
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def read(self, file: ManifestFile, start: int, out: memoryview) -> None:
        """Fill `out` from byte `start` of the file in the folder, unchecked.

        Raises: FileMissing: absent, or a link. FileDamaged, FileSizeWrong: as `read_exactly`.
        """
        descriptor = self._open(file)
        try:
            read_exactly(descriptor, start, out)
        finally:
            os.close(descriptor)

    def _open(self, file: ManifestFile) -> int:
        path = self._folder / check_path(file.path)
        try:
            # A link in place of a file could show bytes from elsewhere; a FIFO would block for ever.
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise FileMissing(f"{file.path}: {error.strerror}") from error


class Bodies(Protocol):
    """Stored bodies, as they lie in the store."""

    def size(self, file: ManifestFile) -> int:
        """Bytes of the stored body of `file`. Raises: FileMissing."""

    def read(self, file: ManifestFile, start: int, out: memoryview) -> None:
        """Fill `out` with the stored body of `file` from byte `start`. Raises: Damaged."""


class SealedSource:
    """Sealed bodies with their headers, opened part by part in memory: no plaintext reaches a disk.

    headers: age header by file id. grant: the grant whose label the headers must carry. identity: the
    recipient's; a file whose header does not open raises SealedError on its first read. One part (16 MiB) is
    kept at a time, so reading in order opens each part once.
    """

    def __init__(
        self,
        manifest: Manifest,
        headers: Mapping[str, bytes],
        identity: Identity,
        bodies: Bodies,
        *,
        grant: str,
    ) -> None:
        self.manifest = manifest
        self._headers = headers
        self._identities: Sequence[Identity] = [identity]
        self._bodies = bodies
        self._grant = grant
        self._openers: dict[str, BodyOpener] = {}
        self._sealed = bytearray(PART_SIZE)
        self._opened = bytearray(PLAIN_PART_SIZE)
        self._holds: tuple[str, int] | None = None  # file id and index of the part in _opened

    def size(self, file: ManifestFile) -> int:
        """The plaintext's size, where the stored body has the size that belongs to it."""
        if file.id not in self._headers:
            raise FileMissing(f"{file.path} has no header")
        stored = self._bodies.size(file)
        if stored != file.body_size:
            raise FileSizeWrong(f"the stored body of {file.path} has {stored} bytes, not {file.body_size}")
        return file.size

    def read(self, file: ManifestFile, start: int, out: memoryview) -> None:
        """Fill `out` with plaintext from byte `start`; each part it touches matched its signed digest first.

        Raises: Damaged: a header or body is missing, cut or unreadable, or a part has no digest.
            SealedError: the header does not open for this identity and grant, or a part is not what was
            signed.
        """
        if start + len(out) > file.size:
            raise FileSizeWrong(f"{file.path} ends before byte {start + len(out)}")
        done = 0
        while done < len(out):
            index, skip = divmod(start + done, PLAIN_PART_SIZE)
            span = part_range(index, file.size)
            take = min(len(out) - done, span.plain_size - skip)
            if take == span.plain_size:
                self._open_part(file, index, out[done : done + take])
            else:
                out[done : done + take] = self._kept_part(file, index)[skip : skip + take]
            done += take

    def _kept_part(self, file: ManifestFile, index: int) -> memoryview:
        kept = memoryview(self._opened)
        if self._holds != (file.id, index):
            self._holds = None
            self._open_part(file, index, kept[: part_range(index, file.size).plain_size])
            self._holds = (file.id, index)
        return kept

    def _open_part(self, file: ManifestFile, index: int, out: memoryview) -> None:
        """Digest first, then tags: every recipient knows the file key, so tags alone prove nothing."""
        span = part_range(index, file.size)
        sealed = memoryview(self._sealed)[: span.sealed_size]
        self._bodies.read(file, span.body_start, sealed)
        if index >= len(file.parts):
            raise FileDamaged(f"the manifest has no digest of part {index} of {file.path}")
        check_part_digest(sealed, file.parts[index].sealed, index=index)
        self._opener(file).open_part(index, sealed, out)

    def _opener(self, file: ManifestFile) -> BodyOpener:
        if file.id not in self._openers:
            if file.id not in self._headers:
                raise FileMissing(f"{file.path} has no header")
            label = GrantLabel(grant=self._grant, revision=self.manifest.revision_id, file=file.id)
            file_key = open_header(self._headers[file.id], self._identities, label)
            # The signed nonce, not the stored one: a body with another nonce fails at its first tag.
            self._openers[file.id] = BodyOpener(file_key, bytes.fromhex(file.nonce), file.size)
        return self._openers[file.id]


def read_exactly(descriptor: int, start: int, out: memoryview) -> None:
    """Fill `out` from byte `start` of an open file.

    Raises: FileDamaged: an error of the disk. FileSizeWrong: the file ends first.
    """
    done = 0
    while done < len(out):
        try:
            count = os.preadv(descriptor, [out[done : done + MAX_READ]], start + done)
        except OSError as error:
            raise FileDamaged(f"reading failed: {error.strerror}") from error
        if count == 0:
            raise FileSizeWrong(f"the file ends at byte {start + done}")
        done += count
