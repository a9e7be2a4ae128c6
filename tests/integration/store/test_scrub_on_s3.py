"""I6 on a real S3: what is lost or rotten behind the gateway is found; a closed gateway recalls nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.accounts.principals import system_principal
from tests.servers.ceph import Gateway
from tests.servers.ports import CLOSED
from tests.unit.vault.fakes import FakePolicy, passes
from tests.unit.vault.folders import write_folder
from weights_vault.actions.publish import publish_folder
from weights_vault.ingest.progress import SilentProgress
from weights_vault.models import Model, Release, Revision
from weights_vault.scrub.due import tally
from weights_vault.scrub.reading import unlimited
from weights_vault.scrub.rounds import sit
from weights_vault.storage import s3_client
from weights_vault.storage.port import StorageError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aws_environment")]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHARD = "model-00001-of-00002.safetensors"


@pytest.fixture
def revision(gateway: Gateway, bucket: str, settings: Any, tmp_path: Path) -> Revision:
    settings.STORAGE_URL = gateway.storage_url(bucket)
    settings.ACCESS_POLICY = "tests.unit.vault.fakes.FakePolicy"
    FakePolicy.reset()
    release = Release.objects.create(
        slug="opt-small", model=Model.objects.create(slug="opt", name="OPT"), title="OPT", created_at=NOW
    )
    return publish_folder(
        release=release,
        name="v1",
        folder=write_folder(tmp_path / "folder"),
        by=system_principal("publish"),
        clock=lambda: NOW,
        progress=SilentProgress(),
        run=passes,
    )[0]


def lose(owner: Any, bucket: str, key: str) -> None:
    owner.delete_object(Bucket=bucket, Key=key)


def rot(owner: Any, bucket: str, key: str) -> None:
    data = bytearray(owner.get_object(Bucket=bucket, Key=key)["Body"].read())
    data[100] ^= 1
    owner.put_object(Bucket=bucket, Key=key, Body=bytes(data))


@pytest.mark.parametrize(("harm", "said"), [(lose, "is missing"), (rot, "is damaged in part 0")])
def test_i6_harm_behind_the_gateway_quarantines_the_revision(
    owner: Any, bucket: str, revision: Revision, harm: Callable[[Any, str, str], None], said: str
) -> None:
    sit(NOW, unlimited())
    assert tally(NOW).damaged == 0
    name = revision.files.get(path=SHARD).body.object_name
    [key] = [each["Key"] for each in owner.list_objects_v2(Bucket=bucket)["Contents"] if name in each["Key"]]
    harm(owner, bucket, key)
    later = NOW.replace(year=2027)
    sit(later, unlimited())
    revision.refresh_from_db()
    assert revision.state == "quarantined"
    assert f"The stored copy of {SHARD} {said}" in revision.state_reason


def test_i7_a_closed_gateway_recalls_nothing(
    revision: Revision, settings: Any, gateway: Gateway, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_client, "ATTEMPTS", 1)
    settings.STORAGE_URL = gateway.storage_url(bucket).replace(gateway.endpoint, f"http://127.0.0.1:{CLOSED}")
    with pytest.raises(StorageError):
        sit(NOW, unlimited())
    revision.refresh_from_db()
    assert (revision.state, tally(NOW).damaged) == ("published", 0)
