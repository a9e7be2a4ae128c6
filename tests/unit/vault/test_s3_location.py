"""STORAGE_URL of an S3 store: what it may say, and that what is wrong is told without repeating a secret."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from weights_vault.storage import _open
from weights_vault.storage.filesystem import FilesystemStorage
from weights_vault.storage.s3 import S3Storage
from weights_vault.storage.s3_location import S3Location, parse_location

ALNUM = "abcdefghijklmnopqrstuvwxyz0123456789"
BUCKETS = st.from_regex(r"\A[a-z0-9][a-z0-9-]{1,30}[a-z0-9]\Z")
HOSTS = st.from_regex(r"\A[a-z0-9]{1,20}(\.[a-z0-9]{1,10}){0,2}\Z")
ENDPOINTS = st.builds(
    lambda scheme, host, port: f"{scheme}://{host}{port}",
    st.sampled_from(["http", "https"]),
    HOSTS,
    st.just("") | st.integers(1, 65_535).map(lambda port: f":{port}"),
)
REGIONS = st.text(ALNUM + "-", min_size=1, max_size=20)
PREFIXES = st.lists(st.text(ALNUM + "_-", min_size=1, max_size=8), max_size=4).map(
    lambda folders: "".join(f"{folder}/" for folder in folders)
)


@given(BUCKETS, st.none() | ENDPOINTS, REGIONS, PREFIXES, st.booleans())
def test_what_is_written_is_read(
    bucket: str, endpoint: str | None, region: str, prefix: str, path_style: bool
) -> None:
    given_ = {"region": region, "prefix": prefix, "path_style": str(int(path_style))}
    if endpoint:
        given_["endpoint"] = endpoint
    found = parse_location(f"s3://{bucket}?{urlencode(given_)}")
    checksums = "when_required" if endpoint else "when_supported"
    assert found == S3Location(bucket, endpoint, region, prefix, path_style, checksums)


@given(
    st.text(max_size=200) | st.text("s3:/?&=@#%.-abc019[]\n ", max_size=80).map(lambda text: "s3://" + text)
)
def test_anything_else_is_refused_and_never_crashes(text: str) -> None:
    try:
        found = parse_location(text)
    except ImproperlyConfigured:
        return
    assert text.lower().startswith("s3://")
    assert found.bucket in text
    assert found.prefix == "" or found.prefix.endswith("/")


WRONG = {
    "another scheme": "s4://bucket",
    "no bucket": "s3://?region=eu-1",
    "short bucket": "s3://ab",
    "bucket with a port": "s3://bucket:80",
    "bucket in capitals": "s3://Bucket",
    "bucket with two dots": "s3://bu..cket",
    "bucket with a line break": "s3://00\n0",
    "blank before": " s3://bucket",
    "path": "s3://bucket/folder",
    "fragment": "s3://bucket#folder",
    "unknown parameter": "s3://bucket?regoin=eu-1",
    "doubled parameter": "s3://bucket?region=eu-1&region=eu-2",
    "endpoint without region": "s3://bucket?endpoint=https://store.example.org",
    "endpoint without scheme": "s3://bucket?endpoint=store.example.org&region=eu-1",
    "endpoint of files": "s3://bucket?endpoint=file:///etc&region=eu-1",
    "endpoint with a path": "s3://bucket?endpoint=https://store.example.org/s3&region=eu-1",
    "endpoint with a query": f"s3://bucket?endpoint={quote('https://store.example.org?a=b')}&region=eu-1",
    "endpoint with port 0": "s3://bucket?endpoint=https://store.example.org:0&region=eu-1",
    "endpoint with an odd port": "s3://bucket?endpoint=https://store.example.org:x&region=eu-1",
    "endpoint with an open bracket": "s3://bucket?endpoint=https://[::1&region=eu-1",
    "region with a slash": "s3://bucket?region=eu/1",
    "empty region": "s3://bucket?region=",
    "prefix without slash": "s3://bucket?prefix=folder",
    "prefix upwards": "s3://bucket?prefix=../",
    "prefix from the root": "s3://bucket?prefix=/folder/",
    "prefix with an empty folder": "s3://bucket?prefix=a//b/",
    "path_style": "s3://bucket?path_style=yes",
    "checksums": "s3://bucket?checksums=never",
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_url_is_refused(case: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="STORAGE_URL"):
        parse_location(WRONG[case])


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIAEXAMPLE:thesecret@bucket?region=eu-1",
        "s3://bucket?region=eu-1&secret=thesecret",
        "s3://bucket?endpoint=https://AKIAEXAMPLE:thesecret@store.example.org&region=eu-1",
        "s3://bucket?region=the/secret",
        "s3://bucket#thesecret",
    ],
)
def test_secret_put_there_by_mistake_is_not_repeated(url: str) -> None:
    """G8"""
    with pytest.raises(ImproperlyConfigured) as caught:
        parse_location(url)
    assert "thesecret" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert "the/secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "virtual"),
    [("s3://bucket?region=eu-1", True), ("s3://a.bucket?region=eu-1", False)],
)
def test_bucket_with_a_dot_is_named_by_the_path(url: str, virtual: bool) -> None:
    assert parse_location(url).path_style is not virtual


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://bucket?checksums=when_required", "when_required"),
        ("s3://bucket?endpoint=https://s.example.org&region=eu-1&checksums=when_supported", "when_supported"),
    ],
)
def test_checksums_of_boto3_can_be_set(url: str, expected: str) -> None:
    assert parse_location(url).checksums == expected


def test_wrong_url_stops_the_start(settings: Any) -> None:
    settings.STORAGE_URL = "s3://bucket?endpoint=https://store.example.org"
    found = [fault for fault in run_checks(tags=[Tags.security]) if fault.id == "storage.E001"]
    assert "an endpoint needs its region" in found[0].msg


def test_profile_that_boto3_does_not_know_stops_the_start(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    settings.STORAGE_URL = "s3://bucket-of-nobody?region=eu-1"
    found = [fault for fault in run_checks(tags=[Tags.security]) if fault.id == "storage.E001"]
    assert "ProfileNotFound" in found[0].msg


def test_scheme_chooses_the_adapter() -> None:
    assert isinstance(_open("file:///srv/weights"), FilesystemStorage)
    assert isinstance(_open("s3://bucket?region=eu-1"), S3Storage)
    with pytest.raises(ImproperlyConfigured, match="s3://BUCKET"):
        _open("ftp://bucket")


@pytest.mark.parametrize(
    ("endpoint", "confidential"),
    [
        ("", True),
        ("&endpoint=https://store.example.org", True),
        ("&endpoint=http://127.0.0.1:9000", True),
        ("&endpoint=http://store.example.org", False),
    ],
)
def test_store_across_a_network_without_tls_is_known_as_such(endpoint: str, confidential: bool) -> None:
    assert parse_location(f"s3://bucket?region=eu-1{endpoint}").is_confidential is confidential
