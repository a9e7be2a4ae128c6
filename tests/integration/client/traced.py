"""`weights` under strace: what each of its threads is doing, call by call, and a death at a chosen call.

The product has no hooks for this. strace tells every system call as it ends, and can send SIGKILL at the
entry of one, before the kernel has done any of it.
"""

from __future__ import annotations

import codecs
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MISSING = "strace is not installed: Debian's `strace` has it"
CALLS = "sendto,recvfrom,pwritev2,pwritev,write,ftruncate,fsync,rename"
# Enough of what came to hold the head of an answer.
TEXT_BYTES = 600

_LASTS = " <unfinished ...>"
_LINE = re.compile(r"(\d+) +(<\.\.\. )?(\w+)(?: resumed>|\()(.*)")
_RESULT = re.compile(r"\) += (\d+)$")
_TEXT = re.compile(r'"(.*?[^\\])"')
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def strace() -> str:
    """The path of strace. Where there is none the test is skipped, and fails in continuous integration."""
    found = shutil.which("strace")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return found


@dataclass
class Worker:
    """One thread that works on parts.

    phase: what it was last seen at, "" where that is nothing of a part. got: bytes of the answer under way.
    expected: how many it has, head and all; 0 as long as the head has not come. begun: of a call that lasts.
    """

    phase: str = ""
    got: int = 0
    expected: int = 0
    begun: str = ""

    def called(self, call: str, rest: str) -> None:
        """A call was begun, or has ended. rest: what follows its name."""
        ended = _RESULT.search(rest)
        if call == "sendto" and '"GET /delivery/' in rest:
            self.phase, self.got, self.expected = "fetch", 0, 0
        elif call == "recvfrom" and self.phase == "fetch" and ended:
            self._received(int(ended[1]), rest)
        elif call in ("pwritev", "pwritev2"):
            # What is written and not yet noted is about to be.
            self.phase = "journal" if ended else "write"
        elif call == "write" and "/.weights/journal>" in rest:
            self.phase = "" if ended else "journal"
        elif call in ("ftruncate", "fsync") and "/.weights/partial/" in rest:
            self.phase = "sync"
        elif call == "rename" and "/.weights/partial/" in rest:
            self.phase = "rename"

    def _received(self, count: int, rest: str) -> None:
        self.got += count
        if not self.expected and (text := _TEXT.search(rest)):
            head, end, _ = codecs.escape_decode(text[1].encode())[0].partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            self.expected = len(head) + len(end) + int(length[1]) if end and length else 0
        if self.expected and self.got >= self.expected:
            self.phase = "open"


@dataclass
class Trace:
    """What strace has told so far. workers: by thread. lines: as they came."""

    workers: dict[str, Worker] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Take one line."""
        self.lines.append(line)
        if found := _LINE.match(line):
            thread, resumed, call, rest = found.groups()
            worker = self.workers.setdefault(thread, Worker())
            worker.called(call, worker.begun + rest if resumed else rest)
            worker.begun = rest.removesuffix(_LASTS) if rest.endswith(_LASTS) else ""

    @property
    def phases(self) -> set[str]:
        """What the threads are at."""
        return {worker.phase for worker in [*self.workers.values()] if worker.phase}


class Traced:
    """A process under strace.

    process: itself, not strace. options: for strace. trace: grows while it runs.
    """

    def __init__(
        self,
        command: Sequence[str],
        options: Sequence[str] = (),
        *,
        environment: Mapping[str, str],
        cwd: Path,
        calls: str = CALLS,
    ) -> None:
        self.options = tuple(options)
        self.trace = Trace()
        reading, writing = os.pipe()
        try:
            self.process = subprocess.Popen(
                # -D: the process is our child, and strace its grandchild.
                [strace(), "-D", "-f", "-qq", "-y", "-s", str(TEXT_BYTES), "-o", f"/proc/self/fd/{writing}",
                 "-e", f"trace={calls}", "-e", "raw=pwritev,pwritev2", *options, *command],
                cwd=cwd, env=environment, text=True, pass_fds=[writing], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        finally:
            os.close(writing)
        self._reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._reader.start()

    def ended(self, timeout_s: float = 60.0) -> tuple[str, str]:
        """Wait for the end, and for the last of the trace. Returns: stdout, stderr."""
        said = self.process.communicate(timeout=timeout_s)
        self._reader.join(timeout_s)
        return said

    def _read(self, reading: int) -> None:
        with os.fdopen(reading, errors="replace") as log:
            for line in log:
                self.trace.read(line.rstrip("\n"))
