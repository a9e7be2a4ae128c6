"""Our presigned URLs are botocore's, byte for byte; and nothing of the secrets shows."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import boto3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from weights_vault.storage.s3_client import base_url_of, make_client
from weights_vault.storage.s3_location import S3Location
from weights_vault.storage.sigv4 import MAX_LIFETIME_S, QuerySigner, SigningCredentials

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CREDENTIALS = SigningCredentials("AKIAEXAMPLE", "a secret / with + everything", "tokensecret==")
# Spaces, plus, percent, quotes, non-ASCII, control characters, slashes doubled, at the front and at the end.
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60) | st.text(
    "ab/ +%?#&=~*'()äß漢\n\t\\.", min_size=1, max_size=40
)
LOCATIONS = st.one_of(
    st.builds(
        S3Location,
        bucket=st.sampled_from(["bucket", "weights-of.example", "a1b"]),
        endpoint=st.sampled_from(
            [
                "http://127.0.0.1:8000",
                "https://store.example.org",
                "https://store.example.org:443",
                "http://store.example.org:80",
                "https://store.example.org:8443",
                "http://[::1]:9000",
            ]
        ),
        region=st.sampled_from(["default", "garage", "eu-central-1"]),
        path_style=st.just(True),
    ),
    st.builds(
        S3Location,
        bucket=st.sampled_from(["bucket", "weights-of-example"]),
        endpoint=st.sampled_from([None, "https://store.example.org", "https://store.example.org:8443"]),
        region=st.sampled_from(["us-east-1", "us-west-2", "eu-central-1", "cn-north-1", "us-gov-west-1"]),
        path_style=st.booleans(),
    ),
)
ACCESS = st.builds(
    SigningCredentials,
    access_key=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+=_", min_size=4, max_size=24),
    secret_key=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=48),
    token=st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80),
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))

_session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="y")
_clients: dict[tuple[S3Location, bool], Any] = {}


def client_of(location: S3Location, *, signed: bool) -> Any:
    """Clients are kept: making one costs more than a case. The credentials are put in when it signs."""
    if (location, signed) not in _clients:
        _clients[location, signed] = make_client(location, session=_session, signed=signed)
    return _clients[location, signed]


def by_botocore(
    location: S3Location, access: SigningCredentials, key: str, lifetime_s: int, now: datetime
) -> str:
    client = client_of(location, signed=True)
    client._request_signer._credentials = _Found(access)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None)):
        url: str = client.generate_presigned_url(
            "get_object", {"Bucket": location.bucket, "Key": key}, ExpiresIn=lifetime_s
        )
    return url


class _Found:
    """What botocore takes for credentials."""

    def __init__(self, access: SigningCredentials) -> None:
        self.access_key, self.secret_key, self.token = access.access_key, access.secret_key, access.token
        self.account_id = None
        self.method = "test"

    def get_frozen_credentials(self) -> "_Found":
        return self

    def get_deferred_property(self, name: str) -> Any:
        return lambda: None


def signer_of(location: S3Location) -> QuerySigner:
    client = client_of(location, signed=False)
    return QuerySigner(base_url_of(client, location), client.meta.region_name)


@settings(max_examples=1_000, deadline=None)
@given(LOCATIONS, ACCESS, st.lists(KEYS, min_size=1, max_size=1), st.integers(1, MAX_LIFETIME_S), MOMENTS)
@example(S3Location("bucket", None, "us-east-1"), CREDENTIALS, ["//a b+c/ä~//"], 600, NOW)
def test_urls_are_those_of_botocore(
    location: S3Location, access: SigningCredentials, keys: list[str], lifetime_s: int, now: datetime
) -> None:
    ours = signer_of(location).sign(keys, access, lifetime_s=lifetime_s, now=now)
    assert ours == [by_botocore(location, access, key, lifetime_s, now) for key in keys]


@pytest.mark.parametrize("lifetime_s", [0, -1, 604_801])
def test_lifetime_that_the_store_would_refuse_is_never_issued(lifetime_s: int) -> None:
    """G5"""
    signer = QuerySigner("https://bucket.example.org", "default")
    with pytest.raises(RuntimeError):
        signer.sign(["key"], CREDENTIALS, lifetime_s=lifetime_s, now=NOW)


def test_time_of_another_zone_is_the_same_time() -> None:
    signer = QuerySigner("https://bucket.example.org", "default")
    here = datetime.fromisoformat("2026-11-20T14:00:00+02:00")
    assert signer.sign(["key"], CREDENTIALS, lifetime_s=60, now=here) == signer.sign(
        ["key"], CREDENTIALS, lifetime_s=60, now=NOW
    )


def test_another_day_or_secret_has_another_signing_key() -> None:
    """The kept key is never that of other credentials, another day or another region."""
    urls = set()
    for secret in ("one", "two"):
        for day in range(3):
            for region in ("default", "other"):
                access = SigningCredentials("AKIAEXAMPLE", secret)
                signer = QuerySigner("https://bucket.example.org", region)
                now = NOW + timedelta(days=day)
                (url,) = signer.sign(["key"], access, lifetime_s=60, now=now)
                urls.add(url.rpartition("=")[2])
    assert len(urls) == 12


def test_secrets_are_not_shown() -> None:
    """G8"""
    shown = f"{CREDENTIALS!r} {CREDENTIALS}"
    assert "secret" not in shown.replace("secret_key", "")
    assert "tokensecret" not in shown
