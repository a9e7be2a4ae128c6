"""Reading an object of a bucket: exactly, and as a seekable file."""

import io
from typing import TYPE_CHECKING, BinaryIO

from weights_vault.storage.port import StorageError
from weights_vault.storage.s3_bucket import Bucket

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER_SIZE = 4 * 2**20
READ_TRIES = 4  # GETs in a row that may break off, besides boto3's own


def read_exactly(bucket: Bucket, name: str, offset: int, out: memoryview) -> None:
    """Raises: ObjectMissing. StorageError: also when the object ends before `out` is full."""
    filled, tries = 0, 0
    while filled < out.nbytes:
        count = bucket.read(name, offset + filled, out[filled:])
        filled += count
        tries += 1
        if filled < out.nbytes and tries >= READ_TRIES:
            raise StorageError(f"object {name} cannot be read whole: the store breaks off")


class RangedFile(io.RawIOBase):
    """An object as a file: each read is one GET."""

    def __init__(self, bucket: Bucket, name: str) -> None:
        self._bucket = bucket
        self._name = name
        self._size = bucket.head(name).size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError(22, "a position before the beginning")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        out = memoryview(buffer).cast("B")
        out = out[: max(0, self._size - self._position)]
        if out.nbytes:
            read_exactly(self._bucket, self._name, self._position, out)
        self._position += out.nbytes
        return out.nbytes

    def readall(self) -> bytes:
        out = bytearray(max(0, self._size - self._position))
        self.readinto(out)
        return bytes(out)


def open_object(bucket: Bucket, name: str) -> BinaryIO:
    return io.BufferedReader(RangedFile(bucket, name), BUFFER_SIZE)
