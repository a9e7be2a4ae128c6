"""When the token and the grant end, held against how long the download will take.

Only warnings: nobody knows the rate before the start, and what is in is kept whatever ends. An end that has
come is said by the portal itself, as an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from weights_vault.client import clock
from weights_vault.client.answers import Json, part, text
from weights_vault.client.api import Api
from weights_vault.client.errors import ClientError, NotSignedIn
from weights_vault.client.output import Output, size_text
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.preflight import seconds_at
from weights_vault.client.transfer.pulse import TimeLeft

# What a good line to a near store gives; who has less is warned once the rate is known.
HOPED_BYTES_PER_S = 100e6
# Less than this left is said at the start, unless even a slow line is through by then.
SHORT_S = 3600.0
SLOW_BYTES_PER_S = 1e6
# A rate is judged after so long: the first seconds say little.
JUDGED_AFTER_S = 30.0


@dataclass(frozen=True)
class End:
    """One end. what: token or grant. left_s: seconds until it, when it was asked for."""

    what: str
    left_s: float
    next_step: str


def find_ends(api: Api, grant: str) -> list[End]:
    """When this token and this grant end, as far as the portal says. Raises: NotSignedIn."""
    ends = []
    token = f"Make one that lives longer at {api.portal}/tokens/ and run `weights login`; what is in is kept."
    renewal = f"Ask for its renewal at {api.portal} now; what is in is kept, and goes on with the next grant."
    held = part(_asked(api, "/me"), "token")
    # A device's token is renewed on the way; only the end of its sign-in stops a download.
    if left := _left_s(api, text(held, "ends_at") or text(held, "expires_at")):
        ends.append(End("token", left, token))
    if left := _left_s(api, text(_asked(api, f"/grants/{grant}"), "ends_at")):
        ends.append(End("grant", left, renewal))
    return ends


def warn_at_start(ends: Sequence[End], fetch_bytes: int, output: Output) -> None:
    """Say which end comes before the download can be over, or soon."""
    best_s, slow_s = (seconds_at(fetch_bytes, rate) for rate in (HOPED_BYTES_PER_S, SLOW_BYTES_PER_S))
    for end in ends:
        if end.left_s < best_s:
            takes = f"{span_text(best_s)} for {size_text(fetch_bytes)} even at 100 MB/s"
            said = f"{_ends(end, end.left_s)}, and it takes {takes}."
            output.warning(f"{end.what}-ends-first", said, end.next_step)
        elif end.left_s < min(SHORT_S, slow_s):
            output.warning(
                f"{end.what}-ends-soon",
                f"{_ends(end, end.left_s)}, and {size_text(fetch_bytes)} are to be fetched.",
                end.next_step,
            )


class EndWatch:
    """Warns once of each end that the download will not reach at its present rate."""

    def __init__(
        self,
        ends: Sequence[End],
        meter: Meter,
        output: Output,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._meter = meter
        self._output = output
        self._monotonic = monotonic
        self._time_left = TimeLeft(monotonic)
        self._began = monotonic()
        self._ends = list(ends)

    def tick(self) -> None:
        """Hold the time left against the ends."""
        left_s = self._time_left.add(self._meter.read())
        ran_s = self._monotonic() - self._began
        if left_s is None or ran_s < JUDGED_AFTER_S:
            return
        for end in [end for end in self._ends if left_s > end.left_s - ran_s]:
            self._ends.remove(end)
            self._output.warning(
                f"{end.what}-ends-first",
                f"{_ends(end, end.left_s - ran_s)}; at the present rate it takes {span_text(left_s)} more.",
                end.next_step,
            )


def span_text(seconds: float) -> str:
    """`40 s`, `25 min`, `3 h`, `12 days`."""
    for size, unit, most in ((1, "s", 100), (60, "min", 100), (3600, "h", 72)):
        if seconds < size * most:
            return f"{max(1, round(seconds / size))} {unit}"
    return f"{round(seconds / 86400)} days"


def _ends(end: End, left_s: float) -> str:
    return f"Your {end.what} ends in {span_text(left_s)}"


def _asked(api: Api, path: str) -> Json:
    """What the portal says, {} where it says nothing: a warning is no reason to fail."""
    try:
        return api.get(path)
    except NotSignedIn:
        raise
    except ClientError:
        return {}


def _left_s(api: Api, moment: str) -> float | None:
    """Seconds until a moment by the portal's own clock; None where there is none, or it is past."""
    try:
        left_s = (datetime.fromisoformat(moment) - (api.portal_time or clock.now())).total_seconds()
    except (ValueError, TypeError):
        return None
    return left_s if left_s > 0 else None
