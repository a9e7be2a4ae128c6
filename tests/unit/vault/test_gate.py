"""The gate's process: what it is given, and what is believed of it."""

import base64
import hashlib
import json
import os
import select
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from portal.accounts.principals import system_principal
from tests.stored import store_object
from weights_vault import gate
from weights_vault.gate import WorkerFailed, gate_report, run_worker
from weights_vault.ingest import read_back
from weights_vault.keeper import GATE_GRANT
from weights_vault.models import Revision
from weights_vault.sealed.body import PART_SIZE, open_body
from weights_vault.sealed.header import GrantLabel, open_header
from weights_vault.sealed.keys import parse_identity
from weights_vault.sealed.manifest import decode_manifest, encode_manifest
from weights_vault.statement import describe_revision
from weights_vault.storage import storage
from weights_vault.storage.filesystem import FilesystemStorage
from weights_vault.storage.port import ObjectMissing, StorageError

PASSED = '{"verdict": "passed", "levels": []}'


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """worker(program): this program is the smoke worker now."""

    def become(program: str) -> None:
        monkeypatch.setattr(gate, "WORKER", (sys.executable, "-c", program))

    return become


def test_report_of_the_worker_is_returned(worker: Callable[[str], None]) -> None:
    worker(f"print({PASSED!r})")
    assert run_worker({})["verdict"] == "passed"


def test_failed_report_is_returned_too(worker: Callable[[str], None]) -> None:
    worker("""import sys; print('{"verdict": "failed"}'); sys.exit(8)""")
    assert run_worker({})["verdict"] == "failed"


@pytest.mark.parametrize(
    "program",
    [
        f"import sys; print({PASSED!r}); sys.exit(1)",
        f"import sys; print({PASSED!r}); sys.exit(8)",
        f"import os, sys; print({PASSED!r}, flush=True); os.kill(os.getpid(), 9)",
        'print(\'{"verdict": "perhaps"}\')',
        "print('{}')",
        "print('[]')",
        "print('nonsense')",
        "print('x' * 20_000_000)",
        "pass",
        "raise RuntimeError('out of memory')",
    ],
)
def test_worker_without_a_verdict_and_the_status_that_fits_has_not_passed(
    program: str, worker: Callable[[str], None]
) -> None:
    worker(program)
    with pytest.raises(WorkerFailed):
        run_worker({})


def test_what_the_worker_says_of_its_job_is_passed_on(worker: Callable[[str], None]) -> None:
    worker("""import sys; print('{"error": {"detail": "no config.json"}}'); sys.exit(2)""")
    with pytest.raises(WorkerFailed) as caught:
        run_worker({})
    assert caught.value.detail == "no config.json"


def test_worker_that_crashes_is_quoted(worker: Callable[[str], None]) -> None:
    worker("raise RuntimeError('out of memory')")
    with pytest.raises(WorkerFailed, match="out of memory"):
        run_worker({})


