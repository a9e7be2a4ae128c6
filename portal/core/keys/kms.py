"""A master key that never leaves AWS KMS: `aws-kms:KEY_ID`, the id or the ARN of a symmetric key.

KMS wraps and unwraps; the context that a secret belongs to is its encryption context, which KMS authenticates
and writes into the account's CloudTrail. Region, credentials and endpoint come from where boto3 looks; the
region of an ARN comes first. A file key is one call, so a batch asks for several at once. Nothing is cached:
what KMS's policy or an operator takes away is gone at the next call.

Blob: version 2 (1 byte), key id (8), then KMS's ciphertext.
"""

import re
from functools import cache, cached_property
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ImproperlyConfigured

from portal.core.keys.providers import UnwrapRefused, key_id
from portal.core.problems import Unavailable

KMS_VERSION: Final = b"\x02"
CONTEXT_NAME: Final = "weights-portal"
RETRY_S: Final = 10
_KEY: Final = re.compile(
    r"(?:arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):[0-9]{12}:key/)?(?P<id>[A-Za-z0-9-]{1,128})"
)
# KMS's word that this blob is not what was wrapped, or not in this context, or not by this key.
_REFUSED: Final = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_AT_ONCE: Final = 16
_OPTIONS: Final = Config(
    connect_timeout=3,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=_AT_ONCE,
)


class KmsKey:
    """One KMS key as a provider of the master key (`providers.Provider`)."""

    at_once = _AT_ONCE

    def __init__(self, name: str) -> None:
        """name: what follows "aws-kms:". Raises: ImproperlyConfigured: no id or ARN of a key."""
        found = _KEY.fullmatch(name)
        if found is None:
            raise ImproperlyConfigured(
                "MASTER_KEY: after aws-kms: comes the id or the ARN of a key. An alias could name another "
                "key tomorrow."
            )
        self._name = name
        self._region = found["region"]
        # The id alone: an ARN and the bare id of one key are the same key.
        self.mark = KMS_VERSION + key_id(b"aws-kms key\0" + found["id"].encode())

    @cached_property
    def _client(self) -> Any:
        try:
            return boto3.session.Session().client("kms", region_name=self._region, config=_OPTIONS)
        except BotoCoreError as error:
            raise ImproperlyConfigured(f"MASTER_KEY: boto3 cannot reach KMS: {error}") from error

    def wrap(self, key: bytes, context: str) -> bytes:
        """As `Provider.wrap`. Raises: Unavailable(master_key_away)."""
        answer = self._ask("encrypt", Plaintext=key, EncryptionContext={CONTEXT_NAME: context})
        return self.mark + bytes(answer["CiphertextBlob"])

    def unwrap(self, blob: bytes, context: str) -> bytes:
        """As `Provider.unwrap`. Raises: UnwrapRefused; Unavailable(master_key_away)."""
        sealed = blob[len(self.mark) :]
        answer = self._ask("decrypt", CiphertextBlob=sealed, EncryptionContext={CONTEXT_NAME: context})
        return bytes(answer["Plaintext"])

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(KeyId=self._name, **arguments)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _REFUSED:
                raise UnwrapRefused("changed, or wrapped for something else") from error
            raise _away(error) from error
        except BotoCoreError as error:
            raise _away(error) from error
        return answer


@cache
def kms_key(name: str) -> KmsKey:
    """Return the key of this name, the same for the life of the process: its connections stay open.

    Raises: as `KmsKey`.
    """
    return KmsKey(name)


def _away(error: Exception) -> Unavailable:
    """Access denied, a disabled key, throttling, no network: the operator's to mend, the caller's to wait."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return Unavailable(
        "master_key_away",
        f"The service that keeps the portal's master key does not serve it now ({code}).",
        "Run the same command again later: a download goes on where it stopped.",
        retry_after_s=RETRY_S,
    )
