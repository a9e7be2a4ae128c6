"""Credentials of the store that end: no URL outlives them, and one look at them serves a batch (G7)."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import RefreshableCredentials

from portal.accounts.principals import Principal
from tests.unit.vault.fakes import GRANT
from weights_vault.delivery import issue_urls
from weights_vault.models import LedgerEntry, Revision
from weights_vault.storage import storage
from weights_vault.storage.port import StorageBusy, StorageError, random_name
from weights_vault.storage.s3 import S3Storage
from weights_vault.storage.s3_location import parse_location

SECRET, TOKEN = "the-secret-of-the-role", "the-token-of-the-session"


@pytest.fixture
def store_url() -> str:
    """Signing asks nothing of the network. Fresh: stores are kept by their URL."""
    return f"s3://bucket-{random_name()[:8]}?endpoint=https://store.example.org&region=eu-1&path_style=1"


@pytest.fixture
def ends_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta | None], datetime]:
    """ends_in(time) puts temporary credentials into the environment that end then; returns the end."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def put(left: timedelta | None) -> datetime:
        end = (datetime.now(UTC) + (left or timedelta())).replace(microsecond=0)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
        if left is not None:
            monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end.isoformat())
        return end

    return put


def lifetime_of(url: str) -> int:
    return int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0])


def test_url_lives_no_longer_than_the_credentials_that_signed_it(
    ends_in: Callable[..., datetime], store_url: str
) -> None:
    """G7"""
    end, now = ends_in(timedelta(minutes=3)), datetime.now(UTC)
    store = S3Storage(parse_location(store_url))
    signed = store.urls([random_name()], lifetime_s=600, now=now)
    assert 178 <= lifetime_of(signed.urls[0]) <= 180
    assert now + timedelta(seconds=lifetime_of(signed.urls[0])) == signed.expires <= end
    assert store.urls_until(now) == end
    assert f"X-Amz-Security-Token={TOKEN}" in signed.urls[0]


@pytest.mark.parametrize("left", [timedelta(hours=2), None])
def test_url_lives_as_long_as_asked_for_where_the_credentials_do(
    left: timedelta | None, ends_in: Callable[..., datetime], store_url: str
) -> None:
    end = ends_in(left)
    store, now = S3Storage(parse_location(store_url)), datetime.now(UTC)
    assert lifetime_of(store.url(random_name(), lifetime_s=600, now=now)) == 600
    assert store.urls_until(now) == (end if left else None)


@pytest.mark.parametrize(("left_s", "raised"), [(5, StorageBusy), (-60, StorageError)])
def test_nothing_is_signed_with_credentials_that_end_now(
    left_s: int, raised: type[StorageError], ends_in: Callable[..., datetime], store_url: str
) -> None:
    """G7"""
    ends_in(timedelta(seconds=left_s))
    store = S3Storage(parse_location(store_url))
    with pytest.raises(raised) as caught:
        store.url(random_name(), lifetime_s=600, now=datetime.now(UTC))
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_renewed_credentials_sign_the_next_batch(
    ends_in: Callable[..., datetime], store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_in(timedelta(minutes=3))
    store, now = S3Storage(parse_location(store_url)), datetime.now(UTC)
    assert "ASIAEXAMPLE" in store.url(random_name(), lifetime_s=600, now=now)
    ends_in(timedelta(hours=1))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIARENEWED")
    url = store.url(random_name(), lifetime_s=600, now=now)
    assert "ASIARENEWED" in url
    assert lifetime_of(url) == 600


def test_batch_looks_at_the_credentials_once_not_for_each_url(
    ends_in: Callable[..., datetime], store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice, to be exact: once more to see that they were not renewed in between."""
    ends_in(timedelta(hours=2))
    looks = []
    real = RefreshableCredentials.get_frozen_credentials
    monkeypatch.setattr(
        RefreshableCredentials, "get_frozen_credentials", lambda self: looks.append(1) or real(self)
    )
    store = S3Storage(parse_location(store_url))
    signed = store.urls([random_name() for _ in range(500)], lifetime_s=600, now=datetime.now(UTC))
    assert (len(signed.urls), len(looks)) == (500, 2)


@pytest.mark.django_db
def test_recipient_is_told_when_the_urls_really_end(
    ends_in: Callable[..., datetime],
    store_url: str,
    revision: Revision,
    session: Principal,
    settings: Any,
) -> None:
    """G7: in the answer, in the ledger and in the audit log."""
    end, now = ends_in(timedelta(minutes=3)), datetime.now(UTC)
    settings.STORAGE_URL = store_url
    issued = issue_urls(by=session, grant=GRANT, revision=revision, files=list(revision.files.all()), now=now)
    assert now < issued.expires <= end
    assert {lifetime_of(url) for _, url in issued.urls} == {int((issued.expires - now).total_seconds())}
    entry = LedgerEntry.objects.get(kind=LedgerEntry.Kind.URLS)
    assert entry.lifetime_s == int((issued.expires - now).total_seconds())


def test_nothing_of_the_credentials_is_shown(ends_in: Callable[..., datetime], store_url: str) -> None:
    """G8"""
    ends_in(timedelta(hours=2))
    store = S3Storage(parse_location(store_url))
    signed = store.urls([random_name()], lifetime_s=600, now=datetime.now(UTC))
    shown = f"{store!r} {vars(store)!r} {vars(store._credentials)!r} {signed!r} {storage()!r}"
    assert SECRET not in shown
    assert TOKEN not in shown
