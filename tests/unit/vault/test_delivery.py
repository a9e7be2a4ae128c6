"""Manifests, URLs, heads and the trust document."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection

from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.audit import trail
from portal.core.keys import root_fingerprint
from portal.core.models import AuditEvent
from portal.core.problems import Invalid, NotFound, NotPermitted
from portal.core.verdicts import Denied
from tests.unit.vault.fakes import GRANT, FakePolicy
from tests.unit.vault.scrubbing import store_that
from weights_vault import delivery
from weights_vault.heads import sign_all
from weights_vault.models import HeadRecord, Release, Revision, TrustRecord
from weights_vault.queries import files_of
from weights_vault.sealed.manifest import envelope_digest, open_manifest
from weights_vault.sealed.trust import Head, TrustDocument, open_head, open_trust
from weights_vault.storage import SignedUrls, storage

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def trust(now: datetime, settings: Any) -> TrustDocument:
    return open_trust(
        delivery.trust_document(now),
        pinned=root_fingerprint(),
        minimum_sequence=0,
        portal=settings.PORTAL_URL,
        now=now,
    )


def head(release: Release, trust: TrustDocument, now: datetime, minimum: int = 0) -> Head:
    return open_head(
        delivery.current_head(release, now), trust, release=release.slug, minimum_sequence=minimum, now=now
    )


def test_manifest_is_handed_out_byte_for_byte(
    session: Principal, revision: Revision, trust: TrustDocument, now: datetime
) -> None:
    envelope = delivery.issue_manifest(by=session, grant=GRANT, revision=revision, now=now)
    assert envelope_digest(envelope) == revision.manifest_sha256
    assert open_manifest(envelope, trust.keys["manifest"]).revision_id == revision.id


def test_refused_manifest_leaves_no_trace(session: Principal, revision: Revision, now: datetime) -> None:
    FakePolicy.refusal = Denied("grant_expired", "Your grant ended.", "Renew it.")
    with pytest.raises(NotPermitted) as caught:
        delivery.issue_manifest(by=session, grant=GRANT, revision=revision, now=now)
    assert caught.value.code == "grant_expired"
    assert not trail(f"grant:{GRANT}").exists()


def test_refused_urls_leave_no_trace(session: Principal, revision: Revision, now: datetime) -> None:
    FakePolicy.refusal = Denied("grant_expired", "Your grant ended.", "Renew it.")
    with pytest.raises(NotPermitted) as caught:
        delivery.issue_urls(by=session, grant=GRANT, revision=revision, files=files_of(revision), now=now)
    assert caught.value.code == "grant_expired"
    assert not trail(f"grant:{GRANT}").exists()


def test_rule_is_asked_with_the_grant_locked(session: Principal, revision: Revision, now: datetime) -> None:
    """G2"""
    FakePolicy.asked.clear()
    delivery.issue_manifest(by=session, grant=GRANT, revision=revision, now=now)
    delivery.issue_urls(by=session, grant=GRANT, revision=revision, files=files_of(revision), now=now)
    assert FakePolicy.asked == [("manifest", GRANT, True), ("urls", GRANT, True)]


def test_grant_that_the_rule_did_not_name_is_refused(
    session: Principal, revision: Revision, now: datetime
) -> None:
    with pytest.raises(NotPermitted):
        delivery.issue_manifest(by=session, grant="grt_other", revision=revision, now=now)


def test_every_file_gets_a_url_that_lives_as_long_as_the_setting_says(
    session: Principal, revision: Revision, now: datetime, settings: Any
) -> None:
    settings.URL_LIFETIME_S = 120
    issued = delivery.issue_urls(
        by=session, grant=GRANT, revision=revision, files=files_of(revision), now=now
    )
    assert issued.expires == now + timedelta(seconds=120)
    assert {file for file, _ in issued.urls} == {file.id for file in revision.files.all()}
    assert all(parse_qs(urlsplit(url).query)["lifetime"] == ["120"] for _, url in issued.urls)


def test_urls_stand_in_no_log_no_audit_row_and_no_repr(
    session: Principal, revision: Revision, now: datetime, caplog: Any
) -> None:
    """G8"""
    with caplog.at_level(logging.DEBUG):
        issued = delivery.issue_urls(
            by=session, grant=GRANT, revision=revision, files=files_of(revision), now=now
        )
    told = caplog.text + repr(issued) + repr(list(AuditEvent.objects.values_list("data", "subject")))
    for _, url in issued.urls:
        assert parse_qs(urlsplit(url).query)["signature"][0] not in told
        assert urlsplit(url).path.rpartition("/")[2] not in told


def test_no_row_is_locked_while_the_store_signs(
    session: Principal, revision: Revision, now: datetime
) -> None:
    """Renewing credentials may take a store as long as it likes."""
    depth, outside, store = [], len(connection.atomic_blocks), storage()

    def slow(names: Any, **asked: Any) -> SignedUrls:
        depth.append(len(connection.atomic_blocks))
        return type(store).urls(store, names, **asked)

    with store_that(urls=slow):
        delivery.issue_urls(by=session, grant=GRANT, revision=revision, files=files_of(revision), now=now)
    assert depth == [outside]


def test_batch_of_urls_leaves_one_audit_event(session: Principal, revision: Revision, now: datetime) -> None:
    delivery.issue_urls(by=session, grant=GRANT, revision=revision, files=files_of(revision), now=now)
    (event,) = trail(f"grant:{GRANT}")
    assert (event.kind, event.data["files"]) == ("urls.issued", revision.files.count())


def test_files_of_another_revision_get_no_url(
    session: Principal, revision: Revision, publish: Callable[..., Revision], now: datetime
) -> None:
    other = publish("v2")
    with pytest.raises(Invalid):
        delivery.issue_urls(by=session, grant=GRANT, revision=revision, files=files_of(other), now=now)


def test_manifest_leaves_only_with_its_audit_event(
    session: Principal, revision: Revision, now: datetime, monkeypatch: Any
) -> None:
    """R10"""

    def broken(*arguments: Any, **data: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(OSError, match="disk full"):
        delivery.issue_manifest(by=session, grant=GRANT, revision=revision, now=now)


def test_head_names_the_current_revision(
    release: Release, revision: Revision, trust: TrustDocument, now: datetime
) -> None:
    found = head(release, trust, now)
    assert (found.revision, found.sequence) == ("v1", 1)
    assert dict(found.revisions) == {"v1": revision.manifest_sha256}
    assert found.expires == now + timedelta(hours=24)


def test_head_follows_a_new_revision_at_once(
    release: Release,
    revision: Revision,
    publish: Callable[..., Revision],
    trust: TrustDocument,
    now: datetime,
) -> None:
    publish("v2")
    found = head(release, trust, now, minimum=2)
    assert found.revision == "v2"
    assert set(found.revisions) == {"v1", "v2"}


def test_release_without_a_revision_has_no_head(release: Release, now: datetime) -> None:
    with pytest.raises(NotFound):
        delivery.current_head(release, now)


def test_hourly_job_renews_every_head(release: Release, revision: Revision, now: datetime) -> None:
    before = HeadRecord.objects.get()
    sign_all({}, now=now + timedelta(hours=1))
    after = HeadRecord.objects.get()
    assert after.issued - before.issued == timedelta(hours=1)


def test_fresh_head_is_handed_out_again_without_signing(
    release: Release, revision: Revision, now: datetime
) -> None:
    first = delivery.current_head(release, now)
    assert delivery.current_head(release, now + timedelta(minutes=30)) == first


def test_head_is_fresh_even_when_the_job_does_not_run(
    release: Release, revision: Revision, trust: TrustDocument, now: datetime
) -> None:
    later = now + timedelta(days=3)
    found = head(release, trust, later)
    assert found.issued == later


def test_trust_document_names_the_keys_of_every_role(trust: TrustDocument) -> None:
    assert {role: len(keys) for role, keys in trust.keys.items()} == {
        "root": 1,
        "manifest": 1,
        "head": 1,
        "countersign": 1,
    }


def test_trust_document_is_kept_until_half_of_its_life_is_over(now: datetime) -> None:
    first = delivery.trust_document(now)
    assert delivery.trust_document(now + timedelta(days=14)) == first
    assert delivery.trust_document(now + timedelta(days=16)) != first
    assert TrustRecord.objects.get().sequence == 1


def test_changed_key_makes_the_next_trust_document(now: datetime, settings: Any, tmp_path: Any) -> None:
    import shutil

    from weights_vault.sealed.signing import SigningKey

    delivery.trust_document(now)
    shutil.copytree(settings.SIGNING_KEYS, tmp_path / "signing")
    (tmp_path / "signing" / "head.pem").write_bytes(SigningKey.generate().to_pem())
    settings.SIGNING_KEYS = str(tmp_path / "signing")
    envelope = delivery.trust_document(now)
    document = open_trust(
        envelope, pinned=root_fingerprint(), minimum_sequence=2, portal=settings.PORTAL_URL, now=now
    )
    assert document.sequence == 2
