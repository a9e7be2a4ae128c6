"""Objects in a real bucket: whole or not at all, written once, gone on with after a stop (I1)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from tests.stored import store_object
from weights_vault.storage.port import (
    MIN_PIECE_SIZE,
    ObjectExists,
    ObjectMissing,
    StorageError,
    random_name,
)
from weights_vault.storage.s3 import SINGLE_PUT_SIZE, S3Storage

PIECE = MIN_PIECE_SIZE
WHOLE = bytes(range(256)) * ((SINGLE_PUT_SIZE + PIECE) // 256 + 1)  # 4 pieces of 5 MiB and a rest


def pieces() -> list[tuple[int, int, memoryview]]:
    """Number, offset and bytes of each piece of WHOLE."""
    return [
        (number, offset, memoryview(WHOLE)[offset : offset + PIECE])
        for number, offset in enumerate(range(0, len(WHOLE), PIECE))
    ]


def put_all(store: S3Storage, name: str) -> None:
    with store.create(name, size=len(WHOLE)) as writer:
        writer.commit([writer.put(*piece) for piece in pieces()])


def read(store: S3Storage, name: str) -> bytes:
    with store.open(name) as source:
        return source.read()


@pytest.mark.parametrize("data", [b"", b"x", b"body" * 1000])
def test_object_of_one_piece_is_read_back(data: bytes, store: S3Storage) -> None:
    name = random_name()
    store_object(name, data, store)
    assert (read(store, name), store.size(name)) == (data, len(data))
    assert [(found.name, found.size, found.partial) for found in store.objects()] == [
        (name, len(data), False)
    ]


def test_object_of_several_pieces_is_put_by_several_threads(store: S3Storage) -> None:
    name = random_name()
    with store.create(name, size=len(WHOLE)) as writer, ThreadPoolExecutor(4) as threads:
        writer.commit(list(threads.map(lambda piece: writer.put(*piece), reversed(pieces())))[::-1])
    assert read(store, name) == WHOLE


@pytest.mark.parametrize("prefix", ["", "sealed/opt/"])
def test_object_that_is_not_committed_has_no_name_and_is_listed(
    prefix: str, open_store: Callable[..., S3Storage]
) -> None:
    store, name = open_store(prefix=prefix), random_name()
    with store.create(name, size=len(WHOLE)) as writer:
        writer.put(*pieces()[0])
    with pytest.raises(ObjectMissing):
        store.open(name)
    assert [(found.name, found.size, found.partial) for found in store.objects()] == [(name, PIECE, True)]


def test_upload_is_gone_on_with_by_another_process(open_store: Callable[..., S3Storage]) -> None:
    """I1"""
    name, every = random_name(), pieces()
    with open_store().create(name, size=len(WHOLE)) as writer:
        upload, receipts = writer.upload, [writer.put(*every[0]), writer.put(*every[1])]
    store = open_store()
    with store.resume(name, size=len(WHOLE), upload=upload) as writer:
        assert writer.holds(0, PIECE, receipts[0])
        assert not writer.holds(0, PIECE, receipts[0][::-1])
        assert not writer.holds(2, PIECE, receipts[0])
        receipts += [writer.put(*piece) for piece in every[2:]]
        writer.commit(receipts)
    assert read(store, name) == WHOLE
    assert [found.partial for found in store.objects()] == [False]


def test_upload_that_was_thrown_away_is_nothing_to_go_on_with(store: S3Storage) -> None:
    name = random_name()
    with store.create(name, size=len(WHOLE)) as writer:
        upload = writer.upload
    store.delete(name)
    with pytest.raises(ObjectMissing):
        store.resume(name, size=len(WHOLE), upload=upload)


@pytest.mark.parametrize("upload", ["", "2~nothing"])
def test_upload_that_never_was_is_nothing_to_go_on_with(upload: str, store: S3Storage) -> None:
    with pytest.raises(ObjectMissing):
        store.resume(random_name(), size=4, upload=upload)


def test_upload_without_one_of_its_pieces_is_not_committed(store: S3Storage) -> None:
    name, every = random_name(), pieces()
    with store.create(name, size=len(WHOLE)) as writer:
        receipts = [writer.put(*piece) for piece in every[:-1]]
        with pytest.raises(StorageError, match="lacks a piece"):
            writer.commit(receipts)
    with pytest.raises(ObjectMissing):
        store.size(name)


def test_object_is_never_replaced(store: S3Storage) -> None:
    name = random_name()
    store_object(name, b"first", store)
    with pytest.raises(ObjectExists):
        store_object(name, b"other", store)
    with pytest.raises(ObjectExists):
        put_all(store, name)
    assert read(store, name) == b"first"


def test_of_many_creators_at_once_one_wins(store: S3Storage) -> None:
    name, start, won = random_name(), threading.Barrier(8), []

    def create(number: int) -> None:
        start.wait()
        try:
            store_object(name, b"body %d" % number, store)
            won.append(number)
        except ObjectExists:
            pass

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(create, range(8)))
    assert len(won) == 1
    assert read(store, name) == b"body %d" % won[0]


def test_deleting_takes_objects_and_uploads_of_that_name_alone(store: S3Storage) -> None:
    name, other = random_name(), random_name()
    for each in (name, other):
        store_object(each, b"body", store)
        store.create(each, size=len(WHOLE))
    store.delete(name)
    store.delete(name)
    assert {found.name for found in store.objects()} == {other}
    assert len(list(store.objects())) == 2


def test_read_fills_exactly_what_was_asked_for(store: S3Storage) -> None:
    name, out = random_name(), bytearray(1_000)
    store_object(name, WHOLE[:100_000], store)
    store.read(name, 5_000, memoryview(out))
    assert bytes(out) == WHOLE[5_000:6_000]
    for offset in (99_500, 200_000):
        with pytest.raises(StorageError):
            store.read(name, offset, memoryview(out))
    with pytest.raises(ObjectMissing):
        store.read(random_name(), 0, memoryview(out))


def test_object_is_read_like_a_file(store: S3Storage) -> None:
    name = random_name()
    store_object(name, WHOLE[:100_000], store)
    with store.open(name) as source:
        assert source.seek(-10, 2) == 99_990
        assert source.read() == WHOLE[99_990:100_000]
        source.seek(300)
        assert (source.read(5), source.tell()) == (WHOLE[300:305], 305)


def test_working_store_has_no_faults_and_is_not_changed_by_the_question(store: S3Storage) -> None:
    assert store.faults() == []
    assert store.public_faults() == []
    assert list(store.objects()) == []


def test_bucket_that_is_not_there_is_a_fault(store: S3Storage, owner: Any, bucket: str) -> None:
    owner.delete_bucket(Bucket=bucket)
    assert bucket in store.faults()[0]


@pytest.mark.usefixtures("aws_environment")
def test_credentials_of_the_environment_are_found(open_store: Callable[..., S3Storage]) -> None:
    assert open_store(session=boto3.Session()).faults() == []


@pytest.mark.usefixtures("aws_environment")
def test_credentials_that_are_not_the_stores_are_a_fault_without_a_secret(
    open_store: Callable[..., S3Storage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """G8"""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret-of-the-store")
    (fault,) = open_store(session=boto3.Session()).faults()
    assert "refuses the portal's credentials" in fault
    assert "not-the-secret" not in fault


@pytest.mark.usefixtures("aws_environment")
def test_no_credentials_at_all_are_a_fault(
    open_store: Callable[..., S3Storage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no credentials" in open_store(session=boto3.Session()).faults()[0]
