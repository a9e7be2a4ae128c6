"""Files that consist of parts, hashed by two threads."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from tests.simulators.sealed_release import MIB, random_files, seal_files
from weights_vault.client import checking
from weights_vault.client.checking import Check, Checked, check_all
from weights_vault.client.parts import plain_target

FILES = {**random_files(big=17 * MIB, small=1000), "empty.txt": b""}


@pytest.fixture
def checks(tmp_path: Path) -> list[Check]:
    made = []
    for sealed in seal_files(FILES):
        path = tmp_path / sealed.entry.path
        path.write_bytes(sealed.plain)
        target = plain_target(sealed.entry, final=path, partial=tmp_path / "partial")
        made.append(Check(sealed.entry.id, path.name, target, path, frozenset(range(len(target.spans)))))
    return made


def good(done: list[Checked]) -> dict[str, frozenset[int]]:
    return {each.check.shown: each.good for each in done}


def test_every_part_is_hashed_once_and_told(checks: list[Check]) -> None:
    told: list[tuple[str, int]] = []
    done = good(list(check_all(checks, on_part=lambda name, size: told.append((name, size)))))
    assert done == {check.shown: check.indices for check in checks}
    assert sum(size for _, size in told) == 17 * MIB + 1000
    assert len(told) == 4


def test_a_damaged_part_alone_is_not_good(checks: list[Check]) -> None:
    with checks[0].path.open("r+b") as file:
        file.seek(16 * MIB + 5)
        file.write(b"changed")
    assert good(list(check_all(checks)))["big.safetensors"] == {0}


def test_what_is_no_plain_file_has_no_status_and_the_others_go_on(checks: list[Check]) -> None:
    checks[0].path.unlink()
    checks[1].path.unlink()
    os.mkfifo(checks[1].path)
    done = {each.check.shown: each.status for each in check_all(checks)}
    assert (done["big.safetensors"], done["small.safetensors"]) == (None, None)
    assert done["empty.txt"] is not None


def test_an_error_of_the_disk_reaches_the_caller_and_no_thread_is_left(
    checks: list[Check], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "preadv", failing)
    with pytest.raises(OSError, match="Input/output"):
        list(check_all(checks))
    assert not [each for each in threading.enumerate() if each.name == "weights-check"]


def test_whoever_stops_listening_stops_the_threads(checks: list[Check]) -> None:
    results = check_all(checks)
    next(results)
    results.close()
    assert not [each for each in threading.enumerate() if each.name == "weights-check"]


def test_two_threads_hold_one_part_each(checks: list[Check], monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: set[int] = set()

    def noted(descriptor: int, target: object, index: int) -> bool:
        at_work.add(threading.get_ident())
        return True

    monkeypatch.setattr(checking, "is_good", noted)
    list(check_all(checks * 5))
    assert 1 <= len(at_work) <= checking.CHECK_THREADS
