"""Publishing a folder, step by step, with everything real but the smoke worker."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portal.core.audit import trail
from portal.core.keys import public_keys
from portal.core.problems import Conflict, Invalid, NotPermitted
from portal.core.verdicts import Denied
from tests.unit.vault.fakes import FakePolicy, fails, passes
from tests.unit.vault.folders import safetensors
from weights_vault.actions.publish import GateFailed
from weights_vault.ingest.progress import SilentProgress
from weights_vault.ingest.source import SourceChanged
from weights_vault.models import File, Release, Revision, SealedBody
from weights_vault.queries import orphans
from weights_vault.sealed.errors import ManifestMalformed
from weights_vault.sealed.manifest import open_manifest
from weights_vault.storage import storage

pytestmark = [pytest.mark.django_db, pytest.mark.database]

Publish = Callable[..., Revision]


def opened(revision: Revision) -> Any:
    return open_manifest(bytes(revision.manifest or b""), public_keys("manifest"))


def test_published_revision_has_a_signed_manifest_of_every_file(publish: Publish, folder: Path) -> None:
    revision = publish("v1")
    manifest = opened(revision)
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {file.path for file in manifest.files} == on_disk
    assert (manifest.revision, manifest.revision_id, manifest.sequence) == ("v1", revision.id, 1)
    assert revision.state == "published"


def test_body_in_the_store_is_the_one_the_manifest_describes(publish: Publish) -> None:
    revision = publish("v1")
    for described in opened(revision).files:
        body = SealedBody.objects.get(files__id=described.id)
        with storage().open(body.object_name) as source:
            data = source.read()
        assert len(data) == described.body_size
        assert data[:16].hex() == described.nonce


def test_each_step_leaves_its_audit_event(publish: Publish) -> None:
    revision = publish("v1")
    kinds = [event.kind for event in trail(f"revision:{revision.id}")]
    assert kinds == [
        "revision.created",
        "headers.issued_for_gate",
        "revision.gated",
        "revision.published",
    ]


def test_second_revision_follows_the_first(publish: Publish, folder: Path) -> None:
    first = publish("v1")
    (folder / "MODEL_CARD.md").write_text("# Better\n")
    second = publish("v2")
    assert second.sequence == 2
    assert second.previous == first
    assert opened(second).previous == first.manifest_sha256


def test_unchanged_files_keep_their_bodies_and_changed_ones_get_new_keys(
    publish: Publish, folder: Path
) -> None:
    first = publish("v1")
    (folder / "config.json").write_text('{"architectures": ["OPTForCausalLM"], "hidden_size": 12}')
    second = publish("v2")
    before = dict(first.files.values_list("path", "body_id"))
    after = dict(second.files.values_list("path", "body_id"))
    assert {path for path in after if after[path] != before[path]} == {"config.json"}


def test_renamed_file_keeps_its_body(publish: Publish, folder: Path) -> None:
    first = publish("v1")
    (folder / "MODEL_CARD.md").rename(folder / "README.md")
    second = publish("v2")
    card = File.objects.get(revision=first, path="MODEL_CARD.md")
    assert File.objects.get(revision=second, path="README.md").body_id == card.body_id


def test_same_revision_again_from_the_same_files_changes_nothing(publish: Publish) -> None:
    """I4"""
    first = publish("v1")
    objects = {found.name for found in storage().objects()}
    again = publish("v1")
    assert again == first
    assert bytes(again.manifest or b"") == bytes(first.manifest or b"")
    assert {found.name for found in storage().objects()} == objects


def test_same_revision_again_from_other_files_is_refused(publish: Publish, folder: Path) -> None:
    """I4"""
    publish("v1")
    (folder / "LICENSE.md").write_text("Be bad.!\n")
    with pytest.raises(Conflict) as caught:
        publish("v1")
    assert caught.value.code == "revision_exists"


def test_revision_of_the_same_sizes_but_other_bytes_is_refused(publish: Publish, folder: Path) -> None:
    """I4"""
    publish("v1")
    text = (folder / "LICENSE.md").read_text()
    (folder / "LICENSE.md").write_text(text.swapcase())
    with pytest.raises(Conflict, match="never changes"):
        publish("v1")


def test_failed_gate_keeps_the_report_and_publishes_nothing(publish: Publish, release: Release) -> None:
    with pytest.raises(GateFailed) as caught:
        publish("v1", run=fails)
    revision = Revision.objects.get(release=release)
    assert "layer 3: the logits are far off" in caught.value.detail
    assert revision.state == "sealing"
    assert revision.gate_report is not None
    assert revision.gate_report["verdict"] == "failed"
    assert not hasattr(release, "head")


def test_publishing_again_after_a_failed_gate_keeps_what_is_sealed(
    publish: Publish, release: Release
) -> None:
    """I1"""
    with pytest.raises(GateFailed):
        publish("v1", run=fails)
    before = dict(File.objects.values_list("path", "body_id"))
    revision = publish("v1", run=passes)
    assert dict(revision.files.values_list("path", "body_id")) == before


def test_file_corrected_after_a_failed_gate_is_sealed_under_a_new_key(publish: Publish, folder: Path) -> None:
    """I1"""
    with pytest.raises(GateFailed):
        publish("v1", run=fails)
    old = File.objects.get(path="config.json").body
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace("10", "20"))
    revision = publish("v1")
    new = revision.files.get(path="config.json").body
    assert new.nonce != old.nonce
    assert bytes(new.wrapped_key) != bytes(old.wrapped_key)
    assert not SealedBody.objects.filter(pk=old.pk).exists()
    assert orphans() == []


def test_file_removed_after_a_failed_gate_leaves_no_object(publish: Publish, folder: Path) -> None:
    """I1"""
    with pytest.raises(GateFailed):
        publish("v1", run=fails)
    (folder / "MODEL_CARD.md").unlink()
    revision = publish("v1")
    assert {found.name for found in storage().objects()} == {
        file.body.object_name for file in revision.files.all()
    }


def test_unpublished_revision_never_takes_a_shared_body_with_it(publish: Publish, folder: Path) -> None:
    first = publish("v1")
    with pytest.raises(GateFailed):
        publish("v2", run=fails)
    (folder / "config.json").write_text('{"changed": true}')
    publish("v2")
    for file in first.files.all():
        assert storage().size(file.body.object_name) == file.body.body_size


def test_object_lost_from_the_store_is_sealed_again(publish: Publish) -> None:
    """I1"""
    with pytest.raises(GateFailed):
        publish("v1", run=fails)
    lost = File.objects.get(path="config.json").body
    storage().delete(lost.object_name)
    revision = publish("v1")
    assert revision.files.get(path="config.json").body_id != lost.pk


class Meddler(SilentProgress):
    """Does something to the folder at a chosen moment of the sealing."""

    def __init__(self, path: str, act: Callable[[], object]) -> None:
        self._path, self._act, self._at_hand = path, act, ""

    def begin(self, path: str, size: int, verb: str) -> None:
        self._at_hand = path

    def advance(self, size: int) -> None:
        if self._at_hand == self._path:
            self._path = ""
            self._act()


SHARD = "model-00001-of-00002.safetensors"


def _overwrite_in_place(shard: Path) -> None:
    """Keeps inode, size and modification time, as somebody who wants to hide it would."""
    status = shard.stat()
    with shard.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")
    os.utime(shard, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace(shard: Path) -> None:
    shard.unlink()
    shard.write_bytes(safetensors({"a": np.zeros(3, np.float32)}))


MEDDLING: dict[str, Callable[[Path], object]] = {
    "appended": lambda shard: shard.write_bytes(shard.read_bytes() + b"x"),
    "cut": lambda shard: os.truncate(shard, 100),
    "overwritten": _overwrite_in_place,
    "deleted": lambda shard: shard.unlink(),
    "replaced": lambda shard: (
        shard.unlink(),
        shard.write_bytes(safetensors({"a": np.zeros(3, np.float32)})),
    ),
    "linked": lambda shard: (shard.rename(shard.with_name("away")), shard.symlink_to("away")),
}


@pytest.mark.parametrize("how", MEDDLING)
def test_file_changed_while_sealed_stops_it_by_name(how: str, publish: Publish, folder: Path) -> None:
    """I2"""
    with pytest.raises(SourceChanged, match=SHARD):
        publish("v1", progress=Meddler(SHARD, lambda: MEDDLING[how](folder / SHARD)))
    assert Revision.objects.get().state == "sealing"
    assert not SealedBody.objects.filter(state="writing").exists()
    assert orphans() == []


def test_file_changed_after_it_was_sealed_stops_it_too(publish: Publish, folder: Path) -> None:
    """I2"""
    last = "smoke/reference.safetensors"
    with pytest.raises(SourceChanged, match=r"config\.json"):
        publish("v1", progress=Meddler(last, lambda: (folder / "config.json").write_text("{}")))


def test_folder_without_reference_is_refused_before_anything_is_sealed(
    publish: Publish, folder: Path
) -> None:
    (folder / "smoke" / "reference.json").unlink()
    with pytest.raises(Invalid) as caught:
        publish("v1")
    assert caught.value.code == "reference_missing"
    assert f"smoketest {folder} --record" in caught.value.next_step
    assert not Revision.objects.exists()


def test_release_whose_terms_do_not_let_it_is_not_published(publish: Publish) -> None:
    FakePolicy.publishing = Denied("strategy_unsupported", "Only releases on request can be published.")
    with pytest.raises(NotPermitted) as caught:
        publish("v1")
    assert caught.value.code == "strategy_unsupported"
    assert not SealedBody.objects.exists()


def test_withdrawn_release_gets_no_new_revision(publish: Publish, release: Release) -> None:
    release.state = Release.State.WITHDRAWN
    release.save()
    with pytest.raises(NotPermitted) as caught:
        publish("v1")
    assert caught.value.code == "release_withdrawn"


@pytest.mark.parametrize("name", ["", "../v1", "v 1", "-v1", "v1\n", "ü", "v" * 65])
def test_malformed_revision_name_is_refused(name: str, publish: Publish) -> None:
    with pytest.raises(Invalid) as caught:
        publish(name)
    assert "revision" in caught.value.errors


def test_researcher_cannot_publish(publish: Publish, session: Any) -> None:
    with pytest.raises(NotPermitted):
        publish("v1", by=session)


def test_manifest_that_no_recipient_would_accept_is_not_signed(publish: Publish, monkeypatch: Any) -> None:
    """D12"""
    from weights_vault.actions import publish as module

    def refuse(manifest: Any) -> bytes:
        raise ManifestMalformed("a manifest has at most 250,000 tensors")

    monkeypatch.setattr(module, "encode_manifest", refuse)
    with pytest.raises(Invalid) as caught:
        publish("v1")
    assert caught.value.code == "manifest_unfit"
    assert Revision.objects.get().state == "sealing"


def test_manifest_larger_than_recipients_read_is_not_signed(publish: Publish, monkeypatch: Any) -> None:
    """D12"""
    from weights_vault.actions import publish as module

    monkeypatch.setattr(module, "MAX_STATEMENT_SIZE", 1_000)
    with pytest.raises(Invalid, match=r"1,000 are the most"):
        publish("v1")


def test_gated_revision_is_published_without_testing_it_again(publish: Publish, monkeypatch: Any) -> None:
    """I1: killed between the gate and the signature."""
    from weights_vault.actions import publish as module

    with monkeypatch.context() as killed:
        killed.setattr(module, "publish_revision", _killed)
        with pytest.raises(KeyboardInterrupt):
            publish("v1")
    assert Revision.objects.get().state == "gated"
    assert publish("v1", run=_must_not_run).state == "published"


def test_gated_revision_whose_folder_changed_is_tested_again(
    publish: Publish, folder: Path, monkeypatch: Any
) -> None:
    """I1"""
    from weights_vault.actions import publish as module

    with monkeypatch.context() as killed:
        killed.setattr(module, "publish_revision", _killed)
        with pytest.raises(KeyboardInterrupt):
            publish("v1")
    (folder / "MODEL_CARD.md").write_text("# Changed\n")
    runs: list[str] = []
    publish("v1", run=lambda job: (runs.append("again"), passes(job))[1])
    assert runs == ["again"]


def _killed(**arguments: Any) -> Revision:
    raise KeyboardInterrupt


def _must_not_run(job: Any) -> dict[str, Any]:
    raise AssertionError("the gate ran again")
