"""Progress for scripts: JSON lines on stderr with --json. Their shapes stand in docs/reference/cli.md."""

from __future__ import annotations

import time
from collections.abc import Callable

from weights_vault.client.output import Output
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.progress import LINE_EVERY_S, Phase
from weights_vault.client.transfer.pulse import Rate, TimeLeft

# Workers that all wait for one store must not fill a log.
RETRIES_A_TICK = 3


class EventDisplay:
    """`started` at once, `progress` every LINE_EVERY_S, `retrying` and `file_done` as they come."""

    def __init__(
        self,
        output: Output,
        meter: Meter,
        phase: Phase = Phase.download,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._output = output
        self._meter = meter
        self._phase = phase.value
        self._monotonic = monotonic
        self._rate = Rate(monotonic)
        self._left = TimeLeft(monotonic)
        self._began = monotonic()
        self._next = monotonic() + LINE_EVERY_S
        self._rates()
        output.event(
            "started",
            phase=self._phase,
            files=meter.files,
            files_done=meter.files_done,
            total_bytes=meter.total,
            done_bytes=meter.done,
        )

    def tick(self) -> None:
        """Say what happened since the last tick."""
        self._happened()
        reading, (rate, left) = self._meter.read(), self._rates()
        if self._monotonic() >= self._next:
            self._next = self._monotonic() + LINE_EVERY_S
            self._output.event(
                "progress",
                phase=self._phase,
                done_bytes=reading.moved,
                total_bytes=reading.total,
                files_done=reading.files_done,
                files=reading.files,
                fetched_bytes=reading.fetched,
                bytes_per_second=round(rate),
                seconds_left=None if left is None else round(left),
                retrying=reading.retrying or None,
            )

    def close(self) -> None:
        """The last events, and `finished`."""
        self._happened()
        reading = self._meter.read()
        self._output.event(
            "finished",
            phase=self._phase,
            done_bytes=reading.done,
            total_bytes=reading.total,
            files_done=reading.files_done,
            files=reading.files,
            fetched_bytes=reading.fetched,
            again_bytes=reading.again,
            waited_seconds=round(self._meter.waited_s, 1),
            seconds=round(self._monotonic() - self._began, 3),
        )

    def _rates(self) -> tuple[float, float | None]:
        reading = self._meter.read()
        flow = reading.fetched if self._phase == Phase.download else reading.moved
        return self._rate.add(flow), self._left.add(reading)

    def _happened(self) -> None:
        for retry in self._meter.take_retries()[:RETRIES_A_TICK]:
            self._output.event("retrying", phase=self._phase, reason=retry.reason, wait_seconds=retry.wait_s)
        for path in self._meter.take_finished():
            self._output.event("file_done", phase=self._phase, path=path)
