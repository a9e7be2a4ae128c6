"""Runs the workers of a download: fetch → digest → open → write → journal, a part at a time in each of them.

Memory: one buffer of one part a worker (16 MiB), whatever the size of the release. The calling thread shows
progress, looks for stalled reads and takes Ctrl-C; workers never touch the terminal. The first error stops
everybody.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from weights_vault.client.errors import ClientError, machine_fault
from weights_vault.client.integrity import refused_as
from weights_vault.client.transfer.connection import RangeConnection
from weights_vault.client.transfer.crew import Crew
from weights_vault.client.transfer.fetcher import PartFetcher, Stopped
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.transfer.journal import Journal
from weights_vault.client.transfer.limits import Limits
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.pace import Pace
from weights_vault.client.transfer.plan import PartTask, Plan
from weights_vault.client.transfer.urls import UrlBook
from weights_vault.client.transfer.writer import FileJob
from weights_vault.sealed.body import PART_SIZE


@dataclass(frozen=True)
class Work:
    """Everything that the workers share. jobs: by file id. pace: what holds all of them to --limit-rate."""

    plan: Plan
    jobs: Mapping[str, FileJob]
    urls: UrlBook
    folder: DownloadFolder
    journal: Journal
    meter: Meter
    limits: Limits
    pace: Pace = field(default_factory=Pace)


class Engine:
    """Runs a Work to its end.

    workers: how many exactly; None finds out how many do best. tick: called every limits.tick_s by the
    calling thread, to show progress.
    """

    def __init__(self, work: Work, *, workers: int | None, tick: Callable[[], None]) -> None:
        self._work = work
        self._tick = tick
        self._crew = Crew(workers)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._failure: BaseException | None = None
        self._workers: list[_Worker] = []
        self._lock = threading.Lock()

    def run(self) -> None:
        """Return when every part is in and every file has its final name.

        Raises: ClientError: the first one of any worker; KeyboardInterrupt. Workers are gone by then, or will
        touch no file any more.
        """
        try:
            self._hire()
            self._watch()
        finally:
            self._end()
        if self._failure is not None:
            raise self._failure

    def fail(self, error: BaseException) -> None:
        """Remember the first failure and stop everybody; called by workers."""
        with self._lock:
            self._failure = self._failure or error
        self._stop.set()

    def too_many(self, worker: _Worker) -> bool:
        """Whether the worker that asks should go, because fewer are wanted than there are."""
        with self._lock:
            staying = sum(not other.leaving for other in self._workers)
            worker.leaving = staying > self._crew.wanted
            return worker.leaving

    def worker_ended(self) -> None:
        """Look at once whether the work is over; called by workers as the last thing they do."""
        self._wake.set()

    def _watch(self) -> None:
        meter = self._work.meter
        while self._workers and not self._stop.is_set():
            self._tick()
            self._wake.wait(self._work.limits.tick_s)
            self._wake.clear()
            for worker in self._workers:
                worker.connection.abort_if_stalled()
            self._dismiss()
            self._crew.observe(meter.fetched, len(self._workers))
            self._hire()

    def _hire(self) -> None:
        """Start workers up to what is wanted, none for whom there is no part."""
        missing = min(self._crew.wanted - len(self._workers), len(self._work.plan))
        for _ in range(missing if not self._stop.is_set() else 0):
            worker = _Worker(self, self._work, self._stop, self._crew)
            worker.start()
            with self._lock:
                self._workers.append(worker)

    def _dismiss(self) -> None:
        with self._lock:
            self._workers = [worker for worker in self._workers if not worker.done]

    def _end(self) -> None:
        if self._workers:
            self._stop.set()
        for worker in self._workers:
            # One that waits for the portal's word cannot be broken off; it is told to stop when that comes.
            while worker.is_alive() and not worker.asks_portal:
                worker.connection.abort()
                worker.join(self._work.limits.tick_s)
        for job in self._work.jobs.values():
            job.close()
        self._tick()


class _Worker(threading.Thread):
    """Takes parts until there are none, there are too many workers, the download stops, or something fails.

    leaving: it was told that there are too many. done: it does nothing any more.
    """

    def __init__(self, engine: Engine, work: Work, stop: threading.Event, crew: Crew) -> None:
        super().__init__(name="weights-worker", daemon=True)
        self.connection = RangeConnection(connect_s=work.limits.connect_s, stall_s=work.limits.stall_s)
        self.leaving = False
        self.done = False
        self._engine = engine
        self._work = work
        self._stop_event = stop
        self._fetcher = PartFetcher(
            self.connection, work.urls, work.meter, stop, work.limits, work.pace, crew.trouble
        )

    @property
    def asks_portal(self) -> bool:
        """Whether it waits for URLs: it touches no file before it has looked whether to stop."""
        return self._fetcher.asks_portal

    def run(self) -> None:
        """Work; every error goes to the engine, none is lost with the thread."""
        try:
            self._take_parts()
        except Stopped:
            pass
        except ClientError as error:
            self._engine.fail(error)
        except OSError as error:
            self._engine.fail(machine_fault(error, f"{self._work.folder.root} cannot be written."))
        except BaseException as error:
            self._engine.fail(error)
        finally:
            self.connection.close()
            self.done = True
            self._engine.worker_ended()

    def _take_parts(self) -> None:
        buffer = _part_buffer()
        while not self._stop_event.is_set() and (task := self._work.plan.take()) is not None:
            self._do(task, buffer)
            if self._engine.too_many(self):
                return

    def _do(self, task: PartTask, buffer: memoryview) -> None:
        work, index, place = self._work, task.place.index, task.place
        job = work.jobs[task.file.id]
        sealed = self._fetcher.fetch(task, buffer)
        with refused_as(f"Part {index} of {task.file.path} cannot be opened.", "Tell the portal's staff."):
            job.write(index, sealed)
        work.journal.part(task.file.id, index)
        work.meter.part_in(task.file.id, plain_size=place.plain_size, sealed_size=place.sealed_size)
        if job.is_last(index):
            job.finish(work.folder, work.journal)
            work.urls.finished(task.file.id)
            work.meter.file_in(task.file.id)


def _part_buffer() -> memoryview:
    """Room for one part, of which nothing is taken before something comes; in huge pages where there are."""
    room = mmap.mmap(-1, PART_SIZE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without them
            room.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(room)
