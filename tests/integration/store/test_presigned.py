"""Presigned URLs, judged by the store itself: G4, G5, G6 of design's cases, with a real gateway."""

import http.client
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from tests.servers.ceph import Gateway
from tests.stored import store_object
from weights_vault.storage.port import ObjectMissing, random_name
from weights_vault.storage.s3 import S3Storage

BODY = bytes(range(256)) * 40
OTHER = b"another body"


@pytest.fixture
def name(store: S3Storage) -> str:
    name = random_name()
    store_object(name, BODY, store)
    return name


@pytest.fixture
def other(store: S3Storage) -> str:
    name = random_name()
    store_object(name, OTHER, store)
    return name


@pytest.fixture
def url(store: S3Storage, name: str) -> str:
    return store.url(name, lifetime_s=600, now=datetime.now(UTC))


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers; the address is sent as it stands, nothing is normalized on the way."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        target = url[url.index(parts.netloc) + len(parts.netloc) :]
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, target, headers=named)
        answer = connection.getresponse()
        return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
    finally:
        connection.close()


def test_url_opens_the_object(url: str) -> None:
    status, body, headers = ask(url)
    assert (status, body) == (200, BODY)
    assert headers["etag"]


def parameter(url: str, name: str) -> str:
    """name=value, as it stands in the URL."""
    return next(pair for pair in urlsplit(url).query.split("&") if pair.startswith(f"{name}="))


def dropped(name: str) -> Callable[[str], str]:
    return lambda url: url.replace(f"&{parameter(url, name)}", "").replace(f"{parameter(url, name)}&", "")


def exchanged(name: str, value: str) -> Callable[[str], str]:
    return lambda url: url.replace(parameter(url, name), f"{name}={value}")


