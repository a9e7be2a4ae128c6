"""Presigned GET URLs of an S3 store: AWS Signature Version 4 in the query string.

Byte for byte what botocore's `generate_presigned_url` makes (tests/unit/vault/test_sigv4.py compares them),
without its 0.2 ms a URL: the signing key, which four HMACs derive from the secret, the day and the region, is
kept, and so is everything that the URLs of a batch have in common.

Source: Amazon S3 API reference, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote, urlsplit

MAX_LIFETIME_S = 604_800  # S3 refuses more than seven days
_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class SigningCredentials:
    """What signs. token: of temporary credentials, else None. Only the access key may be shown."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class QuerySigner:
    """Signs GET URLs of objects of one bucket.

    base_url: what stands before "/" and the key: https://BUCKET.HOST or https://HOST[:PORT]/BUCKET.
    """

    def __init__(self, base_url: str, region: str) -> None:
        parts = urlsplit(base_url)
        self._base_url = base_url
        self._path = parts.path
        self._region = region
        host = parts.hostname or ""
        bracketed = f"[{host}]" if ":" in host else host
        default = parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme)
        self._host = bracketed if default else f"{bracketed}:{parts.port}"

    def sign(
        self, keys: Iterable[str], credentials: SigningCredentials, *, lifetime_s: int, now: datetime
    ) -> list[str]:
        """Return one URL for each of `keys`, good for `lifetime_s` seconds from `now`.

        keys: of objects, not yet percent-encoded.
        Raises: RuntimeError: a lifetime that S3 would refuse is a mistake of ours (G5).
        """
        if not 1 <= lifetime_s <= MAX_LIFETIME_S:
            raise RuntimeError(f"a URL cannot live {lifetime_s} s: 1 to {MAX_LIFETIME_S}")
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        key = _signing_key(credentials, stamp[:8], self._region)
        query, canonical_query = _queries(credentials, scope, stamp, lifetime_s)
        head = f"GET\n{self._path}/"
        tail = f"\n{canonical_query}\nhost:{self._host}\n\nhost\nUNSIGNED-PAYLOAD"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n"
        urls = []
        for name in keys:
            path = quote(name, safe="/~")
            digest = hashlib.sha256(f"{head}{path}{tail}".encode()).hexdigest()
            signature = hmac.digest(key, f"{to_sign}{digest}".encode(), "sha256").hex()
            urls.append(f"{self._base_url}/{path}?{query}&X-Amz-Signature={signature}")
        return urls


def _queries(credentials: SigningCredentials, scope: str, stamp: str, lifetime_s: int) -> tuple[str, str]:
    """The parameters as they stand in the URL, and sorted, as they are signed."""
    parameters = [
        f"X-Amz-Algorithm={_ALGORITHM}",
        f"X-Amz-Credential={_encoded(f'{credentials.access_key}/{scope}')}",
        f"X-Amz-Date={stamp}",
        f"X-Amz-Expires={lifetime_s}",
        "X-Amz-SignedHeaders=host",
    ]
    if credentials.token is not None:
        parameters.append(f"X-Amz-Security-Token={_encoded(credentials.token)}")
    return "&".join(parameters), "&".join(sorted(parameters))


@lru_cache(maxsize=8)
def _signing_key(credentials: SigningCredentials, day: str, region: str) -> bytes:
    """day: YYYYMMDD. A handful is kept: today's, yesterday's, and those of credentials just rotated."""
    key = f"AWS4{credentials.secret_key}".encode()
    for step in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    return key


def _encoded(text: str) -> str:
    return quote(text, safe="~")
