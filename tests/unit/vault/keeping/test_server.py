"""The keeper's socket: who may speak, how much waits, and that problems pass whole."""

import os
import queue
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from portal.core.problems import Conflict, Invalid, NotFound, NotPermitted, Problem, TooMany, Unavailable
from weights_vault.doctor import keeper as examine
from weights_vault.keeping import calls, door, server, wire
from weights_vault.keeping.server import Server, answer_to, close_folder
from weights_vault.management.commands.keeper import clients

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@contextmanager
def serving(path: Path, **changes: Any) -> Iterator[Server]:
    made = Server(path, **{"users": [], "threads": 2, "clock": lambda: NOW, **changes})
    started = threading.Event()
    thread = threading.Thread(target=made.run, args=(started.set,))
    thread.start()
    assert started.wait(10)
    try:
        yield made
    finally:
        made.stop()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def path(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(door, "_require_no_transaction", lambda call: None)
    monkeypatch.setattr(server, "close_old_connections", lambda: None)
    settings.KEEPER = f"unix:{tmp_path}/own/socket"
    return tmp_path / "own" / "socket"


@pytest.fixture
def doing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """doing(f): the call "trial" does f."""

    def put(function: Callable[..., Any]) -> None:
        monkeypatch.setitem(calls.CALLS, "trial", lambda arguments, now: function(arguments))

    return put


@pytest.mark.parametrize(
    "problem",
    [
        NotPermitted("grant_revoked", "Over.", "Write to us.", extra={"page": "/grants/"}),
        NotPermitted("login_required", "Sign in.", status=401),
        NotFound(),
        Conflict("state_changed", "It moved.", "Look again.", extra={"state": "signed"}),
        Invalid("invalid", "No.", errors={"files": ["twice", "too many"]}, extra={"limit": 500}),
        Unavailable("keeper_ceiling", "Later.", retry_after_s=77, title="Too much", extra={"made": 3}),
        TooMany("too_many", "Slowly.", "Wait.", retry_after_s=3, extra={"limit": "10/h"}),
        Problem("odd", "Odd.", status=418),
    ],
)
def test_problem_passes_whole(problem: Problem, path: Path, doing: Any) -> None:
    def fail(arguments: Any) -> None:
        raise problem

    doing(fail)
    with serving(path), pytest.raises(Problem) as caught:
        door.ask("trial", {})
    told = caught.value
    assert type(told) is type(problem)
    for member in ("code", "title", "status", "detail", "next_step", "extra", "headers"):
        assert getattr(told, member) == getattr(problem, member)


def test_database_that_gave_up_is_503(doing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(arguments: Any) -> None:
        raise OperationalError("deadlock detected")

    monkeypatch.setattr(server.connection, "close", lambda: None)
    doing(fail)
    answer = answer_to({"v": 1, "call": "trial", "arguments": {}}, NOW)
    assert answer["problem"]["status"] == 503


def test_g8_failure_tells_the_caller_nothing_of_what_the_keeper_knows(path: Path, doing: Any) -> None:
    def fail(arguments: Any) -> None:
        raise ValueError("file key 0011223344")

    doing(fail)
    assert answer_to({"v": 1, "call": "trial", "arguments": {}}, NOW) == {"v": 1, "failed": True}
    with serving(path), pytest.raises(RuntimeError, match="its log says why") as caught:
        door.ask("trial", {})
    assert "0011" not in str(caught.value)


@pytest.mark.parametrize(
    "called",
    [None, [], {}, {"v": 2, "call": "health", "arguments": {}},
     {"v": True, "call": "health", "arguments": {}},
     {"v": 1, "call": 1, "arguments": {}}, {"v": 1, "call": "health", "arguments": {}, "more": 1},
     {"v": 1, "call": "health", "arguments": {"now": "2020-01-01"}}],
)  # fmt: skip
def test_what_is_not_exactly_a_call_is_not_done(called: Any) -> None:
    assert answer_to(called, NOW) == {"v": 1, "failed": True}


def test_other_users_are_not_answered(path: Path, doing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says who connected; the keeper's own user is another one here."""
    asked: list[Any] = []
    doing(asked.append)
    with serving(path) as running:
        running._users = frozenset({os.getuid() + 1})
        with pytest.raises(Unavailable, match="keeper_away"):
            door.ask("trial", {})
        running._users = frozenset({os.getuid()})
        door.ask("trial", {})
    assert len(asked) == 1


def test_socket_for_named_users_is_for_the_group_and_no_further(path: Path) -> None:
    with serving(path, users=[os.getuid() + 1]):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750
    assert not path.exists()


def test_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(ImproperlyConfigured, match="a folder of the keeper's own"):
        close_folder(open_to_all, for_others=False)


def test_caller_who_says_nothing_holds_nobody_up_for_long(
    path: Path, doing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CALL_WITHIN_S", 0.3)
    doing(lambda arguments: "done")
    with serving(path), socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.connect(str(path))
        other.connect(str(path))
        one.sendall(b"\0")
        assert door.ask("trial", {}) == "done"


def test_beyond_what_may_wait_the_answer_is_503_at_once(
    path: Path, doing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is served and one waits; the others are told while both are still there."""
    monkeypatch.setattr(server, "MOST_WAITING", 1)
    go_on, told = threading.Event(), queue.SimpleQueue[str]()
    doing(lambda arguments: go_on.wait(30))

    def ask() -> None:
        try:
            door.ask("trial", {})
        except Unavailable as problem:
            told.put(problem.code)

    with serving(path, threads=1):
        asking = [threading.Thread(target=ask) for _ in range(5)]
        try:
            for thread in asking:
                thread.start()
            refused = [told.get(timeout=10) for _ in range(3)]
        finally:
            go_on.set()
            for thread in asking:
                thread.join(10)
    assert refused == ["keeper_away"] * 3
    assert told.empty()


def test_answer_of_the_longest_batch_passes(path: Path, doing: Any) -> None:
    """500 headers of 2 KB, as base64."""
    long = [[f"fil_{number:026}", "A" * 2_800] for number in range(500)]
    doing(lambda arguments: long)
    with serving(path):
        assert door.ask("trial", {}) == long


def test_call_that_is_too_long_is_not_read(path: Path, doing: Any) -> None:
    doing(lambda arguments: "done")
    with serving(path), pytest.raises(Unavailable, match="keeper_away"):
        door.ask("trial", {"files": ["x" * 1000] * (wire.MAX_CALL_BYTES // 1000 + 1)})


def test_clients_are_users_of_this_machine(settings: Any) -> None:
    settings.KEEPER_CLIENTS = "root, 1234"
    assert clients() == [0, 1234]
    settings.KEEPER_CLIENTS = "nobody-of-this-name"
    with pytest.raises(ImproperlyConfigured, match="no user here"):
        clients()


@pytest.mark.parametrize("value", ["", "tcp:127.0.0.1:1", "unix:relative", "in-process"])
def test_keeper_that_is_no_place_is_refused(value: str, settings: Any) -> None:
    settings.KEEPER = value
    with pytest.raises(ImproperlyConfigured, match="KEEPER must be"):
        door.is_apart()


def test_doctor_says_whether_the_keeper_answers(path: Path, settings: Any) -> None:
    away = examine(NOW)
    assert (away.ok, away.next_step) == (False, "Start it: python manage.py keeper")
    with serving(path):
        assert "its root is wp1-" in examine(NOW).detail
    settings.KEEPER = "inprocess"
    assert examine(NOW).ok
