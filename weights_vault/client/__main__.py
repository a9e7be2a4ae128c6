"""Where `weights` begins: Ctrl-C is quiet before the command can answer it, and after it is done.

Loading the command takes longer than changing one's mind. So nothing but what the interpreter has anyway is
imported before the handler stands; the command itself is imported under it.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130  # of errors.Interrupted, which is not loaded yet


def main() -> None:
    """Run the command line and leave with its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background; it stays so
        _command()
        return
    signal.signal(signal.SIGINT, _leave)
    try:
        _command(signal.default_int_handler)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, _leave)  # the interpreter's end takes its time too


def _command(handler: signal._HANDLER = signal.SIG_IGN) -> None:
    from weights_vault.client.main import main as command

    signal.signal(signal.SIGINT, handler)
    command()


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)  # nothing was said yet, or all of it


if __name__ == "__main__":
    main()
