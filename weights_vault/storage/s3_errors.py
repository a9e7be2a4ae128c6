"""The one boundary at which errors of boto3 become those of the storage port.

What the store said in words is left behind: a refused signature is answered with the string that was signed,
and messages of the network layer repeat the address. The store's error code, a word, says enough.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    SSLError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from weights_vault.storage.port import DEFAULT_RETRY_S, ObjectMissing, StorageBusy, StorageError

MAX_RETRY_S = 600
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MISSING = {"NoSuchKey", "NoSuchUpload", "NotFound", "404"}
_BUSY = {
    "SlowDown",
    "RequestTimeout",
    "OperationAborted",
    "ConditionalRequestConflict",
    "BandwidthLimitExceeded",
}
_BUSY_STATUSES = {429, 500, 502, 503, 504}
# boto3 wraps most of what its network layer raises, and lets the rest through while an answer is read.
_OUT_OF_REACH = (ConnectionError, HTTPClientError, IncompleteReadError, HTTPError, OSError)
_NOBODY = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
)


@contextmanager
def told_by_port(name: str) -> Iterator[None]:
    """Anything that boto3 raises in here about the object `name` leaves as an error of the port."""
    try:
        yield
    except ClientError as error:
        raise _of_answer(error, name) from None
    except SSLError:
        raise StorageError("the store's certificate is not accepted") from None
    except _OUT_OF_REACH:
        raise StorageBusy("the store does not answer") from None
    except _NOBODY:
        raise StorageError("there are no credentials for the store, or they cannot be renewed") from None
    except NoRegionError:
        raise StorageError("the store's region is not known: add &region=… to STORAGE_URL") from None
    except ResponseParserError:
        raise _no_store() from None
    except BotoCoreError as error:
        raise StorageError(f"the store cannot be used ({type(error).__name__})") from None


def told_in(answer: Mapping[str, Any], name: str) -> Any:
    """What an answer tells under `name`, which every S3 store tells.

    Raises: StorageError: it does not. A proxy's page ("sorry", 200) is an answer to boto3 and none to us.
    """
    if name not in answer:
        raise _no_store()
    return answer[name]


def _no_store() -> StorageError:
    return StorageBusy("what answers is no S3 store: does a proxy answer in its place?")


def code_of(error: ClientError) -> str:
    """The store's word for what is wrong, such as NoSuchUpload; "?" where it said something odd."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code if _WORD.fullmatch(code) else "?"


def _of_answer(error: ClientError, name: str) -> StorageError:
    code, answer = code_of(error), error.response.get("ResponseMetadata", {})
    status = int(answer.get("HTTPStatusCode", 0))
    if code in _MISSING:
        return ObjectMissing(f"object {name} is not in the store")
    if code in _BUSY or status in _BUSY_STATUSES:
        return StorageBusy(f"the store is overloaded ({code}, {status})", _retry_after(answer))
    if code == "NoSuchBucket":
        return StorageError("the store has no bucket of that name")
    if status in (401, 403):
        return StorageError(f"the store refuses the portal's credentials ({code}, {status})")
    return StorageError(f"the store answered {code} ({status}) to {error.operation_name}")


def _retry_after(answer: Mapping[str, Any]) -> int:
    """Seconds; what is no plain number of them is not worth guessing at."""
    text = str(answer.get("HTTPHeaders", {}).get("retry-after", ""))
    return max(1, min(int(text), MAX_RETRY_S)) if re.fullmatch(r"[0-9]{1,9}", text) else DEFAULT_RETRY_S
