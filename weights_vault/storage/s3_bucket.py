"""One bucket as the parts of the S3 adapter see it: its client, its name, and keys for object names."""

from dataclasses import dataclass
from typing import Any

from weights_vault.storage.port import ObjectMissing, is_object_name
from weights_vault.storage.s3_errors import told_by_port
from weights_vault.storage.s3_location import S3Location


@dataclass(frozen=True)
class Head:
    """What stands under a name. size: bytes; etag: without quotes."""

    size: int
    etag: str


class Bucket:
    """client: boto3's, shared by all threads."""

    def __init__(self, client: Any, location: S3Location) -> None:
        self.client = client
        self.name = location.bucket
        self.prefix = location.prefix
        self.has_checksums = location.checksums == "when_supported"

    def key(self, name: str) -> str:
        """Raises: ObjectMissing: not an object name; nothing but a name we made may reach the store (G6)."""
        if not is_object_name(name):
            raise ObjectMissing("not an object name")
        return self.prefix + name

    def at(self, name: str) -> dict[str, str]:
        """The two arguments that name an object to boto3."""
        return {"Bucket": self.name, "Key": self.key(name)}

    def head(self, name: str) -> Head:
        """Raises: ObjectMissing, StorageError."""
        with told_by_port(name):
            answer = self.client.head_object(**self.at(name))
        return Head(int(answer["ContentLength"]), unquoted(answer["ETag"]))

    def read(self, name: str, offset: int, out: memoryview) -> int:
        """One ranged GET that fills `out` as far as the answer goes; return how far that was.

        Raises: ObjectMissing, StorageError: also when the connection breaks before a byte came.
        """
        filled = 0
        last = offset + out.nbytes - 1
        with told_by_port(name):
            body = self.client.get_object(**self.at(name), Range=f"bytes={offset}-{last}")["Body"]
            try:
                while filled < out.nbytes and (count := body.readinto(out[filled:])):
                    filled += count
            except Exception:
                if not filled:
                    raise
            finally:
                body.close()
        return filled


def unquoted(etag: str) -> str:
    return etag.strip('"')
