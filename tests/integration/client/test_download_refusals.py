"""D10, D12: what is not the publisher's newest, signed, bounded word is refused, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client.recipient import Recipient
from tests.simulators.portal import Answer, SimulatedPortal
from tests.simulators.sealed_release import make_release, seal_files, small_files, with_files
from weights_vault.client.errors import IntegrityFailure, NotAllowed, Unreachable, WrongUsage
from weights_vault.sealed.manifest import (
    MANIFEST_TYPE,
    Manifest,
    encode_manifest,
    envelope_digest,
    sign_manifest,
)
from weights_vault.sealed.signing import SigningKey, seal_envelope


@pytest.fixture
def recipient(portal: SimulatedPortal, tmp_path: Path) -> Recipient:
    return Recipient(portal, tmp_path)


def publish_payload(portal: SimulatedPortal, payload: bytes) -> None:
    """Publish bytes as the manifest, rightly signed, so that only what is inside can be wrong."""
    portal.publish(portal.release, seal_envelope(MANIFEST_TYPE, payload, [portal.signing["manifest"]]))


def bend(portal: SimulatedPortal, change: Callable[[dict[str, Any]], None]) -> None:
    """Publish the manifest with its JSON changed."""
    statement = json.loads(encode_manifest(portal.release.manifest))
    change(statement)
    publish_payload(portal, json.dumps(statement, sort_keys=True, separators=(",", ":")).encode())


def put_path(path: str) -> Callable[[dict[str, Any]], None]:
    def change(statement: dict[str, Any]) -> None:
        statement["predicate"]["files"][0]["path"] = path
        statement["subject"][0]["name"] = path

    return change


def other_algorithm(statement: dict[str, Any]) -> None:
    statement["predicate"]["files"][0]["body_format"] = "rot13"


def no_digest(statement: dict[str, Any]) -> None:
    statement["predicate"]["files"][0]["parts"][0][1] = ""


def same_path_twice(statement: dict[str, Any]) -> None:
    put_path(statement["predicate"]["files"][1]["path"])(statement)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(other_algorithm, id="unknown-algorithm"),
        pytest.param(no_digest, id="missing-digest"),
        pytest.param(same_path_twice, id="two-files-of-one-path"),
        pytest.param(put_path("../outside"), id="path-outside"),
        pytest.param(put_path("/etc/passwd"), id="absolute-path"),
        pytest.param(put_path(".weights/state.json"), id="our-own-corner"),
        pytest.param(put_path(".sealed/config.json"), id="corner-of-sealed-files"),
        pytest.param(put_path("tokenizer"), id="file-where-a-folder-is-needed"),
    ],
)
def test_d12_a_manifest_that_breaks_the_rules_is_refused(
    recipient: Recipient, change: Callable[[dict[str, Any]], None]
) -> None:
    bend(recipient.portal, change)
    with pytest.raises(IntegrityFailure):
        recipient.download()
    assert not recipient.folder.exists()


def test_d12_a_duplicate_key_in_json_is_refused(recipient: Recipient) -> None:
    payload = encode_manifest(recipient.portal.release.manifest)
    publish_payload(recipient.portal, payload.replace(b'"sequence":1', b'"sequence":1,"sequence":2', 1))
    with pytest.raises(IntegrityFailure):
        recipient.download()
    assert not recipient.folder.exists()


def test_d12_a_manifest_without_end_is_read_only_up_to_the_limit(recipient: Recipient) -> None:
    counted = 0

    def endless(handler: Any) -> None:
        nonlocal counted
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 30))
        handler.end_headers()
        for _ in range(1 << 10):
            handler.wfile.write(bytes(1 << 20))
            counted += 1

    recipient.portal.always("/grants/grt_simulated/manifest", Answer(write=endless))
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download()
    assert caught.value.reference == "document-too-long"
    assert counted < 100  # MiB, with what the kernel buffers
    assert not recipient.folder.exists()


def test_d12_an_older_revision_than_was_seen_is_refused(recipient: Recipient) -> None:
    portal = recipient.portal
    second = make_release(seal_files(small_files(), "v2"), portal=portal.url, revision="v2", sequence=2)
    portal.publish(second)
    recipient.download()
    recipient.folder = recipient.folder.with_name("another")
    portal.current = "v1"
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download()
    assert caught.value.reference == "rolled-back"
    assert not recipient.folder.exists()


def test_d12_an_older_head_of_the_same_revision_is_refused(recipient: Recipient) -> None:
    recipient.download()
    recipient.portal.head_changes["issued"] = recipient.portal.now - timedelta(hours=2)
    recipient.folder = recipient.folder.with_name("another")
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download()
    assert caught.value.reference == "head-rolled-back"
    assert not recipient.folder.exists()


def test_d12_an_expired_head_is_refused(recipient: Recipient) -> None:
    portal = recipient.portal
    portal.head_changes |= {
        "issued": portal.now - timedelta(days=2),
        "expires": portal.now - timedelta(days=1),
    }
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download()
    assert caught.value.reference == "expired"
    assert not recipient.folder.exists()


def test_d12_a_head_of_another_key_is_refused(recipient: Recipient) -> None:
    trust = recipient.portal.trust()
    recipient.portal.always("/trust", Answer(body=trust))
    recipient.portal.signing["head"] = SigningKey.generate()
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download()
    assert caught.value.reference == "signature-not-trusted"
    assert not recipient.folder.exists()


def test_d12_a_manifest_that_the_head_does_not_name_is_refused(recipient: Recipient) -> None:
    portal = recipient.portal
    other = replace(portal.release.manifest, created=portal.now)
    portal.always(
        "/grants/grt_simulated/manifest", Answer(body=sign_manifest(other, portal.signing["manifest"]))
    )
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download()
    assert caught.value.reference == "manifest-not-in-head"
    assert not recipient.folder.exists()


@pytest.mark.parametrize(
    "change",
    [{"release": "other"}, {"revision": "v9"}, {"portal": "https://elsewhere.example"}],
    ids=["release", "revision", "portal"],
)
def test_s3_a_signed_manifest_of_another_place_is_refused(
    recipient: Recipient, change: dict[str, str]
) -> None:
    portal = recipient.portal
    other: Manifest = replace(portal.release.manifest, **change)
    portal.manifests["v1"] = sign_manifest(other, portal.signing["manifest"])
    portal.head_changes["manifest_sha256"] = envelope_digest(portal.manifests["v1"])
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download()
    assert caught.value.reference == "manifest-of-another"
    assert not recipient.folder.exists()


def test_trust_of_another_root_than_pinned_is_refused(recipient: Recipient) -> None:
    recipient.download()
    recipient.portal.signing["root"] = SigningKey.generate()
    recipient.folder = recipient.folder.with_name("another")
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download()
    assert caught.value.reference == "root-not-pinned"
    assert not recipient.folder.exists()


def test_trust_document_older_than_seen_is_refused(recipient: Recipient) -> None:
    portal = recipient.portal
    portal.always("/trust", Answer(body=portal.trust(sequence=3)))
    recipient.download()
    portal.always("/trust", Answer(body=portal.trust(sequence=2)))
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download()
    assert caught.value.reference == "rolled-back"


@pytest.mark.parametrize("days", [1, -1])
def test_d10_a_clock_a_day_off_is_said_in_plain_words(recipient: Recipient, days: int) -> None:
    recipient.portal.clock_offset = timedelta(days=days)
    with pytest.raises(Unreachable) as caught:
        recipient.download()
    assert caught.value.reference == "clock-wrong"
    assert caught.value.exit_code == 10
    assert "24 hours " + ("behind" if days > 0 else "ahead of") in caught.value.why
    assert not recipient.folder.exists()


def test_a_withdrawn_revision_is_refused_with_the_current_one_named(recipient: Recipient) -> None:
    portal = recipient.portal
    portal.publish(
        make_release(seal_files(small_files(), "v2"), portal=portal.url, revision="v2", sequence=2)
    )
    portal.withdrawn = ("v1",)
    with pytest.raises(NotAllowed) as caught:
        recipient.download("v1")
    assert caught.value.code == "revision_unavailable"
    assert "v2" in caught.value.next_step


def test_an_older_revision_that_still_stands_is_given_by_name(recipient: Recipient) -> None:
    portal = recipient.portal
    first = portal.release
    portal.publish(
        make_release(seal_files(small_files(), "v2"), portal=portal.url, revision="v2", sequence=2)
    )
    recipient.download("v1")
    recipient.assert_complete(first)


def test_a_revision_that_never_was_is_refused(recipient: Recipient) -> None:
    with pytest.raises(WrongUsage) as caught:
        recipient.download("v7")
    assert caught.value.reference == "unknown-revision"


def test_ids_that_are_no_file_names_are_refused(recipient: Recipient) -> None:
    portal = recipient.portal
    entries = portal.release.manifest.files
    bent = with_files(portal.release.manifest, replace(entries[0], id=".."), *entries[1:])
    portal.publish(replace(portal.release, manifest=bent))
    with pytest.raises(IntegrityFailure):
        recipient.download()
    assert not recipient.folder.exists()
