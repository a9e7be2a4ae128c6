from __future__ import annotations

import os
from pathlib import Path

import pytest

from weights_vault.client.errors import MachineFault, WrongUsage
from weights_vault.client.home import Home, home_folder, read_private


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"WEIGHTS_HOME": "/a/b"}, Path("/a/b")),
        ({"WEIGHTS_HOME": "", "XDG_CONFIG_HOME": "/x"}, Path("/x/weights")),
        ({}, Path("~/.config/weights").expanduser()),
    ],
)
def test_where_the_home_is(environment: dict[str, str], expected: Path) -> None:
    assert home_folder(environment) == expected


def test_what_is_written_is_private_and_whole(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    path = home.write_private("keys/a.txt", "secret")
    assert read_private(path) == "secret"
    assert [place.stat().st_mode & 0o777 for place in (path, path.parent, home.root)] == [0o600, 0o700, 0o700]
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    home.write_json("config.json", {"portal": "old"})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(MachineFault) as caught:
            home.write_json("config.json", {"portal": "new"})
    assert caught.value.reference == "disk-full"
    assert home.read_json("config.json") == {"portal": "old"}
    assert [entry.name for entry in home.root.iterdir()] == ["config.json"]


def test_json_that_is_not_there_is_empty_and_damaged_json_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.read_json("none.json") == {}
    (tmp_path / "bad.json").write_text("[1]")
    with pytest.raises(MachineFault) as caught:
        home.read_json("bad.json")
    assert caught.value.reference == "home-damaged"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_secret_that_others_can_touch_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(mode)
    with pytest.raises(WrongUsage) as caught:
        read_private(path)
    assert f"chmod 600 {path}" in caught.value.next_step


def test_a_fifo_or_a_folder_is_no_secret_file(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    for path in (fifo, tmp_path):
        with pytest.raises(WrongUsage) as caught:
            read_private(path)
        assert caught.value.reference == "secret-file-unreadable"


def test_a_secret_that_is_not_there_is_the_callers_to_judge(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "none")
