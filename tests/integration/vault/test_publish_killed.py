"""kill -9 at each step of publishing: run again, it goes on; nothing half-done stays behind (I1)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from portal.core.keys import public_keys
from tests.integration.vault.conftest import SteppedPublish
from tests.integration.vault.puts import Puts
from tests.unit.vault.folders import safetensors
from weights_vault.models import File, HeadRecord, Release, Revision, SealedBody
from weights_vault.models.bodies import BodyUnderWay, PartUnderWay
from weights_vault.queries import orphans, revision_for
from weights_vault.sealed.body import part_digest, part_range
from weights_vault.sealed.manifest import Manifest, open_manifest
from weights_vault.storage import storage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SHARD = "model-00001-of-00002.safetensors"


@pytest.fixture(autouse=True)
def several_parts(folder: Path) -> None:
    """One shard of five parts, so that a kill can fall between them."""
    values = np.random.default_rng(2).random(17_000_000, np.float32)
    (folder / SHARD).write_bytes(safetensors({"w": values}))


# On both databases where what was committed matters, on one where only the store does.
DATABASE_MOMENTS = ["object committed", "gated", "inside the publishing transaction"]
MOMENTS = [
    ("begin config.json", 1),
    (f"begin {SHARD}", 1),
    ("pinning", 1),
    ("pinned", 1),
    ("pinning", 2),
    ("put begun", 1),
    ("put begun", 3),
    ("put known", 1),
    ("put known", 4),
    (f"part {SHARD}", 1),
    (f"part {SHARD}", 4),
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
    puts: Puts,
) -> None:
    """I1: and what was recorded as stored is not put again; nothing is sealed twice in two ways."""
    process = stepped()
    process.run_to(moment, occurrence)
    process.kill()

    before = puts.all()
    recorded = stored_parts()
    assert revision_for(release) is None
    assert not HeadRecord.objects.exists()
    assert orphans() == []
    finished = dict(File.objects.exclude(sha256="").values_list("path", "body_id"))

    revision = publish("v1")
    manifest = open_manifest(bytes(revision.manifest or b""), public_keys("manifest"))
    assert revision.state == "published"
    assert finished.items() <= dict(revision.files.values_list("path", "body_id")).items()
    assert not recorded & {(name, number) for name, number, _ in puts.all()[len(before) :]}
    assert not BodyUnderWay.objects.exists()
    assert_store_holds_exactly(manifest, revision)


@pytest.mark.parametrize("moment", ["pinned", "put known", f"part {SHARD}"])
def test_shard_changed_after_a_kill_is_sealed_under_another_key(
    moment: str,
    stepped: Callable[..., SteppedPublish],
    publish: Callable[..., Revision],
    folder: Path,
    puts: Puts,
) -> None:
    """I1, I2"""
    process = stepped()
    process.run_to(moment)
    process.kill()
    begun = SealedBody.objects.get(files__path=SHARD)
    data = bytearray((folder / SHARD).read_bytes())
    data[1_000_000] ^= 1
    (folder / SHARD).write_bytes(data)

    revision = publish("v1")
    body = revision.files.get(path=SHARD).body
    assert body.nonce != begun.nonce
    assert bytes(body.wrapped_key) != bytes(begun.wrapped_key)
    manifest = open_manifest(bytes(revision.manifest or b""), public_keys("manifest"))
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


def stored_parts() -> set[tuple[str, int]]:
    """Object and number of each piece that is recorded as stored."""
    rows = PartUnderWay.objects.exclude(receipt="")
    return set(rows.values_list("under_way__body__object_name", "index"))


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
