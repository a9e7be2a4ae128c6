"""What `weights` does with the store's URLs: ranges over one connection, renewed when they end (D2, D5)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.store.test_objects import WHOLE, put_all
from weights_vault.client.transfer.connection import Fill, RangeConnection, UrlRefused
from weights_vault.storage.port import random_name
from weights_vault.storage.s3 import S3Storage


@pytest.fixture
def name(store: S3Storage) -> str:
    name = random_name()
    put_all(store, name)
    return name


def fetch(connection: RangeConnection, url: str, start: int, end: int) -> tuple[bytes, str | None]:
    fill = Fill(memoryview(bytearray(end - start)), lambda count: None)
    tag = connection.read_range(url, start, end, len(WHOLE), fill)
    return bytes(fill.view), tag


def test_client_reads_parts_under_one_etag(store: S3Storage, name: str) -> None:
    url = store.url(name, lifetime_s=600, now=datetime.now(UTC))
    connection = RangeConnection(connect_s=5, stall_s=5)
    tags = set()
    try:
        for start in (0, 5_000_000, len(WHOLE) - 1_000):
            end = min(start + 1_000_000, len(WHOLE))
            data, tag = fetch(connection, url, start, end)
            assert data == WHOLE[start:end]
            tags.add(tag)
    finally:
        connection.close()
    assert len(tags) == 1
    assert None not in tags


def test_client_is_refused_with_a_url_that_ended_and_goes_on_with_another(
    store: S3Storage, name: str
) -> None:
    """D2"""
    now = datetime.now(UTC)
    ended = store.url(name, lifetime_s=60, now=now - timedelta(seconds=61))
    connection = RangeConnection(connect_s=5, stall_s=5)
    try:
        with pytest.raises(UrlRefused) as caught:
            fetch(connection, ended, 0, 100)
        assert caught.value.status == 403
        assert fetch(connection, store.url(name, lifetime_s=60, now=now), 0, 100)[0] == WHOLE[:100]
    finally:
        connection.close()


def test_object_that_is_gone_is_refused(store: S3Storage, name: str) -> None:
    url = store.url(name, lifetime_s=60, now=datetime.now(UTC))
    store.delete(name)
    connection = RangeConnection(connect_s=5, stall_s=5)
    try:
        with pytest.raises(UrlRefused) as caught:
            fetch(connection, url, 0, 100)
        assert caught.value.status == 404
    finally:
        connection.close()
