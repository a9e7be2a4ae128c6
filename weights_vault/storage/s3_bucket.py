"""One bucket as the parts of the S3 adapter see it: its client, its name, and keys for object names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weights_vault.storage.port import ObjectMissing, StorageBusy, is_object_name
from weights_vault.storage.s3_errors import told_by_port, told_in
from weights_vault.storage.s3_location import S3Location

_CONTENT_RANGE = re.compile(r"bytes (?P<first>[0-9]{1,15})-(?P<last>[0-9]{1,15})/(?:[0-9]{1,15}|\*)")


@dataclass(frozen=True)
class Head:
    """What stands under a name. size: bytes; etag: without quotes. has_digest: the ETag is made of MD5s.

    It is not where the store encrypts with keys of a key service or of the caller.
    """

    size: int
    etag: str
    has_digest: bool


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
        encrypted = str(answer.get("ServerSideEncryption", "")).startswith("aws:kms")
        return Head(
            int(told_in(answer, "ContentLength")),
            unquoted(told_in(answer, "ETag")),
            has_digest=not (encrypted or "SSECustomerAlgorithm" in answer),
        )

    def read(self, name: str, offset: int, out: memoryview) -> int:
        """One ranged GET that fills `out` as far as the answer goes; return how far that was.

        Raises: ObjectMissing, StorageError: also when the connection breaks before a byte came, and when what
            came is not the range that was asked for.
        """
        filled = 0
        last = offset + out.nbytes - 1
        with told_by_port(name):
            answer = self.client.get_object(**self.at(name), Range=f"bytes={offset}-{last}")
            body = answer["Body"]
            try:
                _require_range(answer, offset, last)
                while filled < out.nbytes and (count := body.readinto(out[filled:])):
                    filled += count
            except Exception:
                if not filled:
                    raise
            finally:
                body.close()
        return filled


def _require_range(answer: Mapping[str, Any], offset: int, last: int) -> None:
    """A whole object, or a proxy's page with 200, must not be taken for the bytes of a range: they would look
    like damage.
    """
    told = _CONTENT_RANGE.fullmatch(answer.get("ContentRange", ""))
    if told is None or int(told["first"]) != offset or int(told["last"]) > last:
        raise StorageBusy("the store did not answer with the range that it was asked for")


def unquoted(etag: str) -> str:
    return etag.strip('"')
