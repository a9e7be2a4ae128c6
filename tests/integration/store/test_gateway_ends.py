"""Nothing that a test started outlives it, also when the test's process is killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

OWNER = """
import subprocess, sys
from pathlib import Path
from tests.servers.guard import Guard
server = subprocess.Popen(["sleep", "1000"], start_new_session=True)
guard = Guard(Path(sys.argv[1]))
guard.watch(server.pid)
print(server.pid, flush=True)
sys.stdin.read()
"""
GONE_WITHIN_S = 20.0


def ended(pid: int) -> bool:
    """A process without a parent that asks after it stays as a zombie: it runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_servers_and_their_folder_go_with_a_killed_owner(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    (folder / "data").mkdir(parents=True)
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    with owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
    end = time.monotonic() + GONE_WITHIN_S
    while (folder.exists() or not ended(pid)) and time.monotonic() < end:
        time.sleep(0.01)
    assert not folder.exists()
    assert ended(pid)
