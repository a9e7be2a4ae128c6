"""The keeper as an operator runs it: `manage.py keeper`, ready when it says that it listens."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
READY = "The keeper listens at"
END_WAIT_S = 30.0


class KeeperProcess:
    """One keeper; it ends with its context. environment: all of its process's."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "KeeperProcess":
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "keeper"],
                cwd=ROOT, env={**self._environment, "PROCESS": "keeper"},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(READY):
                return self
        self.kill()
        raise RuntimeError(f"the keeper did not start: {self.said}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def said(self) -> str:
        """What it wrote to its log."""
        return self._log.read_text()

    def end(self) -> int:
        """SIGTERM; its exit status once it has ended."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(END_WAIT_S)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
