"""The gate's process: what it is given, and what is believed of it."""

import base64
import json
import os
import select
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from portal.accounts.principals import system_principal
from weights_vault import gate
from weights_vault.gate import WorkerFailed, gate_report, run_worker
from weights_vault.keeper import GATE_GRANT
from weights_vault.models import Revision
from weights_vault.sealed.body import open_body
from weights_vault.sealed.header import GrantLabel, open_header
from weights_vault.sealed.keys import parse_identity
from weights_vault.sealed.manifest import decode_manifest, encode_manifest
from weights_vault.statement import describe_revision

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
    for file in decode_manifest(job["manifest"].encode()).files:
        header = base64.b64decode(job["headers"][file.id])
        key = open_header(header, [identity], GrantLabel(GATE_GRANT, revision.id, file.id))
        body = Path(job["bodies"][file.id]).read_bytes()
        assert open_body(key, body) == (folder / file.path).read_bytes()
    assert json.loads(json.dumps(job)) == job
