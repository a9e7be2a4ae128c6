"""Publishing into a real bucket: killed at each step, run again, it goes on (I1); what lies there opens with
Debian's age.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.vault.conftest import SteppedPublish
from tests.integration.vault.puts import Puts
from tests.servers.ceph import Gateway
from tests.servers.ceph_fixtures import aws_environment, bucket, gateway, owner  # noqa: F401
from tests.unit.vault.folders import safetensors
from weights_vault import keeper
from weights_vault.models import Revision, SealedBody
from weights_vault.models.bodies import BodyUnderWay, PartUnderWay
from weights_vault.queries import orphans
from weights_vault.sealed.keys import Identity
from weights_vault.storage import storage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SHARD = "model-00001-of-00002.safetensors"


@pytest.fixture(autouse=True)
def in_a_bucket(
    vault: None,
    gateway: Gateway,  # noqa: F811
    bucket: str,  # noqa: F811
    aws_environment: None,  # noqa: F811
    settings: Any,
) -> None:
    settings.STORAGE_URL = gateway.storage_url(bucket)


@pytest.fixture(autouse=True)
def several_parts(folder: Path) -> None:
    """One shard of four parts, so that a kill can fall between them."""
    values = np.random.default_rng(2).random(13_000_000, np.float32)
    (folder / SHARD).write_bytes(safetensors({"w": values}))


def open_uploads(owner: Any, bucket: str) -> list[str]:  # noqa: F811
    return [each["Key"] for each in owner.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]


def opens_with_age(revision: Revision, folder: Path, identity: Identity, tmp_path: Path, now: Any) -> None:
    headers = keeper.gate(revision=revision, recipient=str(identity.recipient), by="system:test", now=now)
    (tmp_path / "key.txt").write_text(identity.to_text() + "\n")
    for file in revision.files.select_related("body"):
        with storage().open(file.body.object_name) as body:
            sealed = headers[file.id] + body.read()
        opened = subprocess.run(
            ["age", "-d", "-i", str(tmp_path / "key.txt")], input=sealed, capture_output=True, check=True
        )
        assert opened.stdout == (folder / file.path).read_bytes()


@pytest.mark.parametrize(
    ("moment", "occurrence"),
    [("pinning", 1), ("put begun", 2), ("put known", 2), (f"part {SHARD}", 2), ("object committed", 4)],
)
def test_killed_publish_goes_on_in_the_bucket(
    moment: str,
    occurrence: int,
    stepped: Callable[..., SteppedPublish],
    publish: Callable[..., Revision],
    puts: Puts,
    folder: Path,
    owner: Any,  # noqa: F811
    bucket: str,  # noqa: F811
    identity: Identity,
    tmp_path: Path,
    now: Any,
) -> None:
    """I1"""
    process = stepped()
    process.run_to(moment, occurrence)
    process.kill()
    before = puts.all()
    body = SealedBody.objects.get(files__path=SHARD)
    recorded = set(PartUnderWay.objects.exclude(receipt="").values_list("index", flat=True))
    assert orphans() == []

    revision = publish("v1")
    again = {number for name, number, _ in puts.all()[len(before) :] if name == body.object_name}
    assert revision.files.get(path=SHARD).body_id == body.pk
    assert not recorded & again
    assert open_uploads(owner, bucket) == []
    assert not BodyUnderWay.objects.exists()
    assert {found.name for found in storage().objects()} == {
        file.body.object_name for file in revision.files.select_related("body")
    }
    opens_with_age(revision, folder, identity, tmp_path, now)


def test_shard_changed_after_a_kill_leaves_nothing_of_the_first_upload(
    stepped: Callable[..., SteppedPublish],
    publish: Callable[..., Revision],
    puts: Puts,
    folder: Path,
    owner: Any,  # noqa: F811
    bucket: str,  # noqa: F811
    identity: Identity,
    tmp_path: Path,
    now: Any,
) -> None:
    """I1, I2"""
    process = stepped()
    process.run_to(f"part {SHARD}", 2)
    process.kill()
    begun = SealedBody.objects.get(files__path=SHARD)
    assert open_uploads(owner, bucket) == [begun.object_name]
    data = bytearray((folder / SHARD).read_bytes())
    data[1_000_000] ^= 1
    (folder / SHARD).write_bytes(data)

    revision = publish("v1")
    assert revision.files.get(path=SHARD).body.nonce != begun.nonce
    assert open_uploads(owner, bucket) == []
    assert begun.object_name not in {found.name for found in storage().objects()}
    opens_with_age(revision, folder, identity, tmp_path, now)
