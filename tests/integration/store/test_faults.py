"""A store that fails, or acts and then says nothing: the outcome is one object, whole, or an error (I5)."""

import logging
from collections.abc import Callable, Iterator

import pytest

from tests.integration.store.test_objects import WHOLE, pieces, put_all, read
from tests.servers.ceph import ACCESS_KEY, SECRET_KEY, Gateway
from tests.servers.faulty_store import RETRY_AFTER_S, Fault, FaultyStore, faulty_store
from tests.servers.ports import CLOSED, HOST
from tests.stored import store_object
from weights_vault.storage.port import ObjectExists, StorageBusy, StorageError, random_name
from weights_vault.storage.s3 import S3Storage
from weights_vault.storage.s3_client import ATTEMPTS

PUT, PART, COMPLETE, BEGIN = (
    ("PUT", ""),
    ("PUT", "partNumber&uploadId"),
    ("POST", "uploadId"),
    ("POST", "uploads"),
)


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 tries again as often as in production, but at once."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


@pytest.fixture
def proxy(gateway: Gateway) -> Iterator[FaultyStore]:
    with faulty_store(gateway) as running:
        yield running


@pytest.fixture
def shaky(proxy: FaultyStore, open_store: Callable[..., S3Storage]) -> S3Storage:
    """The same bucket as `store`, through the proxy."""
    return open_store(endpoint=proxy.endpoint)


def always(
    kind: tuple[str, str], fault: Fault, times: int = 1_000
) -> Callable[[str, str, int], Fault | None]:
    return lambda method, query, before: fault if (method, query) == kind and before < times else None


FAULTS: list[Fault] = ["lose the answer", "internal error", "slow down"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("times", [1, ATTEMPTS - 1])
def test_put_is_tried_again_until_it_stands(
    times: int, fault: Fault, proxy: FaultyStore, shaky: S3Storage, store: S3Storage
) -> None:
    """I5: also where the first try was done and only its answer was lost."""
    name, proxy.plan = random_name(), always(PUT, fault, times)
    store_object(name, b"body", shaky)
    assert read(store, name) == b"body"
    assert proxy.seen.count(PUT) == times + 1


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", [BEGIN, PART, COMPLETE])
def test_upload_is_tried_again_until_it_stands(
    kind: tuple[str, str], fault: Fault, proxy: FaultyStore, shaky: S3Storage, store: S3Storage
) -> None:
    """I5: an upload that is completed twice is completed."""
    name, proxy.plan = random_name(), always(kind, fault, 1)
    put_all(shaky, name)
    assert read(store, name) == WHOLE
    assert proxy.seen.count(kind) >= 2


def test_upload_completed_while_every_answer_was_lost_is_found_finished(
    proxy: FaultyStore, shaky: S3Storage, store: S3Storage
) -> None:
    """I5"""
    name, proxy.plan = random_name(), always(COMPLETE, "lose the answer")
    with shaky.create(name, size=len(WHOLE)) as writer:
        receipts = [writer.put(*piece) for piece in pieces()]
        with pytest.raises(StorageBusy):
            writer.commit(receipts)
        upload = writer.upload
    with store.resume(name, size=len(WHOLE), upload=upload) as writer:
        assert all(writer.holds(number, 1, receipt) for number, receipt in enumerate(receipts))
        with pytest.raises(ObjectExists):
            writer.commit(receipts[::-1])
        with pytest.raises(ObjectExists):
            writer.put(*pieces()[0])
        writer.commit(receipts)
    assert read(store, name) == WHOLE


def test_object_put_while_every_answer_was_lost_is_found_finished(
    proxy: FaultyStore, shaky: S3Storage, store: S3Storage
) -> None:
    """I5"""
    name, proxy.plan = random_name(), always(PUT, "lose the answer")
    with shaky.create(name, size=4) as writer:
        receipt = writer.put(0, 0, memoryview(b"body"))
        with pytest.raises(StorageBusy):
            writer.commit([receipt])
    with store.resume(name, size=4, upload="") as writer:
        writer.commit([receipt])
    with pytest.raises(ObjectExists):
        store.resume(name, size=5, upload="")


@pytest.mark.parametrize("kind", [PUT, PART])
def test_store_that_stays_overloaded_is_given_up_and_says_when_to_come_back(
    kind: tuple[str, str], proxy: FaultyStore, shaky: S3Storage
) -> None:
    """I5"""
    proxy.plan = always(kind, "slow down")
    with pytest.raises(StorageBusy) as caught:
        store_object(random_name(), b"body", shaky) if kind == PUT else put_all(shaky, random_name())
    assert caught.value.retry_after_s == RETRY_AFTER_S
    assert proxy.seen.count(kind) == ATTEMPTS


@pytest.mark.parametrize("times", [1, 2])
def test_read_that_breaks_off_goes_on_where_it_stopped(
    times: int, proxy: FaultyStore, shaky: S3Storage
) -> None:
    name = random_name()
    store_object(name, WHOLE[:1_000_000], shaky)
    proxy.plan = always(("GET", ""), "cut the answer", times)
    out = bytearray(900_000)
    shaky.read(name, 50_000, memoryview(out))
    assert out == WHOLE[50_000:950_000]


def test_read_that_never_ends_well_is_an_error(proxy: FaultyStore, shaky: S3Storage) -> None:
    name = random_name()
    store_object(name, b"x" * 100_000, shaky)
    proxy.plan = always(("GET", ""), "cut the answer")
    with pytest.raises(StorageError, match="breaks off"):
        shaky.read(name, 0, memoryview(bytearray(100_000)))


def test_store_that_is_down_is_busy_not_a_crash(open_store: Callable[..., S3Storage]) -> None:
    """I7: URLs can still be signed; what asks the store says so, without its address."""
    down = open_store(endpoint=f"http://{HOST}:{CLOSED}")
    name = random_name()
    for act in (down.size, down.open, down.delete, lambda name: store_object(name, b"x", down)):
        with pytest.raises(StorageBusy, match="does not answer"):
            act(name)
    with pytest.raises(StorageBusy):
        list(down.objects())
    assert "does not answer" in down.faults()[0]


def test_no_secret_in_logs_or_errors(
    proxy: FaultyStore, shaky: S3Storage, caplog: pytest.LogCaptureFixture
) -> None:
    """G8: also when everything is logged that the settings let through."""
    with caplog.at_level(logging.DEBUG):
        name, proxy.plan = random_name(), always(PART, "internal error")
        with pytest.raises(StorageBusy) as caught:
            put_all(shaky, name)
        store_object(name, b"body", shaky)
        assert shaky.faults() == []
    told = "".join([caplog.text, repr(caught.value), repr(shaky), repr(vars(shaky))])
    for secret in (SECRET_KEY, ACCESS_KEY, "Signature", "X-Amz"):
        assert secret not in told
