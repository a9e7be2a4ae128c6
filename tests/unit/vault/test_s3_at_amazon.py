"""What Amazon's endpoints are sent where the gateway of the tests cannot tell: CRCs, and conditions on
completing. The network is replaced at its last step, where the request stands as it would be sent.
"""

import hashlib
import io
import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from weights_vault.storage.port import ObjectExists, StorageBusy, random_name
from weights_vault.storage.s3 import SINGLE_PUT_SIZE, S3Storage
from weights_vault.storage.s3_location import parse_location

CRC = "NzU4Cg=="
ETAG = '"0123456789abcdef0123456789abcdef"'
BEGUN = b"<InitiateMultipartUploadResult><UploadId>upload</UploadId></InitiateMultipartUploadResult>"
DONE = b"<CompleteMultipartUploadResult><ETag>&quot;e-2&quot;</ETag></CompleteMultipartUploadResult>"
GONE = b"<Error><Code>NoSuchUpload</Code></Error>"


class Amazon:
    """Answers as S3 does, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[AWSPreparedRequest] = []
        self.found: dict[str, str] = {}  # headers of the answer to HEAD; none: the object is missing
        self.found_after: dict[str, str] = {}  # the same, once an upload was completed and nobody heard of it
        self.range = ""  # Content-Range of the answer to GET

    def answer(self, request: AWSPreparedRequest, **more: Any) -> AWSResponse:
        self.requests.append(request)
        headers = {"ETag": ETAG}
        if "X-Amz-Trailer" in request.headers:
            headers["x-amz-checksum-crc32"] = CRC
        body = BEGUN if request.url.endswith("uploads") else DONE if request.method == "POST" else b""
        if request.method == "GET":
            return AWSResponse(request.url, 206, headers | {"Content-Range": self.range}, _Raw(b"abcd"))
        if self.found_after and "uploadId" in request.url and request.method == "POST":
            self.found = self.found_after
            return AWSResponse(request.url, 404, {}, _Raw(GONE))
        if request.method == "HEAD":
            return AWSResponse(request.url, 200 if self.found else 404, headers | self.found, _Raw(b""))
        return AWSResponse(request.url, 200, headers, _Raw(body))

    def sent(self, method: str, part: str) -> list[AWSPreparedRequest]:
        return [each for each in self.requests if each.method == method and part in each.url]


class _Raw(io.BytesIO):
    def stream(self, **more: Any) -> Any:
        yield self.read()


@pytest.fixture
def amazon() -> Amazon:
    return Amazon()


@pytest.fixture
def open_store(amazon: Amazon) -> Callable[[str], S3Storage]:
    def open_it(parameters: str) -> S3Storage:
        session = boto3.Session(aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="secret")
        session.events.register("before-send.s3", amazon.answer)
        return S3Storage(parse_location(f"s3://bucket?region=eu-1{parameters}"), session)

    return open_it


def write(store: S3Storage, *sizes: int) -> None:
    with store.create(random_name(), size=sum(sizes)) as writer:
        offsets = [sum(sizes[:number]) for number in range(len(sizes))]
        writer.commit([writer.put(k, offsets[k], memoryview(bytes(size))) for k, size in enumerate(sizes)])


def test_object_of_one_piece_is_put_if_there_is_none(amazon: Amazon, open_store: Any) -> None:
    write(open_store(""), 4)
    (request,) = amazon.requests
    assert request.url.startswith("https://bucket.s3.eu-1.amazonaws.com/")
    assert request.headers["If-None-Match"] in (b"*", "*")
    assert request.headers["X-Amz-Trailer"] in (b"x-amz-checksum-crc32", "x-amz-checksum-crc32")


def test_upload_repeats_the_checksums_when_it_is_completed(amazon: Amazon, open_store: Any) -> None:
    """Amazon refuses to complete an upload begun with checksums without those of its parts."""
    write(open_store(""), SINGLE_PUT_SIZE, 100)
    (begun,), (completed,) = amazon.sent("POST", "uploads"), amazon.sent("POST", "uploadId")
    assert "x-amz-checksum-algorithm" in begun.headers
    parts = re.findall(rb"<Part>.*?</Part>", completed.body)
    assert len(parts) == len(amazon.sent("PUT", "partNumber")) == 2
    assert all(f"<ChecksumCRC32>{CRC}</ChecksumCRC32>".encode() in part for part in parts)
    assert completed.headers["If-None-Match"] in (b"*", "*")


@pytest.mark.parametrize(
    "header",
    [
        {"x-amz-server-side-encryption": "aws:kms"},
        {"x-amz-server-side-encryption-customer-algorithm": "AES256"},
    ],
)
def test_i5_an_etag_that_is_no_digest_does_not_stop_a_publish_whose_answer_was_lost(
    amazon: Amazon, open_store: Any, header: dict[str, str]
) -> None:
    """The object is there, of the right size; encrypted by a key service it has an ETag of another kind."""
    amazon.found = {"Content-Length": str(SINGLE_PUT_SIZE + 100), **header}
    write(open_store(""), SINGLE_PUT_SIZE, 100)
    assert not amazon.sent("POST", "uploadId")
    with pytest.raises(ObjectExists):
        write(open_store(""), SINGLE_PUT_SIZE, 101)


def test_i5_an_etag_that_is_a_digest_is_compared(amazon: Amazon, open_store: Any) -> None:
    amazon.found = {
        "Content-Length": str(SINGLE_PUT_SIZE + 100),
        "x-amz-server-side-encryption": "AES256",
    }
    with pytest.raises(ObjectExists):
        write(open_store(""), SINGLE_PUT_SIZE, 100)


@pytest.mark.parametrize(
    "parameters", ["&checksums=when_required", "&endpoint=https://store.example.org&path_style=1"]
)
def test_other_stores_are_sent_no_checksums(parameters: str, amazon: Amazon, open_store: Any) -> None:
    write(open_store(parameters), SINGLE_PUT_SIZE, 100)
    write(open_store(parameters), 4)
    for request in amazon.requests:
        names = {name.lower() for name in request.headers}
        assert not {name for name in names if "checksum" in name or "trailer" in name}
        assert b"Checksum" not in (request.body if isinstance(request.body, bytes) else b"")


def test_i5_an_upload_that_is_gone_because_it_was_completed_is_found_finished(
    amazon: Amazon, open_store: Any
) -> None:
    """boto3 asks again when no answer came; the second one is that there is no such upload."""
    piece = "0123456789abcdef0123456789abcdef"
    whole = hashlib.md5(bytes.fromhex(piece * 2), usedforsecurity=False).hexdigest()
    amazon.found_after = {"Content-Length": str(SINGLE_PUT_SIZE + 100), "ETag": f'"{whole}-2"'}
    write(open_store(""), SINGLE_PUT_SIZE, 100)
    assert len(amazon.sent("POST", "uploadId")) == 1


@pytest.mark.parametrize("told", ["bytes 4-7/100", "bytes 8-20/100", "bytes 8-12/100", "bytes */100", ""])
def test_bytes_of_another_range_are_not_taken(amazon: Amazon, open_store: Any, told: str) -> None:
    amazon.range = told
    with pytest.raises(StorageBusy, match="the range that it was asked for"):
        open_store("").read(random_name(), 8, memoryview(bytearray(4)))


def test_bytes_of_the_range_are_taken(amazon: Amazon, open_store: Any) -> None:
    amazon.range, out = "bytes 8-11/100", bytearray(4)
    open_store("").read(random_name(), 8, memoryview(out))
    assert out == b"abcd"
