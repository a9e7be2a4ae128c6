"""Signed URLs: whatever is changed, they open nothing (G4); they end in time (G5)."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from weights_vault.storage.signed_urls import ObjectUrls, UrlRefused

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OBJECT = "0123456789abcdef0123456789abcdef01234567"
KEYS = {"d2": b"2" * 32, "d1": b"1" * 32}


@pytest.fixture
def urls() -> ObjectUrls:
    return ObjectUrls("https://weights.example.org", KEYS)


def check(
    urls: ObjectUrls, url: str, now: datetime = NOW, method: str = "GET", host: str | None = None
) -> None:
    parts = urlsplit(url)
    urls.check(method=method, host=host or parts.netloc, path=parts.path, query=parts.query, now=now)


def test_url_is_good_from_its_issue_to_its_end(urls: ObjectUrls) -> None:
    url = urls.make(OBJECT, lifetime_s=600, now=NOW)
    check(urls, url)
    check(urls, url, now=NOW + timedelta(seconds=600))


@pytest.mark.parametrize("lifetime_s", [60, 600, 900])
def test_url_is_refused_a_second_after_its_lifetime(urls: ObjectUrls, lifetime_s: int) -> None:
    """G5"""
    url = urls.make(OBJECT, lifetime_s=lifetime_s, now=NOW)
    with pytest.raises(UrlRefused) as caught:
        check(urls, url, now=NOW + timedelta(seconds=lifetime_s + 1))
    assert caught.value.code == "url_expired"


@pytest.mark.parametrize("lifetime_s", [0, -1, 59, 901, 604801])
def test_other_lifetimes_are_never_issued(urls: ObjectUrls, lifetime_s: int) -> None:
    """G5"""
    with pytest.raises(RuntimeError):
        urls.make(OBJECT, lifetime_s=lifetime_s, now=NOW)


CHANGES = {
    "object": lambda url: url.replace(OBJECT, OBJECT[::-1]),
    "key id": lambda url: url.replace("key=d2", "key=d1"),
    "unknown key id": lambda url: url.replace("key=d2", "key=d3"),
    "issued": lambda url: url.replace(f"issued={int(NOW.timestamp())}", f"issued={int(NOW.timestamp()) + 1}"),
    "lifetime": lambda url: url.replace("lifetime=600", "lifetime=601"),
    "signature": lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"),
    "signature in capitals": lambda url: url[:-64] + url[-64:].upper(),
    "signature dropped": lambda url: url.rpartition("&")[0],
    "key dropped": lambda url: url.replace("key=d2&", ""),
    "issued dropped": lambda url: url.replace(f"&issued={int(NOW.timestamp())}", ""),
    "lifetime dropped": lambda url: url.replace("&lifetime=600", ""),
    "added at the end": lambda url: url + "&response-content-type=text/html",
    "added in front": lambda url: url.replace("?", "?a=b&"),
    "doubled": lambda url: url + "&lifetime=600",
    "reordered": lambda url: url.replace("key=d2&", "").replace("&signature", "&key=d2&signature"),
    "encoded": lambda url: url.replace("key=d2", "key=%642"),
    "zero in front": lambda url: url.replace("lifetime=600", "lifetime=0600"),
    "semicolon": lambda url: url.replace("&lifetime", ";lifetime"),
    "newline": lambda url: url + "%0a",
    "path prefix": lambda url: url.replace("/delivery/", "/other/"),
    "path doubled slash": lambda url: url.replace("/delivery/", "/delivery//"),
    "no query": lambda url: url.partition("?")[0],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_changed_url_is_refused(urls: ObjectUrls, change: str) -> None:
    """G4"""
    url = urls.make(OBJECT, lifetime_s=600, now=NOW)
    changed = CHANGES[change](url)
    assert changed != url
    with pytest.raises(UrlRefused) as caught:
        check(urls, changed)
    assert caught.value.code == "url_invalid"


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST", "DELETE", "OPTIONS", "get", ""])
def test_other_method_is_refused(urls: ObjectUrls, method: str) -> None:
    """G4"""
    with pytest.raises(UrlRefused):
        check(urls, urls.make(OBJECT, lifetime_s=600, now=NOW), method=method)


@pytest.mark.parametrize(
    "host", ["evil.example.org", "weights.example.org:8443", "weights.example.org.evil", ""]
)
def test_other_host_is_refused(urls: ObjectUrls, host: str) -> None:
    """G4"""
    parts = urlsplit(urls.make(OBJECT, lifetime_s=600, now=NOW))
    with pytest.raises(UrlRefused):
        urls.check(method="GET", host=host, path=parts.path, query=parts.query, now=NOW)


@pytest.mark.parametrize("host", ["weights.example.org:443", "Weights.Example.ORG"])
def test_same_host_in_other_words_is_the_same(urls: ObjectUrls, host: str) -> None:
    check(urls, urls.make(OBJECT, lifetime_s=600, now=NOW), host=host)


def test_url_of_the_future_is_refused(urls: ObjectUrls) -> None:
    with pytest.raises(UrlRefused):
        check(urls, urls.make(OBJECT, lifetime_s=600, now=NOW + timedelta(minutes=5)))


def test_url_signed_by_the_older_key_still_holds_while_keys_rotate(urls: ObjectUrls) -> None:
    older = ObjectUrls("https://weights.example.org", {"d1": KEYS["d1"]})
    check(urls, older.make(OBJECT, lifetime_s=600, now=NOW))


def test_url_of_a_removed_key_is_refused(urls: ObjectUrls) -> None:
    rotated = ObjectUrls("https://weights.example.org", {"d3": b"3" * 32})
    with pytest.raises(UrlRefused):
        check(rotated, urls.make(OBJECT, lifetime_s=600, now=NOW))


def test_signed_lifetime_outside_the_bounds_is_refused_all_the_same(urls: ObjectUrls) -> None:
    """G5: also if something else ever signs one."""
    path = f"/delivery/{OBJECT}"
    fields = f"key=d2&issued={int(NOW.timestamp())}&lifetime=999"
    signature = urls._sign("d2", "GET", "weights.example.org", path, fields)
    with pytest.raises(UrlRefused):
        urls.check(
            method="GET",
            host="weights.example.org",
            path=path,
            query=f"{fields}&signature={signature}",
            now=NOW,
        )
