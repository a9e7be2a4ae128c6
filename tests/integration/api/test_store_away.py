"""I7: the store is away. What stands in the database goes on; what leads to the store says come back."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from portal.core.models import AuditEvent
from tests.integration.api.world import BACKEND, MANIFEST, World, in_browser, with_token
from tests.servers.ports import CLOSED
from tests.stored import store_object
from weights_vault import outage
from weights_vault.models import SealedBody
from weights_vault.storage import s3_client, storage
from weights_vault.storage.port import StorageBusy

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def fresh_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "_WATCH", outage.StoreWatch())


@pytest.fixture
def folder(world: World, settings: Settings, tmp_path: Path) -> Path:
    """A folder of this test's own as the store, with every object of the world."""
    settings.STORAGE_URL = f"file://{tmp_path}/store"
    for body in SealedBody.objects.all():
        store_object(body.object_name, b"sealed")
    return tmp_path / "store"


def gone(folder: Path, settings: Settings) -> None:
    folder.rename(folder.with_name("elsewhere"))


def unmounted(folder: Path, settings: Settings) -> None:
    """An empty folder stands where the disk was mounted."""
    shutil.rmtree(folder)
    folder.mkdir()


def no_folder(folder: Path, settings: Settings) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"")


def loop(folder: Path, settings: Settings) -> None:
    """A folder that nobody can enter, root neither."""
    shutil.rmtree(folder)
    folder.symlink_to(folder)


def closed_port(folder: Path, settings: Settings) -> None:
    settings.STORAGE_URL = f"s3://weights?endpoint=http://127.0.0.1:{CLOSED}&region=default&path_style=1"


@pytest.fixture(params=[gone, unmounted, no_folder, loop, closed_port], ids=lambda way: way.__name__)
def away(request: Any, folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_client, "ATTEMPTS", 1)  # its backoff is boto3's affair, and takes seconds
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "for a port where nobody listens")
    request.param(folder, settings)


def ask_for_urls(world: World, grant: str) -> Any:
    body = {"revision": "v1", "files": world.files}
    return with_token(world.researcher).post(f"/api/v1/grants/{grant}/urls", body)


def test_i7_urls_are_503_with_the_time_to_come_back_and_nothing_is_recorded(world: World, away: None) -> None:
    answer = ask_for_urls(world, world.granted().pk)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "store_unavailable"
    assert "kept" in problem["detail"]
    assert problem["next_step"]
    assert not AuditEvent.objects.filter(kind="urls.issued").exists()


def test_i7_manifest_headers_head_and_lists_go_on(world: World, away: None) -> None:
    grant, (key, _) = world.granted(), world.key()
    client, path = with_token(world.researcher), f"/api/v1/grants/{grant.pk}"
    assert client.get(f"{path}/manifest").content == MANIFEST
    headers = client.post(f"{path}/headers", {"revision": "v1", "key": key.pk, "files": world.files})
    assert headers.status_code == 200
    for address in ("releases", "releases/opt-175b", "releases/opt-175b/head", "grants", "trust"):
        assert client.get(f"/api/v1/{address}").status_code == 200


def test_i7_pages_requests_and_reviews_go_on(world: World, away: None) -> None:
    grant = world.granted()
    pages = Client()
    pages.force_login(world.researcher, backend=BACKEND)
    for address in ("/", "/releases/opt-175b/", "/grants/", f"/grants/{grant.pk}/", "/requests/", "/keys/"):
        assert pages.get(address).status_code == 200, address
    request = world.submitted(by=world.other)
    reviewer = in_browser(world.reviewers[0])
    vote = {"version": 1, "verdict": "approve", "reason": "Clear.", "note": ""}
    assert reviewer.post(f"/api/v1/requests/{request.pk}/votes", vote).status_code < 300


def test_i7_it_goes_on_as_soon_as_the_store_is_back(
    world: World, folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(outage, "_WATCH", outage.StoreWatch(lambda: now[0]))
    grant = world.granted().pk
    gone(folder, settings)
    assert ask_for_urls(world, grant).status_code == 503
    folder.with_name("elsewhere").rename(folder)
    assert ask_for_urls(world, grant).status_code == 503  # a store that was away is left alone for a moment
    now[0] += outage.PAUSE_S
    assert ask_for_urls(world, grant).status_code == 200


def test_a_lost_object_is_not_a_lost_store(world: World, folder: Path) -> None:
    """I6: the others can be had; the scrubber finds the one."""
    grant = world.granted().pk
    storage().delete(world.revision.files.all()[0].body.object_name)
    assert ask_for_urls(world, grant).status_code == 200


def test_a_busy_store_is_503_with_the_time_that_it_asks_for(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(name: str) -> int:
        raise StorageBusy("slow down", retry_after_s=77)

    monkeypatch.setattr(storage(), "size", busy)
    assert ask_for_urls(world, world.granted().pk).headers["Retry-After"] == "77"
