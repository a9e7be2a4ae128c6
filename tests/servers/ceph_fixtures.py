"""Fixtures over the S3 gateway; a conftest imports the ones it wants."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.servers.ceph import ACCESS_KEY, REGION, SECRET_KEY, Gateway, ceph_gateway, missing_programs
from weights_vault.storage.port import random_name
from weights_vault.storage.s3 import S3Storage
from weights_vault.storage.s3_location import parse_location


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    """One gateway for all tests. Where it is not installed they are skipped, and fail in CI."""
    missing = missing_programs()
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    with ceph_gateway() as running:
        yield running


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway's credentials, where boto3 looks first; and nothing else of this machine's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture(scope="session")
def owner(gateway: Gateway) -> Any:
    """A client of boto3 with the gateway's credentials, to arrange and to look."""
    return boto3.client(
        "s3",
        endpoint_url=gateway.endpoint,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


@pytest.fixture(scope="session")
def aws_session() -> boto3.Session:
    """One session of boto3 for all stores: each reads its models anew, which takes longer than the tests."""
    return boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY)


@pytest.fixture
def bucket(owner: Any) -> str:
    """A fresh bucket's name."""
    name = f"bucket-{random_name()}"
    owner.create_bucket(Bucket=name)
    return name


@pytest.fixture
def open_store(gateway: Gateway, bucket: str, aws_session: boto3.Session) -> Callable[..., S3Storage]:
    """open_store(**parameters of STORAGE_URL) → the store over the fresh bucket.

    endpoint: of something between the store and us. session: another one, for other credentials.
    """

    def open_it(
        endpoint: str = gateway.endpoint, session: boto3.Session = aws_session, **parameters: str
    ) -> S3Storage:
        url = gateway.storage_url(bucket, **parameters).replace(gateway.endpoint, endpoint)
        return S3Storage(parse_location(url), session)

    return open_it


@pytest.fixture
def store(open_store: Callable[..., S3Storage]) -> S3Storage:
    return open_store()
