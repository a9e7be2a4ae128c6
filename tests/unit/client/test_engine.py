"""How a download ends: nothing it left behind touches a file, and nobody waits for a slow portal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from tests.simulators.sealed_release import make_release, random_files, seal_files
from weights_vault.client.errors import Incomplete
from weights_vault.client.transfer.engine import Engine, Work
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.transfer.journal import Journal
from weights_vault.client.transfer.limits import Limits
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.plan import Plan
from weights_vault.client.transfer.urls import UrlBook
from weights_vault.client.transfer.writer import FileJob

LIMITS = Limits(tick_s=0.01)


class Book:
    """Gives no URL before `answer` says what becomes of it. asked: set when a worker waits for one."""

    def __init__(self, answer: Callable[[], str]) -> None:
        self.asked = threading.Event()
        self._answer = answer

    def url(self, file_id: str) -> str:
        self.asked.set()
        return self._answer()


class _Untouched:
    """A file's job that may be closed and nothing else."""

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def make_engine(tmp_path: Path) -> Callable[..., Engine]:
    def make(book: Book, tick: Callable[[], None] = lambda: None, workers: int | None = 2) -> Engine:
        manifest = make_release(seal_files(random_files(a=10, b=10, c=10)), portal="https://p").manifest
        folder = DownloadFolder(tmp_path / "release")
        folder.make()
        meter = Meter(total=30, files=3)
        plan = Plan((file, [0]) for file in manifest.files)
        jobs = {file.id: cast(FileJob, _Untouched()) for file in manifest.files}
        work = Work(plan, jobs, cast(UrlBook, book), folder, cast(Journal, None), meter, LIMITS)
        return Engine(work, workers=workers, tick=tick)

    return make


def test_the_first_failure_of_a_worker_is_the_engines(make_engine: Callable[..., Engine]) -> None:
    def fails() -> str:
        raise Incomplete("connection-lost", "Stopped.", "No line.", "Again.")

    with pytest.raises(Incomplete):
        make_engine(Book(fails)).run()


def test_a_mistake_of_the_program_is_not_lost_with_its_thread(make_engine: Callable[..., Engine]) -> None:
    def mistake() -> str:
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError, match="a mistake"):
        make_engine(Book(mistake)).run()


def test_ctrl_c_does_not_wait_for_a_portal_that_does_not_answer(make_engine: Callable[..., Engine]) -> None:
    """The worker is left behind; when its answer comes it ends without having looked at a file."""
    answered = threading.Event()

    def slow() -> str:
        assert answered.wait(30)
        return "http://127.0.0.1:1/"

    book = Book(slow)

    def tick() -> None:
        if book.asked.wait(10):
            raise KeyboardInterrupt

    engine = make_engine(book, _once(tick), workers=1)
    with pytest.raises(KeyboardInterrupt):
        engine.run()
    (left,) = engine._workers
    assert left.is_alive()
    answered.set()
    left.join(10)
    assert not left.is_alive()
    assert left.connection._http is None


def _once(tick: Callable[[], None]) -> Callable[[], None]:
    """The engine shows its progress once more at the end, which must not raise."""
    calls: list[Any] = []

    def first() -> None:
        calls.append(1)
        if len(calls) == 1:
            tick()

    return first


def test_workers_are_no_more_than_parts(make_engine: Callable[..., Engine]) -> None:
    seen: set[int] = set()

    def fails() -> str:
        seen.add(threading.get_ident())
        raise Incomplete("connection-lost", "Stopped.", "No line.", "Again.")

    with pytest.raises(Incomplete):
        make_engine(Book(fails), workers=64).run()
    assert len(seen) <= 3
