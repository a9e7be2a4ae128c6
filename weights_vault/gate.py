"""The publisher's gate: the smoke test of what is in the store, before anybody else can have it.

It runs in a process of its own, with nothing of this one's environment but the paths it needs: the weights
are somebody's data, and torch never enters the publishing process. An ephemeral identity opens the sealed
bodies, so that what is tested is what recipients will get, not what lies in the folder.
"""

import base64
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.accounts.principals import Principal
from portal.core.problems import Problem
from weights_vault import keeper
from weights_vault.ingest.read_back import ReadBack
from weights_vault.models import Revision
from weights_vault.sealed.keys import generate_identity

WORKER = (sys.executable, "-m", "weights_vault.smoke.worker")
TIME_LIMIT_S = 6 * 3600
MAX_REPORT_BYTES = 16 * 2**20
MAX_FILE_BYTES = 2**30  # of any file that the worker writes
ERROR_CHARACTERS = 2_000
VERDICTS = {0: "passed", 8: "failed"}  # the worker's exit status → what its report must say
CHECKOUT = Path(__file__).resolve().parent.parent

Report = dict[str, Any]
Runner = Callable[[Mapping[str, Any]], Report]  # a job in, a report out


class WorkerFailed(Problem):
    """The smoke worker gave no report: it crashed, ran out of time or said the job is wrong."""

    code = "smoke_worker_failed"
    title = "The smoke test could not be run"
    status = 500


def gate_report(*, revision: Revision, manifest: bytes, by: Principal, now: datetime, run: Runner) -> Report:
    """Open the stored bodies of `revision` with a key made for the purpose, test them, return the report.

    manifest: the statement that would be signed. run: does the job; `run_worker` in production.
    Raises: WorkerFailed.
    """
    identity = generate_identity("x25519")
    headers = keeper.gate(revision=revision, recipient=str(identity.recipient), by=by.actor, now=now)
    return run(
        {
            "action": "gate",
            "manifest": manifest.decode(),
            "identity": identity.to_text(),
            "grant": keeper.GATE_GRANT,
            "headers": {file: base64.b64encode(header).decode() for file, header in headers.items()},
            "bodies": {file.id: file.body.object_name for file in revision.files.select_related("body")},
        }
    )


def run_worker(job: Mapping[str, Any]) -> Report:
    """Hand `job` to the smoke worker and return its report.

    Bodies that the job names as objects of the store are read here, part by part as the worker asks: it has
    no network, and no disk has to hold them.
    Raises: WorkerFailed. StorageError: a body could not be read, which says nothing about the weights.
    """
    with ReadBack(job.get("bodies", {})) as bodies:
        if "bodies" in job:
            requests, answers = bodies.worker_ends
            job = {**job, "bodies": bodies.sizes, "requests": requests, "answers": answers}
        finished = _run(json.dumps(job).encode(), bodies)
    if bodies.fault is not None:
        raise bodies.fault
    return _read_report(*finished)


def _run(job: bytes, bodies: ReadBack) -> tuple[bytes, bytes, int]:
    """Returns: what the worker said on stdout, the end of what it said on stderr, and its exit status.

    Both go into files: a worker that never stops talking fills neither memory nor disk of this machine.
    """
    with (
        tempfile.TemporaryDirectory(prefix="smoke-home-") as home,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
    ):
        worker = subprocess.Popen(
            WORKER,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            cwd=CHECKOUT,
            env=_environment(home),
            pass_fds=bodies.worker_ends,
            start_new_session=True,
        )
        # It does nothing before it has its job: so this comes first.
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
        bodies.begin()
        _feed(worker, job)
        output.seek(0)
        errors.seek(-min(errors.seek(0, os.SEEK_END), 4 * ERROR_CHARACTERS), os.SEEK_END)
        return output.read(MAX_REPORT_BYTES + 1), errors.read(), worker.returncode


def _feed(worker: "subprocess.Popen[bytes]", job: bytes) -> None:
    """Until it ended. Raises: WorkerFailed: it takes too long."""
    try:
        worker.communicate(job, timeout=TIME_LIMIT_S)
    except BaseException as error:
        # The worker leads its own group: what it forked ends with it.
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise WorkerFailed(detail=f"The smoke test took longer than {TIME_LIMIT_S} s.") from None
        raise


def _environment(home: str) -> dict[str, str]:
    """No keys, no tokens, no proxies, no network."""
    return {
        "PATH": os.defpath,
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def _read_report(answer: bytes, errors: bytes, returncode: int) -> Report:
    try:
        report = json.loads(answer) if len(answer) <= MAX_REPORT_BYTES else None
    except ValueError:
        report = None
    if isinstance(report, dict):
        # Verdict and exit status must agree: a worker that dies after its report has not passed.
        if VERDICTS.get(returncode) == report.get("verdict", ""):
            return report
        fault = report.get("error")
        if isinstance(fault, dict) and isinstance(fault.get("detail"), str):
            raise WorkerFailed(
                detail=fault["detail"], next_step="Correct it, and run the same command again."
            )
    said = errors.decode(errors="replace").strip()[-ERROR_CHARACTERS:]
    raise WorkerFailed(
        detail=f"The smoke test ended with status {returncode} and no report. {said}".strip(),
        next_step="Run the same command again; if it ends like this again, look at the message above.",
    )