CHANGES: dict[str, Callable[[str], str]] = {
    "date": lambda url: url.replace(
        parameter(url, "X-Amz-Date"), f"X-Amz-Date={datetime.now(UTC) + timedelta(seconds=5):%Y%m%dT%H%M%SZ}"
    ),
    "lifetime": exchanged("X-Amz-Expires", "601"),
    "longest lifetime": exchanged("X-Amz-Expires", "604800"),
    "signature": lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"),
    "region": lambda url: url.replace("default", "other"),
    "access key": lambda url: url.replace("TESTACCESSKEY00001", "TESTACCESSKEY00002"),
    "signed headers": exchanged("X-Amz-SignedHeaders", "host%3Brange"),
    "method said": lambda url: url + "&x-id=PutObject",
    "parameter added": lambda url: url + "&response-content-type=text%2Fhtml",
    "parameter in front": lambda url: url.replace("?", "?versionId=null&"),
    "subresource": lambda url: url.replace("?", "?acl&"),
    "token added": lambda url: url + "&X-Amz-Security-Token=token",
    "signature dropped": dropped("X-Amz-Signature"),
    "lifetime dropped": dropped("X-Amz-Expires"),
    "date dropped": dropped("X-Amz-Date"),
    "credential dropped": dropped("X-Amz-Credential"),
    "signed headers dropped": dropped("X-Amz-SignedHeaders"),
    "algorithm dropped": dropped("X-Amz-Algorithm"),
    "no query": lambda url: url.partition("?")[0],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_changed_url_is_refused(change: str, url: str) -> None:
    """G4"""
    changed = CHANGES[change](url)
    assert changed != url
    status, body, _ = ask(changed)
    assert status == 403
    assert BODY[:16] not in body


def test_url_of_one_object_opens_no_other(url: str, name: str, other: str) -> None:
    """G4"""
    assert ask(url.replace(name, other))[0] == 403


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST", "DELETE"])
def test_other_method_is_refused_and_does_nothing(method: str, url: str, name: str, store: S3Storage) -> None:
    """G4"""
    assert ask(url, method)[0] in (403, 405)
    assert store.size(name) == len(BODY)


# Not 127.0.0.1 without the port: this gateway tries the host with its port as well.
@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:1{port}", "other.example.org"])
def test_other_host_is_refused(host: str, url: str, gateway: Gateway) -> None:
    """G4"""
    assert ask(url, Host=host.format(port=gateway.port))[0] in (400, 403, 404)


def test_other_bucket_is_refused(url: str, bucket: str, owner: object) -> None:
    """G4: also where a bucket of that name holds an object of that name."""
    copy = bucket.replace("bucket-", "bucket2-")
    owner.create_bucket(Bucket=copy)  # type: ignore[attr-defined]
    key = urlsplit(url).path.rpartition("/")[2]
    owner.put_object(Bucket=copy, Key=key, Body=BODY)  # type: ignore[attr-defined]
    assert ask(url.replace(bucket, copy))[0] == 403


def test_url_is_refused_after_its_lifetime(store: S3Storage, name: str) -> None:
    """G5: signed 10 minutes and a second ago, for 10 minutes."""
    signed_at = datetime.now(UTC) - timedelta(seconds=601)
    status, body, _ = ask(store.url(name, lifetime_s=600, now=signed_at))
    assert status == 403
    assert BODY[:16] not in body


def test_url_is_good_until_its_lifetime_ends(store: S3Storage, name: str) -> None:
    """G5"""
    signed_at = datetime.now(UTC) - timedelta(seconds=570)
    assert ask(store.url(name, lifetime_s=600, now=signed_at))[0] == 200


@pytest.mark.parametrize("lifetime_s", [0, -1, 59, 901, 604_801])
def test_other_lifetimes_are_never_issued(lifetime_s: int, store: S3Storage, name: str) -> None:
    """G5"""
    with pytest.raises(RuntimeError):
        store.url(name, lifetime_s=lifetime_s, now=datetime.now(UTC))


ODD_NAMES = [
    "..", "../{other}", "%2e%2e/{other}", "{name}/../{other}", "/{name}", "{name}/", "{name}?acl", "{name}#",
    "{name}\n", "{name}%00", " {name}", "ä" * 40, "{upper}", "",
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD_NAMES)
def test_no_url_is_signed_for_a_name_we_did_not_make(odd: str, store: S3Storage, name: str) -> None:
    """G6"""
    wrong = odd.format(name=name, other=random_name(), upper=name.upper() + "A")
    for act in (store.size, store.open, store.delete):
        with pytest.raises(ObjectMissing):
            act(wrong)
    with pytest.raises(ObjectMissing):
        store.url(wrong, lifetime_s=600, now=datetime.now(UTC))
    with pytest.raises(ObjectMissing):
        store.create(wrong, size=1)


ODD_PATHS = [
    "/{bucket}/{name}/../{other}", "/{bucket}/./{other}", "/{bucket}//{other}", "//{bucket}/{other}",
    "/{bucket}/%2e%2e/{bucket}/{other}", "/{bucket}/{name}%2f..%2f{other}", "/{bucket}/{other}%0a",
    "/{bucket}/{other}%00", "/{bucket}/{name}%3f/../{other}", "/{bucket}/{other}/", "/{bucket}/", "/",
    "/{bucket}/%C3%A4{other}",
]  # fmt: skip


@pytest.mark.parametrize("path", ODD_PATHS)
def test_odd_path_addresses_nothing_else(path: str, url: str, bucket: str, name: str, other: str) -> None:
    """G6"""
    odd = path.format(bucket=bucket, name=name, other=other)
    status, body, _ = ask(url.replace(urlsplit(url).path, odd, 1))
    assert 400 <= status < 500
    assert OTHER not in body


@pytest.mark.parametrize(
    ("asked", "status", "sent"),
    [
        ("bytes=0-15", 206, slice(0, 16)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-10", 206, slice(-10, None)),
        ("bytes=10200-99999", 206, slice(10200, None)),
        ("bytes=99999-", 416, None),
    ],
)
def test_ranges_are_answered(asked: str, status: int, sent: slice | None, url: str) -> None:
    answered, body, headers = ask(url, Range=asked)
    assert answered == status
    if sent is not None:
        first = sent.indices(len(BODY))[0]
        assert body == BODY[sent]
        assert headers["content-range"] == f"bytes {first}-{first + len(body) - 1}/{len(BODY)}"


def test_etag_is_stable_and_condition_on_it_is_honored(url: str, store: S3Storage, name: str) -> None:
    etag = ask(url)[2]["etag"]
    again = store.url(name, lifetime_s=900, now=datetime.now(UTC))
    assert ask(again, Range="bytes=5-9")[2]["etag"] == etag
    assert ask(url, If_Match=etag, Range="bytes=0-3")[:2] == (206, BODY[:4])
    assert ask(url, If_Range=etag, Range="bytes=0-3")[:2] == (206, BODY[:4])
    assert ask(url, If_Match='"other"')[0] == 412


def test_hundreds_of_urls_are_one_batch(store: S3Storage) -> None:
    names = [random_name() for _ in range(300)]
    now = datetime.now(UTC)
    signed = store.urls(names, lifetime_s=600, now=now)
    assert signed.expires == now + timedelta(seconds=600)
    assert [urlsplit(url).path.rpartition("/")[2] for url in signed.urls] == names
    assert "X-Amz-Signature" not in repr(signed)
