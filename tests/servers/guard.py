"""Ends what a test started and removes its folder, also when the test process is killed.

Usage: python guard.py FOLDER, with the process ids to end, a line each, on standard input. When that input
ends, because the test closed it or because the test's process is gone, the processes get SIGKILL and the
folder goes.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

GONE_WITHIN_S = 10.0
POLL_S = 0.01


class Guard:
    """Watches over `folder` and the processes it is told of."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C at the terminal is not for it
        )

    def watch(self, pid: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{pid}\n".encode())
        self._process.stdin.flush()

    def end(self) -> None:
        """End everything and return when it is gone."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    folder = Path(sys.argv[1])
    pids = [int(line) for line in sys.stdin]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + GONE_WITHIN_S
    while any(map(_runs, pids)) and time.monotonic() < end:
        time.sleep(POLL_S)
    shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    """A process that ended and waits for its parent to ask is gone enough: it holds no file."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


if __name__ == "__main__":
    main()
