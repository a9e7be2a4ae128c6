"""What boto3 raises leaves as an error of the port: of the right kind, and without what it said."""

import ssl
from typing import Any

import pytest
import urllib3
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)
from hypothesis import given
from hypothesis import strategies as st

from weights_vault.storage.port import ObjectMissing, StorageBusy, StorageError
from weights_vault.storage.s3_errors import told_by_port

SECRET = "X-Amz-Signature=0123456789"
URL = f"https://store.example.org/bucket/key?{SECRET}"


def answered(code: str, status: int, **headers: str) -> ClientError:
    metadata: Any = {"HTTPStatusCode": status, "HTTPHeaders": headers}
    response: Any = {"Error": {"Code": code, "Message": SECRET}, "ResponseMetadata": metadata}
    return ClientError(response, "GetObject")


def told(error: Exception) -> StorageError:
    with pytest.raises(StorageError) as caught, told_by_port("name"):
        raise error
    assert SECRET not in f"{caught.value!r}{caught.value}"
    assert caught.value.__suppress_context__
    return caught.value


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, ObjectMissing),
        ("NoSuchUpload", 404, ObjectMissing),
        ("404", 404, ObjectMissing),
        ("SlowDown", 503, StorageBusy),
        ("InternalError", 500, StorageBusy),
        ("TooManyRequests", 429, StorageBusy),
        ("RequestTimeout", 400, StorageBusy),
        ("ConditionalRequestConflict", 409, StorageBusy),
        ("NoSuchBucket", 404, StorageError),
        ("SignatureDoesNotMatch", 403, StorageError),
        ("ExpiredToken", 400, StorageError),
        ("NotImplemented", 501, StorageError),
        (f"<{SECRET}>", 400, StorageError),
    ],
)
def test_answer_becomes_the_error_of_its_kind(code: str, status: int, kind: type[StorageError]) -> None:
    assert type(told(answered(code, status))) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EndpointConnectionError(endpoint_url=URL), StorageBusy),
        (ConnectTimeoutError(endpoint_url=URL), StorageBusy),
        (ReadTimeoutError(endpoint_url=URL), StorageBusy),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), StorageBusy),
        (urllib3.exceptions.ProtocolError(URL), StorageBusy),
        (ssl.SSLError(1, URL), StorageBusy),
        (ConnectionResetError(104, URL), StorageBusy),
        (SSLError(endpoint_url=URL, error=URL), StorageError),
        (NoCredentialsError(), StorageError),
        (CredentialRetrievalError(provider="p", error_msg=SECRET), StorageError),
        (NoRegionError(), StorageError),
        (ParamValidationError(report=SECRET), StorageError),
    ],
)
def test_trouble_becomes_the_error_of_its_kind(error: Exception, kind: type[StorageError]) -> None:
    assert type(told(error)) is kind


@pytest.mark.parametrize(
    ("said", "waited"),
    [
        ("7", 7),
        ("0", 1),
        ("1000000000", 30),
        ("999999999", 600),
        ("Fri, 20 Nov 2026 12:00:00 GMT", 30),
        ("-1", 30),
    ],
)
def test_wait_that_the_store_asks_for_is_bounded(said: str, waited: int) -> None:
    error = told(answered("SlowDown", 503, **{"retry-after": said}))
    assert isinstance(error, StorageBusy)
    assert error.retry_after_s == waited


@given(st.text(max_size=80), st.integers(100, 599), st.text(max_size=20))
def test_any_answer_is_an_error_of_the_port(code: str, status: int, wait: str) -> None:
    with pytest.raises(StorageError), told_by_port("name"):
        raise answered(code, status, **{"retry-after": wait})


def test_mistakes_of_ours_pass() -> None:
    with pytest.raises(RuntimeError), told_by_port("name"):
        raise RuntimeError("ours")
