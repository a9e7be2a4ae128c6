"""kill -9 at each step of publishing: run again, it goes on; nothing half-done stays behind (I1)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from portal.core.keys import public_keys
from tests.integration.vault.conftest import SteppedPublish
from tests.unit.vault.folders import safetensors
from weights_vault.models import File, HeadRecord, Release, Revision, SealedBody
from weights_vault.queries import orphans, revision_for
from weights_vault.sealed.body import part_digest, part_range
from weights_vault.sealed.manifest import Manifest, open_manifest
from weights_vault.storage import storage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SHARD = "model-00001-of-00002.safetensors"


@pytest.fixture(autouse=True)
def several_parts(folder: Path) -> None:
    """One shard of two parts, so that a kill can fall between them."""
    values = np.random.default_rng(2).random(4_300_000, np.float32)
    (folder / SHARD).write_bytes(safetensors({"w": values}))


# On both databases where what was committed matters, on one where only the store does.
DATABASE_MOMENTS = ["object committed", "gated", "inside the publishing transaction"]
MOMENTS = [
    ("begin config.json", 1),
    (f"begin {SHARD}", 1),
    (f"part {SHARD}", 1),
    (f"part {SHARD}", 2),
    ("object written", 4),
    ("row stored", 4),
    ("gate", 1),
    *(pytest.param(moment, 1, marks=pytest.mark.database) for moment in DATABASE_MOMENTS),
]


@pytest.mark.parametrize(("moment", "occurrence"), MOMENTS)
def test_killed_publish_goes_on_when_it_is_run_again(
    moment: str,
    occurrence: int,
    stepped: Callable[..., SteppedPublish],
    publish: Callable[..., Revision],
    release: Release,
    folder: Path,
) -> None:
    """I1"""
    process = stepped()
    process.run_to(moment, occurrence)
    process.kill()

    assert revision_for(release) is None
    assert not HeadRecord.objects.exists()
    assert orphans() == []
    finished = dict(File.objects.exclude(sha256="").values_list("path", "body_id"))
    unfinished = set(SealedBody.objects.filter(state="writing").values_list("nonce", flat=True))

    revision = publish("v1")
    manifest = open_manifest(bytes(revision.manifest or b""), public_keys("manifest"))
    assert revision.state == "published"
    assert finished.items() <= dict(revision.files.values_list("path", "body_id")).items()
    assert not unfinished & {file.nonce for file in manifest.files}
    assert_store_holds_exactly(manifest, revision)


def test_kill_after_the_last_step_leaves_a_published_revision(
    stepped: Callable[..., SteppedPublish], publish: Callable[..., Revision]
) -> None:
    """I1"""
    process = stepped()
    process.run_to("published")
    process.kill()
    before = Revision.objects.get()
    assert before.state == "published"
    assert publish("v1") == before


def assert_store_holds_exactly(manifest: Manifest, revision: Revision) -> None:
    """Every object whole and as signed, none besides."""
    bodies = {file.id: file.body for file in revision.files.select_related("body")}
    names = {body.object_name for body in bodies.values()}
    assert {(found.name, found.partial) for found in storage().objects()} == {(name, False) for name in names}
    for file in manifest.files:
        with storage().open(bodies[file.id].object_name) as source:
            body = source.read()
        for index, digests in enumerate(file.parts):
            part = part_range(index, file.size)
            assert part_digest(body[part.body_start : part.body_end]) == digests.sealed
