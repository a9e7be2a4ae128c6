"""manage.py publish and smoketest: what they say, and how they end."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.unit.vault.fakes import fails, passes
from weights_vault.actions import publish as actions
from weights_vault.gate import WorkerFailed
from weights_vault.management.commands import publish as publish_command
from weights_vault.management.commands import smoketest
from weights_vault.models import Release, Revision
from weights_vault.storage.file_writer import FileWriter
from weights_vault.storage.port import StorageError

pytestmark = pytest.mark.django_db


@pytest.fixture
def content_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    real = actions.publish_folder
    monkeypatch.setattr(
        publish_command, "publish_folder", lambda **arguments: real(**{**arguments, "run": passes})
    )


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def refused(*arguments: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value


def publish_arguments(folder: Path, *more: str) -> list[str]:
    return ["publish", str(folder), "--release", "opt-small", "--revision", "v1", *more]


def test_publish_says_what_it_published(content_worker: None, release: Release, folder: Path) -> None:
    said = run(*publish_arguments(folder))
    revision = Revision.objects.get()
    assert re.search(r"Published opt-small@v1, number 1: 7 files, [0-9,]+ bytes\.", said)
    assert revision.manifest_sha256 in said


def test_publish_again_says_that_it_was_published_before(
    content_worker: None, release: Release, folder: Path
) -> None:
    """I4"""
    run(*publish_arguments(folder))
    assert "Published before, from the same files: opt-small@v1" in run(*publish_arguments(folder))


def test_publish_names_every_refused_path_and_the_way_on(release: Release, folder: Path) -> None:
    """I3"""
    (folder / "model.bin").write_bytes(b"")
    (folder / "run.py").write_text("")
    said = str(refused(*publish_arguments(folder)))
    assert "(folder_refused)" in said
    assert "  model.bin: .bin files can hold pickles" in said
    assert "  run.py: .py is code" in said
    assert "→ Correct them, or leave them out with --exclude PATTERN" in said


def test_publish_leaves_out_what_it_is_told_to(content_worker: None, release: Release, folder: Path) -> None:
    (folder / "model.bin").write_bytes(b"")
    run(*publish_arguments(folder, "--exclude", "*.bin"))
    assert not Revision.objects.get().files.filter(path="model.bin").exists()


def test_publish_for_an_unknown_release_says_how_to_make_it(db: None, folder: Path) -> None:
    assert "manage.py release apply" in str(refused(*publish_arguments(folder)))


def test_publish_that_is_interrupted_ends_with_130(
    release: Release, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(**arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(publish_command, "publish_folder", interrupted)
    error = refused(*publish_arguments(folder))
    assert (error.returncode, "again to go on" in str(error)) == (130, True)


def test_publish_into_a_broken_store_says_so(
    content_worker: None, release: Release, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: FileWriter, number: int, offset: int, data: memoryview) -> str:
        raise StorageError("No space left on device")

    monkeypatch.setattr(FileWriter, "put", full)
    assert "The store is at fault: No space left" in str(refused(*publish_arguments(folder)))
    assert Revision.objects.get().state == "sealing"


def test_publish_that_fails_its_gate_names_the_level(
    release: Release, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = actions.publish_folder
    monkeypatch.setattr(
        publish_command, "publish_folder", lambda **arguments: real(**{**arguments, "run": fails})
    )
    said = str(refused(*publish_arguments(folder)))
    assert "(gate_failed)" in said
    assert "layer 3: the logits are far off" in said


def worker(monkeypatch: pytest.MonkeyPatch, run: Callable[..., Any]) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = []
    monkeypatch.setattr(smoketest, "run_worker", lambda job: (jobs.append(job), run(job))[1])
    return jobs


def test_recording_hands_the_folder_to_the_worker(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = worker(monkeypatch, passes)
    assert "Recorded smoke/reference.safetensors" in run("smoketest", str(folder), "--record")
    assert jobs == [{"action": "record", "folder": str(folder)}]


def test_testing_a_folder_records_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = worker(monkeypatch, passes)
    assert "verdict: passed" in run("smoketest", str(folder))
    assert jobs == [{"action": "folder", "folder": str(folder)}]


def test_failed_smoke_test_ends_with_8_and_names_the_level(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    worker(monkeypatch, fails)
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("smoketest", str(folder), stdout=out)
    assert caught.value.returncode == 8
    assert "logits: failed\n  layer 3: the logits are far off" in out.getvalue()


@pytest.mark.parametrize("subject", ["opt-small", "opt-small@v1"])
def test_published_revision_is_tested_from_the_store(
    subject: str, revision: Revision, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = worker(monkeypatch, passes)
    run("smoketest", subject)
    assert [job["action"] for job in jobs] == ["gate"]
    assert set(jobs[0]["bodies"]) == {file.id for file in revision.files.all()}


@pytest.mark.parametrize("subject", ["nothing", "opt-small@v9", "opt-small@"])
def test_unknown_subject_is_refused(subject: str, release: Release) -> None:
    assert "neither a folder nor a published revision" in str(refused("smoketest", subject))


def test_published_revision_cannot_be_recorded(revision: Revision) -> None:
    assert "recorded before publishing" in str(refused("smoketest", "opt-small", "--record"))


def test_worker_that_cannot_run_is_quoted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(job: Any) -> None:
        raise WorkerFailed(detail="no such architecture")

    worker(monkeypatch, broken)
    assert "no such architecture" in str(refused("smoketest", str(folder)))


def test_report_is_printed_as_json_when_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker(monkeypatch, passes)
    assert json.loads(run("smoketest", str(folder), "--json")) == passes({})
