"""D11: one command at a time in a folder, with locks and on file systems that have none."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from weights_vault.client.errors import WrongUsage
from weights_vault.client.transfer import lock
from weights_vault.client.transfer.lock import locked


@pytest.fixture
def own(tmp_path: Path) -> Path:
    place = tmp_path / "release" / ".weights"
    place.mkdir(parents=True)
    return place


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system as some clusters have it."""

    def refused(descriptor: int, operation: int) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", refused)


def refusal(own: Path) -> WrongUsage:
    with pytest.raises(WrongUsage) as caught, locked(own, own.parent):
        pass
    assert caught.value.reference == "folder-in-use"
    return caught.value


def test_d11_the_second_one_is_refused_and_told_who_works_there(own: Path) -> None:
    with locked(own, own.parent):
        error = refusal(own)
    assert f"process {os.getpid()} on {socket.gethostname()}" in error.why


def test_a_lock_is_free_again_when_its_process_is_killed(own: Path) -> None:
    hold = "import sys; from pathlib import Path; from weights_vault.client.transfer.lock import locked\n"
    hold += (
        f"p = Path({str(own)!r})\nwith locked(p, p.parent):\n  print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        refusal(own)
        process.kill()
    with locked(own, own.parent):
        pass


def test_d11_without_locks_a_file_stands_for_it(own: Path, no_locks: None) -> None:
    with locked(own, own.parent):
        error = refusal(own)
        assert str(own / "lock.held") in error.next_step
    assert not (own / "lock.held").exists()
    with locked(own, own.parent):
        pass


def held_by(own: Path, host: str, pid: int, born: int) -> None:
    holder = {"host": host, "pid": pid, "began": "2026-11-01T00:00:00+00:00", "born": born}
    (own / "lock.held").write_text(json.dumps(holder))


def test_what_a_dead_process_of_this_host_left_is_taken_over(own: Path, no_locks: None) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    held_by(own, socket.gethostname(), gone.pid, 12345)
    with locked(own, own.parent):
        assert json.loads((own / "lock.held").read_text())["pid"] == os.getpid()


def test_a_process_number_used_again_is_no_holder(own: Path, no_locks: None) -> None:
    held_by(own, socket.gethostname(), os.getpid(), 1)
    with locked(own, own.parent):
        assert json.loads((own / "lock.held").read_text())["pid"] == os.getpid()
    assert not (own / "lock.held").exists()


@pytest.mark.parametrize("content", ["", "{", '{"host": 1}'])
def test_a_mark_that_cannot_be_read_is_for_a_person_to_judge(own: Path, no_locks: None, content: str) -> None:
    (own / "lock.held").write_text(content)
    assert "rm " in refusal(own).next_step


def test_what_another_host_left_is_named_and_stays(own: Path, no_locks: None) -> None:
    held_by(own, "node17", 4711, 12345)
    error = refusal(own)
    assert "process 4711 on node17, since 2026-11-01" in error.why
    assert f"rm {own / 'lock.held'}" in error.next_step
    assert (own / "lock.held").exists()


def test_of_three_who_take_over_at_once_one_works(
    own: Path, no_locks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first takes over after the second looked; the third tries at each step that the second takes."""
    held_by(own, socket.gethostname(), os.getpid(), 1)
    read, link, replace, unlink = lock._read, os.link, Path.replace, Path.unlink
    begun: list[str] = []
    looked_once: list[Path] = []

    def third_tries(step: str) -> None:
        if begun and step not in begun:
            begun.append(step)
            refusal(own)

    def looked(path: Path) -> lock.Holder | None:
        found = read(path)
        if not looked_once:
            looked_once.append(path)
            first.enter_context(locked(own, own.parent))
            begun.append("the first works")
        return found

    def linked(*words: Any) -> None:
        third_tries("link")
        link(*words)

    def replaced(path: Path, *words: Any) -> Path:
        third_tries("replace")
        return replace(path, *words)

    def unlinked(path: Path, *words: Any, **options: Any) -> None:
        third_tries("unlink")
        unlink(path, *words, **options)

    with ExitStack() as first:
        monkeypatch.setattr(lock, "_read", looked)
        monkeypatch.setattr(os, "link", linked)
        monkeypatch.setattr(Path, "replace", replaced)
        monkeypatch.setattr(Path, "unlink", unlinked)
        refusal(own)
        assert begun[0] == "the first works"
        assert (own / "lock.held").exists()
        refusal(own)
    assert not (own / "lock.held").exists()


def test_while_one_takes_over_another_is_refused_and_a_killed_one_leaves_nothing_behind(
    own: Path, no_locks: None
) -> None:
    held_by(own, socket.gethostname(), os.getpid(), 1)
    with lock._alone(own / "lock.held") as alone:
        assert alone
        assert "another process" in refusal(own).why
    with locked(own, own.parent):
        refusal(own)
    assert sorted(path.name for path in own.iterdir()) == ["lock"]


def test_a_mark_made_after_ours_was_removed_by_hand_is_left_alone(own: Path, no_locks: None) -> None:
    with locked(own, own.parent):
        (own / "lock.held").unlink()
        held_by(own, "node17", 4711, 12345)
    assert "node17" in (own / "lock.held").read_text()


def test_a_file_system_without_hard_links_has_a_lock_all_the_same(
    own: Path, no_locks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*words: Any) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refused)
    with locked(own, own.parent):
        assert f"process {os.getpid()}" in refusal(own).why
    assert sorted(path.name for path in own.iterdir()) == ["lock"]


def test_other_errors_of_the_disk_are_told_as_they_are(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(descriptor: int, operation: int) -> None:
        raise OSError(errno.EIO, "disk")

    monkeypatch.setattr(fcntl, "flock", failing)
    with pytest.raises(OSError, match="disk"), locked(own, own.parent):
        pass
