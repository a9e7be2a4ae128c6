"""One object while it is written into a bucket: in one request where it is one piece, else as a multipart
upload, and what is left of either when its answer was lost.

A store's answer can be lost after the store acted, and boto3 then asks again: so "exists already" and "no
such upload" may mean that the first try was done. What stands under the name is then compared with what was
put (I5).

MD5 here compares what we put with what the store says it holds, because that is what an ETag is. It keeps
nobody out: the signed BLAKE3 digests of the manifest do that.
"""

import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from weights_vault.storage.port import ObjectExists, ObjectMissing, StorageError
from weights_vault.storage.s3_bucket import Bucket, unquoted
from weights_vault.storage.s3_errors import code_of, told_by_port, told_in

MEDIA_TYPE = "application/octet-stream"
_MD5 = re.compile(r"[0-9a-f]{32}")
_CHECKSUMS = ("ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256")
_TAKEN = {"PreconditionFailed", "412"}
_GONE = {"NoSuchUpload", "404", "NotFound"}


class SinglePutWriter:
    """An object of one piece, kept in memory until it is committed: nothing stands under its name before."""

    upload = ""

    def __init__(self, bucket: Bucket, name: str, size: int) -> None:
        self._bucket = bucket
        self._name = name
        self._size = size
        self._data = b""

    def put(self, number: int, offset: int, data: memoryview) -> str:
        if number or offset or data.nbytes != self._size:
            raise RuntimeError(f"an object of {self._size} bytes is put here in one piece")
        self._data = bytes(data)
        return _md5(self._data)

    def holds(self, number: int, size: int, receipt: str) -> bool:
        return False

    def begun(self, number: int, offset: int) -> bool:
        return False

    def commit(self, receipts: Sequence[str]) -> None:
        if list(receipts) != [_md5(self._data)] or len(self._data) != self._size:
            raise StorageError(f"object {self._name} lacks a piece")
        with told_by_port(self._name):
            try:
                answer = self._bucket.client.put_object(
                    **self._bucket.at(self._name), Body=self._data, ContentType=MEDIA_TYPE, IfNoneMatch="*"
                )
                told_in(answer, "ETag")
            except ClientError as error:
                if code_of(error) not in _TAKEN:
                    raise
                self._compare()

    def _compare(self) -> None:
        """Byte by byte: it is one piece, and an encrypting store's ETag need not be an MD5."""
        found = bytearray(self._size)
        same = self._bucket.head(self._name).size == self._size
        if same and self._size:
            same = self._bucket.read(self._name, 0, memoryview(found)) == self._size
        if not same or bytes(found) != self._data:
            raise ObjectExists(f"object {self._name} exists")


class MultipartWriter:
    """A multipart upload. kept: piece number → receipt and bytes of what it holds already."""

    def __init__(
        self, bucket: Bucket, name: str, size: int, upload: str, kept: Mapping[int, tuple[str, int]]
    ) -> None:
        self.upload = upload
        self._bucket = bucket
        self._name = name
        self._size = size
        self._kept = dict(kept)
        self._sizes = {number: piece_size for number, (_, piece_size) in kept.items()}
        self._lock = threading.Lock()

    def put(self, number: int, offset: int, data: memoryview) -> str:
        if offset < 0 or offset + data.nbytes > self._size:
            raise RuntimeError(f"piece {number} lies outside the object's {self._size} bytes")
        with told_by_port(self._name):
            answer = self._bucket.client.upload_part(
                **self._bucket.at(self._name),
                UploadId=self.upload,
                PartNumber=number + 1,
                Body=_body(data),
            )
        with self._lock:
            self._sizes[number] = data.nbytes
        return _receipt(answer)

    def holds(self, number: int, size: int, receipt: str) -> bool:
        return self._kept.get(number) == (receipt, size)

    def begun(self, number: int, offset: int) -> bool:
        return number in self._kept

    def commit(self, receipts: Sequence[str]) -> None:
        sizes = [self._sizes.get(number, -1) for number in range(len(receipts))]
        if -1 in sizes or sum(sizes) != self._size:
            raise StorageError(f"object {self._name} lacks a piece, or its pieces do not make its size")
        # Not every store looks at If-None-Match when an upload is completed.
        if same_object(self._bucket, self._name, self._size, receipts):
            return
        with told_by_port(self._name):
            try:
                answer = self._bucket.client.complete_multipart_upload(
                    **self._bucket.at(self._name),
                    UploadId=self.upload,
                    MultipartUpload={"Parts": [_part(*each) for each in enumerate(receipts, start=1)]},
                    IfNoneMatch="*",
                )
                told_in(answer, "ETag")
            except ClientError as error:
                if code_of(error) not in _TAKEN | _GONE:
                    raise
                self._compare(receipts)

    def _compare(self, receipts: Sequence[str]) -> None:
        if not same_object(self._bucket, self._name, self._size, receipts):
            raise StorageError(f"the upload of object {self._name} was thrown away")


