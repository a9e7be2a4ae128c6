"""How a long command ends when it is told to: Ctrl-C, and the signals of a scheduler or a lost terminal.

The first signal ends the command in order: workers stop, the journal is closed, what is in stays. The second
one kills at once, as it does any program. A signal that was ignored when the command began (`nohup`, a job
in the background) stays ignored.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from weights_vault.client.errors import ClientError, Incomplete, Interrupted

_NAMES = {signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}
GOES_ON = "Run the same command again: it goes on where it stopped."
_TAKEN = (signal.SIGINT, *_NAMES)


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP came. It is a Ctrl-C for everything between the signal and `ended_in_order`."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = signal.Signals(number)


@contextmanager
def ended_in_order(what: str, kept: str, again: str = GOES_ON) -> Iterator[None]:
    """Turn signals in the block into the error of an interrupted or an incomplete command.

    what: `The download`. kept: what stays, in a sentence. again: what to do.
    Raises: Interrupted (130) after Ctrl-C, Incomplete(terminated) (6) after SIGTERM or SIGHUP.
    """
    before = _take() if threading.current_thread() is threading.main_thread() else {}
    try:
        yield
    except KeyboardInterrupt as stop:
        raise _ended(stop, what, kept, again) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _take() -> dict[signal.Signals, signal._HANDLER]:
    before = {number: signal.getsignal(number) for number in _TAKEN}
    taken = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in taken:
        signal.signal(number, _first)
    return taken


def _first(number: int, frame: FrameType | None) -> None:
    for each in _TAKEN:
        if signal.getsignal(each) is _first:
            signal.signal(each, signal.SIG_DFL)
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def _ended(stop: KeyboardInterrupt, what: str, kept: str, again: str) -> ClientError:
    if not isinstance(stop, Terminated):
        return Interrupted(
            "interrupted",
            f"{what} was interrupted.",
            f"You stopped it; {kept}",
            again,
        )
    return Incomplete(
        "terminated",
        f"{what} was ended before it was complete.",
        f"{_NAMES[stop.number]} came, as from a scheduler at the end of a job's time; {kept}",
        again,
    )