def test_worker_that_never_stops_talking_fills_neither_memory_nor_disk(
    worker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """W3"""
    monkeypatch.setattr(gate, "MAX_FILE_BYTES", 100_000)
    worker(
        "import os, sys; sys.stdin.read()\n"
        "for to in (1, 2):\n"
        "    try:\n"
        "        while os.write(to, b'x' * 1_000 + b'the end'): pass\n"
        "    except OSError: pass\n"
        "os._exit(1)"
    )
    kept: list[int] = []
    real = gate._read_report
    monkeypatch.setattr(
        gate,
        "_read_report",
        lambda *said: kept.extend(map(len, said[:2])) or real(*said),  # type: ignore[func-returns-value]
    )
    with pytest.raises(WorkerFailed, match="the end"):
        run_worker({})
    assert kept == [100_000, 4 * gate.ERROR_CHARACTERS]


def test_what_the_worker_left_running_is_not_waited_for(
    worker: Callable[[str], None], body: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """W3: a child in a session of its own holds the pipes, and stdout and stderr."""
    monkeypatch.setattr(read_back, "LAST_ANSWER_S", 0.2)
    note = tmp_path / "child"
    worker(
        "import os, signal\n"
        "if child := os.fork():\n"
        f"    open({str(note)!r}, 'w').write(str(child)); print({PASSED!r}, flush=True); os._exit(0)\n"
        "os.setsid(); signal.pause()"
    )
    assert run_worker({"bodies": {"fil_1": NAME}})["verdict"] == "passed"
    os.kill(int(note.read_text()), signal.SIGKILL)


def test_worker_is_given_nothing_of_our_environment(
    worker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MASTER_KEY", "DATABASE_URL", "WEIGHTS_TOKEN", "https_proxy"):
        monkeypatch.setenv(name, "secret")
    worker("import json, os; print(json.dumps({'verdict': 'passed', 'seen': dict(os.environ)}))")
    seen = run_worker({})["seen"]
    assert "secret" not in json.dumps(seen)
    assert seen["HOME"] != os.environ["HOME"]
    assert seen["HF_HUB_OFFLINE"] == "1"


def test_worker_that_takes_too_long_is_ended_with_its_children(
    worker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """W3"""
    monkeypatch.setattr(gate, "TIME_LIMIT_S", 3)
    note = tmp_path / "child"
    worker(
        "import os, signal\n"
        "child = os.fork()\n"
        f"if child: open({str(note)!r}, 'w').write(str(child))\n"
        "signal.pause()"
    )
    with pytest.raises(WorkerFailed, match="longer than 3 s"):
        run_worker({})
    assert _ends(int(note.read_text()))


def _ends(process: int) -> bool:
    """Is it gone, or going within 10 s? (The kernel takes a moment after SIGKILL.)"""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


@pytest.mark.django_db
def test_job_opens_every_stored_body_and_nothing_else(revision: Revision, folder: Any, now: datetime) -> None:
    jobs: list[Mapping[str, Any]] = []

    def keep(job: Mapping[str, Any]) -> dict[str, Any]:
        jobs.append(job)
        return {"verdict": "passed"}

    manifest = encode_manifest(describe_revision(revision))
    gate_report(revision=revision, manifest=manifest, by=system_principal("test"), now=now, run=keep)
    (job,) = jobs
    identity = parse_identity(job["identity"])
    assert set(job["bodies"]) == {file.id for file in revision.files.all()}
    for file in decode_manifest(job["manifest"].encode()).files:
        header = base64.b64decode(job["headers"][file.id])
        key = open_header(header, [identity], GrantLabel(GATE_GRANT, revision.id, file.id))
        with storage().open(job["bodies"][file.id]) as body:
            assert open_body(key, body.read()) == (folder / file.path).read_bytes()
    assert json.loads(json.dumps(job)) == job


# A worker that asks for what its argument lists, and answers with what it heard.
ASKING = """
import hashlib, json, os, sys
job = json.load(sys.stdin)
heard = []
for request in {requests!r}:
    os.write(job["requests"], (request % (next(iter(job["bodies"])),)).encode() + b"\\n")
    length = int.from_bytes(os.read(job["answers"], 8), "big")
    data = b""
    while len(data) < length:
        data += os.read(job["answers"], length - len(data))
    heard.append(hashlib.sha256(data).hexdigest() if length else "")
print(json.dumps({{"verdict": "passed", "heard": heard, "bodies": job["bodies"]}}))
"""


@pytest.fixture
def body() -> bytes:
    """A body of two parts and a little, in the store under NAME."""
    data = os.urandom(2 * PART_SIZE + 5)
    store_object(NAME, data)
    return data


NAME = "ab" * 20


def test_worker_reads_stored_bodies_through_the_parent(worker: Callable[[str], None], body: bytes) -> None:
    worker(ASKING.format(requests=["%s 0 7", f"%s 16 {PART_SIZE}", f"%s {2 * PART_SIZE} 5"]))
    report = run_worker({"bodies": {"fil_1": NAME}})
    pieces = [body[:7], body[16 : 16 + PART_SIZE], body[-5:]]
    assert report["heard"] == [hashlib.sha256(piece).hexdigest() for piece in pieces]
    assert report["bodies"] == {"fil_1": len(body)}
    assert NAME not in json.dumps(report)


@pytest.mark.parametrize(
    "request_", ["%s 0 99999999", "%s 33562620 100", "fil_2 0 7 \n%s", "%s 0 0", "fil_2%.0s 0 7"]
)
def test_worker_reads_nothing_but_its_bodies(
    request_: str, worker: Callable[[str], None], body: bytes
) -> None:
    """W3: too much, beyond the end, not a request, nothing, another file."""
    worker(ASKING.format(requests=[request_]))
    assert run_worker({"bodies": {"fil_1": NAME}})["heard"] == [""]


def test_body_that_the_store_does_not_give_is_no_verdict_on_the_weights(
    worker: Callable[[str], None], body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I7"""

    def down(self: Any, name: str, offset: int, out: memoryview) -> None:
        raise StorageError("the store is out of reach")

    monkeypatch.setattr(FilesystemStorage, "read", down)
    worker(ASKING.format(requests=["%s 0 7"]) + "sys.exit(8)")
    with pytest.raises(StorageError, match="out of reach"):
        run_worker({"bodies": {"fil_1": NAME}})


def test_body_that_is_not_in_the_store_starts_no_worker(worker: Callable[[str], None]) -> None:
    worker("raise SystemExit('started')")
    with pytest.raises(ObjectMissing):
        run_worker({"bodies": {"fil_1": NAME}})


def test_worker_that_dies_while_it_is_answered_ends_the_serving(
    worker: Callable[[str], None], body: bytes
) -> None:
    worker(
        "import json, os, sys\n"
        "job = json.load(sys.stdin)\n"
        f"os.write(job['requests'], b'fil_1 0 {PART_SIZE}\\n')\n"
        "os.read(job['answers'], 8)\n"
        "os.kill(os.getpid(), 9)"
    )
    with pytest.raises(WorkerFailed, match="status -9"):
        run_worker({"bodies": {"fil_1": NAME}})