def _body(data: memoryview) -> bytes | bytearray:
    """boto3 takes no memoryview. What is a bytearray from end to end goes as it is, and is never copied."""
    whole = data.obj
    return whole if isinstance(whole, bytearray) and len(whole) == data.nbytes else bytes(data)


class FinishedObject:
    """What `resume` finds when the commit was done but its answer was lost: nothing is left to write."""

    upload = ""

    def __init__(self, bucket: Bucket, name: str, size: int) -> None:
        self._bucket = bucket
        self._name = name
        self._size = size

    def put(self, number: int, offset: int, data: memoryview) -> str:
        raise ObjectExists(f"object {self._name} is finished")

    def holds(self, number: int, size: int, receipt: str) -> bool:
        return True

    def begun(self, number: int, offset: int) -> bool:
        return True

    def commit(self, receipts: Sequence[str]) -> None:
        if not same_object(self._bucket, self._name, self._size, receipts):
            raise ObjectMissing(f"object {self._name} is not in the store")


def begin_upload(bucket: Bucket, name: str, size: int) -> MultipartWriter:
    """Raises: StorageError."""
    # boto3 adds the checksums of parts by itself, but does not announce them here: Amazon then refuses them.
    announced = {"ChecksumAlgorithm": "CRC32"} if bucket.has_checksums else {}
    with told_by_port(name):
        answer = bucket.client.create_multipart_upload(**bucket.at(name), ContentType=MEDIA_TYPE, **announced)
    return MultipartWriter(bucket, name, size, told_in(answer, "UploadId"), {})


def resume_upload(bucket: Bucket, name: str, size: int, upload: str) -> "MultipartWriter | FinishedObject":
    """Raises: ObjectMissing: neither the upload nor a finished object of that size is there. StorageError."""
    try:
        if upload:
            return MultipartWriter(bucket, name, size, upload, pieces_of(bucket, name, upload))
    except ObjectMissing:
        pass  # completed, perhaps
    if bucket.head(name).size != size:
        raise ObjectExists(f"object {name} exists")
    return FinishedObject(bucket, name, size)


def pieces_of(bucket: Bucket, name: str, upload: str) -> dict[int, tuple[str, int]]:
    """Piece number → receipt and bytes, of an open upload. Raises: ObjectMissing: it is not open."""
    return {
        part["PartNumber"] - 1: (_receipt(part), part["Size"])
        for part in parts_of(bucket, bucket.key(name), upload)
    }


def parts_of(bucket: Bucket, key: str, upload: str) -> list[dict[str, Any]]:
    """What boto3 tells of each part of an open upload. Raises: ObjectMissing: it is not open."""
    asked = {"Bucket": bucket.name, "Key": key, "UploadId": upload}
    with told_by_port(key):
        pages = bucket.client.get_paginator("list_parts").paginate(**asked)
        return [part for page in pages if told_in(page, "UploadId") for part in page.get("Parts", [])]


def same_object(bucket: Bucket, name: str, size: int, receipts: Sequence[str]) -> bool:
    """Is what stands under the name what was put? False where nothing stands there.

    Where the ETag is no digest its size must do: nobody else knows the name, and the gate opens every byte.
    Raises: ObjectExists: something else does. StorageError.
    """
    try:
        found = bucket.head(name)
    except ObjectMissing:
        return False
    if found.size != size or (found.has_digest and found.etag not in _expected_etags(receipts)):
        raise ObjectExists(f"object {name} exists")
    return True


def _expected_etags(receipts: Sequence[str]) -> set[str]:
    """What S3 calls an object of these pieces: the MD5 of their MD5s and their number; or, of one piece put
    whole, its MD5.
    """
    digests = [receipt.partition(" ")[0] for receipt in receipts]
    if not digests or not all(map(_MD5.fullmatch, digests)):
        return set()
    whole = f"{_md5(b''.join(map(bytes.fromhex, digests)))}-{len(digests)}"
    return {whole, digests[0]} if len(digests) == 1 else {whole}


def _receipt(answer: Mapping[str, Any]) -> str:
    """The ETag, and the checksum where the store keeps one: completing the upload must repeat both."""
    words = [unquoted(told_in(answer, "ETag"))]
    words += [f"{name}={answer[name]}" for name in _CHECKSUMS if answer.get(name)]
    return " ".join(words)


def _part(number: int, receipt: str) -> dict[str, Any]:
    etag, *checksums = receipt.split(" ")
    named = dict(checksum.partition("=")[::2] for checksum in checksums)
    return {"PartNumber": number, "ETag": f'"{etag}"', **named}


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
