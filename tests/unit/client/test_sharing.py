from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from weights_vault.client.output import Output
from weights_vault.client.transfer.sharing import exposed, share, warn_of_group

PATHS = ["config.json", "shards/one.safetensors"]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    before = os.umask(0o027)
    place = tmp_path / "release"
    for name in (*PATHS, ".sealed/config.json.body", ".weights/state.json", ".weights/journal", "mine.txt"):
        path = place / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text("x")
        path.chmod(0o600)
    yield place
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_files_and_folders_of_the_release_are_opened_to_the_group_and_nothing_else(root: Path) -> None:
    share(root, PATHS)
    assert {mode(root / path) for path in (*PATHS, ".sealed/config.json.body", ".weights/state.json")} == {
        0o640
    }
    assert {mode(root / path) for path in ("", "shards", ".sealed", ".weights")} == {0o750}
    assert {mode(root / path) for path in ("mine.txt", ".weights/journal")} == {0o600}


def test_the_umask_is_respected(root: Path) -> None:
    os.umask(0o077)
    share(root, PATHS)
    assert mode(root / "config.json") == 0o600
    assert mode(root) == 0o700


def test_never_for_everybody_whatever_the_umask(root: Path) -> None:
    os.umask(0)
    share(root, PATHS)
    assert not any(path.stat().st_mode & 0o007 for path in root.rglob("*") if path.name != "mine.txt")


def test_links_are_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    outside.chmod(0o600)
    (root / "config.json").unlink()
    (root / "config.json").symlink_to(outside)
    share(root, PATHS)
    assert mode(outside) == 0o600


def warned(root: Path) -> list[str]:
    output = Output(stderr=io.StringIO())
    warn_of_group(output, root)
    return [each["reference"] for each in output.warnings]


def test_the_warning_speaks_of_the_group_and_of_a_umask_that_keeps_it_out(root: Path) -> None:
    assert warned(root) == ["group-can-read"]
    os.umask(0o077)
    assert warned(root / "not-there-yet") == ["group-can-read", "umask-keeps-group-out"]


def test_what_others_can_read_is_found_with_its_mode(root: Path) -> None:
    assert exposed(root, PATHS, shared=False) == []
    (root / "config.json").chmod(0o644)
    (root / "shards").chmod(0o755)
    assert exposed(root, PATHS, shared=False) == ["config.json (0644)", "shards (0755)"]


def test_what_the_group_may_read_is_as_it_should_be_after_group(root: Path) -> None:
    share(root, PATHS)
    assert exposed(root, PATHS, shared=True) == []
    assert exposed(root, PATHS, shared=False) == [
        ". (0750)", "config.json (0640)", "shards (0750)", "shards/one.safetensors (0640)",
    ]  # fmt: skip


def test_what_is_shared_gets_the_group_of_the_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[Path, int] = {}
    monkeypatch.setattr(os, "chown", lambda place, user, group, **more: given.update({place: group}))
    share(root, PATHS)
    assert {given[root / path] for path in PATHS} == {root.stat().st_gid}
    assert root / "mine.txt" not in given
