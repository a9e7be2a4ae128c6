"""A master key that stays in AWS KMS, against a service that checks signatures and encryption contexts."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.core import keys
from portal.core.keys import MasterKey, UnwrapRefused
from portal.core.keys.kms import KmsKey, kms_key
from portal.core.problems import Unavailable
from tests.servers.kms import ACCESS_KEY, REGION, SECRET_KEY, KeyService, key_service

ONE, OTHER = "1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef12345678990ab"
ARN = f"arn:aws:kms:{REGION}:111122223333:key/{ONE}"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyService]:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with key_service() as (running, address):
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        monkeypatch.setenv("AWS_REGION", REGION)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        running.new_key(ONE)
        running.new_key(OTHER)
        yield running


def test_unwrap_returns_what_was_wrapped_in_its_context_alone(service: KeyService) -> None:
    """G3"""
    master = MasterKey(KmsKey(ONE))
    blob = master.wrap(b"k" * 16, "body:1")
    assert b"k" * 16 not in blob
    assert master.unwrap(blob, "body:1") == b"k" * 16
    assert service.asked[0] == ("Encrypt", {"weights-portal": "body:1"})
    with pytest.raises(UnwrapRefused, match="something else"):
        master.unwrap(blob, "body:2")


def test_changed_blob_and_blob_of_another_key_are_refused(service: KeyService) -> None:
    master = MasterKey(KmsKey(ONE))
    blob = bytearray(master.wrap(b"k" * 16, "body:1"))
    with pytest.raises(UnwrapRefused, match="not configured"):
        MasterKey(KmsKey(OTHER)).unwrap(bytes(blob), "body:1")
    blob[-1] ^= 1
    with pytest.raises(UnwrapRefused, match="something else"):
        master.unwrap(bytes(blob), "body:1")


def test_blob_that_names_this_key_but_was_wrapped_by_another_is_refused(service: KeyService) -> None:
    mine, other = KmsKey(ONE), KmsKey(OTHER)
    with pytest.raises(UnwrapRefused):
        mine.unwrap(mine.mark + other.wrap(b"k" * 16, "c")[len(other.mark) :], "c")


def test_id_and_arn_of_one_key_are_the_same_key(service: KeyService) -> None:
    blob = MasterKey(KmsKey(ONE)).wrap(b"k" * 16, "c")
    by_arn = MasterKey(KmsKey(ARN))
    assert by_arn.is_current(blob)
    assert by_arn.unwrap(blob, "c") == b"k" * 16


def test_many_are_asked_for_at_once_and_come_back_in_order(service: KeyService) -> None:
    master = MasterKey(KmsKey(ONE))
    wrapped = [
        (master.wrap(bytes([number]) * 16, f"body:{number}"), f"body:{number}") for number in range(40)
    ]
    assert master.unwrap_all(wrapped) == [bytes([number]) * 16 for number in range(40)]
    with pytest.raises(UnwrapRefused):
        master.unwrap_all([*wrapped, (wrapped[0][0], "body:1")])


def test_from_a_file_to_kms_and_back_is_a_rotation_like_any_other(service: KeyService) -> None:
    local = bytes(range(32))
    old = MasterKey(local).wrap(b"k" * 16, "c")
    moving = MasterKey(KmsKey(ONE), local)
    assert moving.unwrap(old, "c") == b"k" * 16
    assert not moving.is_current(old)
    assert MasterKey(local, KmsKey(ONE)).unwrap(moving.wrap(b"k" * 16, "c"), "c") == b"k" * 16


@pytest.mark.parametrize("code", ["AccessDeniedException", "DisabledException", "KMSInternalException"])
def test_service_that_does_not_serve_is_503_and_tells_no_secret(service: KeyService, code: str) -> None:
    master = MasterKey(KmsKey(ONE))
    blob = master.wrap(b"k" * 16, "c")
    service.refuse = code
    with pytest.raises(Unavailable, match="master_key_away") as caught:
        master.unwrap(blob, "c")
    assert code in caught.value.detail
    assert (caught.value.status, caught.value.retry_after_s) == (503, 10)


def test_wrong_credentials_open_nothing(service: KeyService, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = MasterKey(KmsKey(ONE)).wrap(b"k" * 16, "c")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(Unavailable, match="IncompleteSignatureException"):
        MasterKey(KmsKey(ONE)).unwrap(blob, "c")


def test_service_out_of_reach_is_503(service: KeyService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="EndpointConnectionError"):
        MasterKey(KmsKey(ONE)).wrap(b"k" * 16, "c")


@pytest.mark.parametrize("name", ["", "alias/weights", "arn:aws:kms:eu-central-1:1:key/x", f"{ARN}/x"])
def test_what_names_no_key_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="the id or the ARN of a key"):
        KmsKey(name)


def test_setting_names_the_key(service: KeyService, settings: object) -> None:
    kms_key.cache_clear()
    settings.MASTER_KEY = f"aws-kms:{ARN}"  # type: ignore[attr-defined]
    blob = keys.master_key().wrap(b"k" * 16, "c")
    assert keys.master_key().unwrap(blob, "c") == b"k" * 16
    kms_key.cache_clear()


def test_all_batches_of_a_process_go_by_one_client(service: KeyService, settings: object) -> None:
    """To make one costs more than a call."""
    kms_key.cache_clear()
    settings.MASTER_KEY = f"aws-kms:{ONE},aws-kms:{OTHER}"  # type: ignore[attr-defined]
    clients = {id(keys.master_key()._current._client) for _ in range(3)}  # type: ignore[attr-defined]
    assert len(clients) == 1
    assert kms_key(ONE)._client.meta.config.max_pool_connections == KmsKey.at_once
    kms_key.cache_clear()
