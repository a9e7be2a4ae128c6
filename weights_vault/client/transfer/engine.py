"""Runs the workers of a download: fetch → digest → open → write → journal, a part at a time in each of them.

Memory: two buffers of one part a worker (32 MiB), whatever the size of the release. The calling thread shows
progress, looks for stalled reads and takes Ctrl-C; workers never touch the terminal. The first error stops
everybody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from weights_vault.client.errors import ClientError, machine_fault
from weights_vault.client.integrity import refused_as
from weights_vault.client.transfer.connection import RangeConnection
from weights_vault.client.transfer.fetcher import PartFetcher, Stopped
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.transfer.journal import Journal
from weights_vault.client.transfer.limits import DEFAULT_JOBS, Limits
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.pace import Pace
from weights_vault.client.transfer.plan import PartTask, Plan
from weights_vault.client.transfer.urls import UrlBook
from weights_vault.client.transfer.writer import FileJob
from weights_vault.sealed.body import PART_SIZE, PLAIN_PART_SIZE


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

    workers: how many; None leaves it to the engine. tick: called every limits.tick_s by the calling thread, to show progress.
    """

    def __init__(self, work: Work, *, workers: int | None, tick: Callable[[], None]) -> None:
        self._work = work
        self._tick = tick
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._failure: BaseException | None = None
        self._running = 0
        self._lock = threading.Lock()
        self._workers = [
            _Worker(self, work, self._stop)
            for _ in range(min(workers or DEFAULT_JOBS, max(1, len(work.plan))))
        ]

    def run(self) -> None:
        """Return when every part is in and every file has its final name.

        Raises: ClientError: the first one of any worker; KeyboardInterrupt. Workers are gone by then.
        """
        self._running = len(self._workers)
        for worker in self._workers:
            worker.start()
        try:
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

    def worker_ended(self) -> None:
        """Look at once whether the work is over; called by workers as the last thing they do."""
        with self._lock:
            self._running -= 1
        self._wake.set()

    def _watch(self) -> None:
        while self._running and not self._stop.is_set():
            self._tick()
            self._wake.wait(self._work.limits.tick_s)
            self._wake.clear()
            for worker in self._workers:
                worker.connection.abort_if_stalled()

    def _end(self) -> None:
        if self._running:
            self._stop.set()
        for worker in self._workers:
            while worker.is_alive():
                worker.connection.abort()
                worker.join(self._work.limits.tick_s)
        for job in self._work.jobs.values():
            job.close()
        self._tick()


class _Worker(threading.Thread):
    """Takes parts until there are none, the download stops, or something fails."""

    def __init__(self, engine: Engine, work: Work, stop: threading.Event) -> None:
        super().__init__(name="weights-worker", daemon=True)
        self.connection = RangeConnection(connect_s=work.limits.connect_s, stall_s=work.limits.stall_s)
        self._engine = engine
        self._work = work
        self._stop_event = stop
        self._fetcher = PartFetcher(self.connection, work.urls, work.meter, stop, work.limits, work.pace)

    def run(self) -> None:
        """Work; every error goes to the engine, none is lost with the thread."""
        sealed, plain = memoryview(bytearray(PART_SIZE)), memoryview(bytearray(PLAIN_PART_SIZE))
        try:
            while not self._stop_event.is_set() and (task := self._work.plan.take()) is not None:
                self._do(task, sealed, plain)
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
            self._engine.worker_ended()

    def _do(self, task: PartTask, sealed_buffer: memoryview, plain_buffer: memoryview) -> None:
        work, index = self._work, task.place.index
        job = work.jobs[task.file.id]
        sealed = self._fetcher.fetch(task, sealed_buffer)
        plain = plain_buffer[: task.place.plain_size]
        with refused_as(f"Part {index} of {task.file.path} cannot be opened.", "Tell the portal's staff."):
            job.opener.open_part(index, sealed, plain)
        job.write(index, sealed, plain)
        work.journal.part(task.file.id, index)
        work.meter.part_in(task.file.id, plain_size=len(plain), sealed_size=len(sealed))
        if job.is_last(index):
            job.finish(work.folder, work.journal)
            work.urls.finished(task.file.id)
            work.meter.file_in(task.file.id)
