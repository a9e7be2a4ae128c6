"""Fetches one part whole, through whatever the line and the store do, as long as there is progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from weights_vault.client.errors import ClientError, Incomplete, IntegrityFailure, PortalFault, Unreachable
from weights_vault.client.transfer.connection import (
    SLICE_BYTES,
    Fill,
    LineTrouble,
    OddAnswer,
    ProxyRefused,
    RangeConnection,
    UrlRefused,
)
from weights_vault.client.transfer.limits import Limits
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.pace import Pace
from weights_vault.client.transfer.plan import PartTask
from weights_vault.client.transfer.urls import UrlBook
from weights_vault.sealed.body import part_digest


class Stopped(Exception):
    """The download was told to stop; the part under way is dropped."""


@dataclass
class _Troubles:
    """Failures in a row while one part is fetched. since: bytes that came since the line's were counted."""

    line: int = 0
    odd: int = 0
    url: int = 0
    since: int = 0

    def came(self, count: int, progress_bytes: int) -> None:
        """The line failed after so many bytes; enough of them, also over several tries, are progress."""
        self.since += count
        self.line += 1
        if self.since >= progress_bytes:
            self.line, self.since = 1, 0


class PartFetcher:
    """One worker's way to the store.

    stop: set when the download must end; every wait and every read gives way to it. crowded: told when the
    store or the line would do better with fewer connections.
    asks_portal: whether it waits for the portal's word, which nothing breaks off.
    """

    def __init__(
        self,
        connection: RangeConnection,
        urls: UrlBook,
        meter: Meter,
        stop: threading.Event,
        limits: Limits,
        pace: Pace,
        crowded: Callable[[], None] = lambda: None,
    ) -> None:
        self.asks_portal = False
        self._connection = connection
        self._urls = urls
        self._meter = meter
        self._stop = stop
        self._limits = limits
        self._pace = pace
        self._crowded = crowded

    def fetch(self, task: PartTask, buffer: memoryview) -> memoryview:
        """The sealed bytes of one part, their digest checked.

        buffer: at least as long as the part. Returns: the front of buffer.
        Raises: IntegrityFailure(part-digest-mismatch): the store keeps sending something else;
        Incomplete, PortalFault and what the portal answers to a renewal; Stopped.
        """
        view = buffer[: task.place.sealed_size]
        tags: set[str] = set()
        for _ in range(self._limits.digest_tries):
            tags |= self._fill(task, view)
            if part_digest(view) == task.sealed_digest:
                return view
            self._connection.close()
            self._meter.thrown_away(task.file.id, len(view), f"a part of {task.file.path} is damaged")
        raise _mismatch(task, replaced=len(tags) > 1)

    def _fill(self, task: PartTask, view: memoryview) -> set[str]:
        """Fill the view over as many requests as it takes. Returns: the ETags met."""
        fill = Fill(view, lambda count: self._received(task, count), piece=self._pace.piece(SLICE_BYTES))
        troubles = _Troubles()
        tags: set[str] = set()
        while fill.filled < len(view):
            url = self._url(task)
            before = fill.filled
            start = task.place.body_start + before
            try:
                tag = self._connection.read_range(url, start, task.place.body_end, task.file.body_size, fill)
                tags |= {tag} if tag else set()
            except LineTrouble as trouble:
                self._check_stop()
                troubles.came(fill.filled - before, self._limits.progress_bytes)
                self._after_line_trouble(trouble, troubles)
            except ProxyRefused as trouble:
                raise _proxy_error(trouble) from None
            except UrlRefused as trouble:
                self._urls.refused(task.file.id, url)
                troubles.url += 1
                self._after_refusal(trouble, troubles, task)
            except OddAnswer as trouble:
                # Nothing of such an answer is kept, nor of what came before it: it may be another object's.
                self._meter.thrown_away(task.file.id, fill.filled, str(trouble))
                fill.filled = 0
                self._urls.refused(task.file.id, url)
                troubles.odd += 1
                self._after_odd_answer(trouble, troubles, task)
        return tags

    def _url(self, task: PartTask) -> str:
        self._check_stop()
        self.asks_portal = True
        try:
            return self._urls.url(task.file.id)
        finally:
            # In this order: who sees that the portal is not asked any more sees to it that this one stops.
            self.asks_portal = False
            self._check_stop()

    def _received(self, task: PartTask, count: int) -> None:
        self._meter.received(task.file.id, count)
        self._pace.take(count, self._stop)
        self._check_stop()

    def _after_line_trouble(self, trouble: LineTrouble, troubles: _Troubles) -> None:
        if troubles.line >= self._limits.tries:
            raise _line_error(trouble)
        if trouble.crowded:
            self._crowded()
        wait_s = trouble.wait_s if trouble.wait_s is not None else self._limits.backoff(troubles.line)
        self._meter.retry(str(trouble), wait_s)
        self._wait(wait_s)

    def _after_refusal(self, trouble: UrlRefused, troubles: _Troubles, task: PartTask) -> None:
        if troubles.url < self._limits.url_tries:
            if troubles.url > 1:  # a fresh one: the store's clock may be behind the portal's
                self._wait(self._limits.backoff(troubles.url))
            return
        missing = trouble.status in (404, 410)
        raise PortalFault(
            "object-missing" if missing else "url-refused",
            f"The store does not give out {task.file.path}.",
            f"It answered {trouble.status} to {troubles.url} fresh URLs in a row.",
            "Run the command again later; what is in is kept. If it stays, tell the portal's staff.",
        )

    def _after_odd_answer(self, trouble: OddAnswer, troubles: _Troubles, task: PartTask) -> None:
        if troubles.odd >= self._limits.odd_tries:
            raise _odd_error(trouble, task)
        self._wait(self._limits.backoff(troubles.odd))

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise Stopped


def _line_error(trouble: LineTrouble) -> ClientError:
    return Incomplete(
        "connection-lost",
        "The download stopped before its end.",
        f"No progress after many tries: {trouble}.",
        "Check the network, then run the same command again: it goes on where it stopped.",
    )


def _proxy_error(trouble: ProxyRefused) -> Unreachable:
    return Unreachable(
        "proxy-refused",
        "The store cannot be reached through the proxy.",
        f"{str(trouble)[0].upper()}{str(trouble)[1:]}.",
        "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or name the store's host in NO_PROXY.",
    )


def _odd_error(trouble: OddAnswer, task: PartTask) -> ClientError:
    return PortalFault(
        "store-misbehaves",
        f"The store does not answer as it must for {task.file.path}.",
        f"Again and again {trouble}.",
        "Nothing wrong was kept. If a proxy stands between, go around it; else tell the portal's staff.",
    )


def _mismatch(task: PartTask, *, replaced: bool) -> IntegrityFailure:
    why = (
        "the stored object was replaced while it was being fetched"
        if replaced
        else "the stored object is damaged"
    )
    return IntegrityFailure(
        "part-digest-mismatch",
        f"Part {task.place.index} of {task.file.path} is not what was published.",
        f"Its digest is not the signed one, however often it is fetched: {why}.",
        "Nothing of it was kept, the rest is. Tell the portal's staff, then run the command again.",
    )
