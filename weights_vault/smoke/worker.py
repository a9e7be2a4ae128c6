"""One job in a process of its own: `python -m weights_vault.smoke.worker`, a JSON job on stdin, a JSON report
on stdout.

Jobs, all with optional "device", "level" and "cpu_s":
    {"action": "record", "folder": …}
    {"action": "folder", "folder": …, "manifest": payload, "manifest_sha256": …}
    {"action": "folder", "folder": …}: a publisher's, before sealing, held against its own reference
    {"action": "gate", "manifest": payload, "identity": …, "grant": …, "headers": {id: base64},
     "bodies": {id: bytes}, "requests": fd, "answers": fd}: bodies are read by the parent, over two pipes
"manifest" is the payload as text; whoever makes the job has verified its signature, or is about to sign it.

Exit status: 0 passed, 8 failed (both with a report), 2 a bad job, 7 this machine lacks something (both with
{"error": {"reference", "detail"}} on stdout), 1 a bug.
"""

import base64
import binascii
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.keys import parse_identity
from weights_vault.sealed.manifest import Manifest, decode_manifest
from weights_vault.smoke.confinement import CPU_LIMIT_S, confine, limit_addresses
from weights_vault.smoke.errors import JobMalformed, SmokeError, Unavailable
from weights_vault.smoke.listing import WITH_REFERENCE, unsigned_listing
from weights_vault.smoke.served import ServedBodies
from weights_vault.smoke.source import FolderSource, PartSource, SealedSource

if TYPE_CHECKING:
    from weights_vault.smoke.report import Report

PASSED, BAD_JOB, MACHINE_LACKS, FAILED = 0, 2, 7, 8
MAX_JOB_BYTES = 256 * 1024 * 1024  # a manifest of 32 MiB, and a header of 2 KiB for each of 10,000 files
Job = Mapping[str, object]


def main() -> int:
    """Run the job on stdin; see the module's docstring. Returns: the exit status."""
    try:
        job = read_job(sys.stdin.buffer.read(MAX_JOB_BYTES + 1))
        confine(cpu_s=_integer(job, "cpu_s", CPU_LIMIT_S))
        report = ACTIONS[_text(job, "action")](job)
    except Unavailable as error:
        return _answer_error(error, MACHINE_LACKS)
    except SmokeError as error:
        return _answer_error(error, BAD_JOB)
    print(json.dumps(report.to_json()), flush=True)  # noqa: T201 (stdout is this program's interface)
    return PASSED if report.verdict == "passed" else FAILED


def read_job(data: bytes) -> Job:
    """The job in `data`. Raises: JobMalformed."""
    if len(data) > MAX_JOB_BYTES:
        raise JobMalformed("the job is too large")
    try:
        job = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise JobMalformed("the job is not JSON") from error
    if not isinstance(job, dict) or job.get("action") not in tuple(ACTIONS):
        raise JobMalformed(f"the job's action is one of {', '.join(ACTIONS)}")
    return job


def _record(job: Job) -> "Report":
    from weights_vault.smoke.record import record

    folder = Path(_text(job, "folder"))
    _limit(job, sum(each.stat().st_size for each in folder.glob("*.safetensors")))
    return record(folder, device=_text(job, "device", "auto"))


def _folder(job: Job) -> "Report":
    folder = Path(_text(job, "folder"))
    if "manifest" in job:
        return _run(job, FolderSource(folder, _manifest(job)))
    return _run(job, FolderSource(folder, unsigned_listing(folder, WITH_REFERENCE)), signed=False)


def _gate(job: Job) -> "Report":
    manifest = _manifest(job)
    try:
        identity = parse_identity(_text(job, "identity"))
        headers = {id: base64.b64decode(text, validate=True) for id, text in _texts(job, "headers").items()}
    except (SealedError, binascii.Error) as error:
        # Its own message: what a parser says of an identity has no place in an answer.
        raise JobMalformed("the identity or a header is malformed") from error
    bodies = ServedBodies(_sizes(job, "bodies"), _integer(job, "requests", 0), _integer(job, "answers", 0))
    return _run(job, SealedSource(manifest, headers, identity, bodies, grant=_text(job, "grant")))


ACTIONS: Mapping[str, Callable[[Job], "Report"]] = {"record": _record, "folder": _folder, "gate": _gate}


def _run(job: Job, source: PartSource, *, signed: bool = True) -> "Report":
    from weights_vault.smoke.run import LEVELS, run

    level = _text(job, "level", "logits")
    if level not in LEVELS:
        raise JobMalformed(f"the job's level is one of {', '.join(LEVELS)}")
    _limit(job, sum(file.size for file in source.manifest.files if file.kind == "weights"))
    digest = _text(job, "manifest_sha256", "") or None
    device = _text(job, "device", "auto")
    return run(source, device=device, level=level, manifest_sha256=digest, signed=signed)


def _limit(job: Job, weights_bytes: int) -> None:
    """Only where the CPU computes: which one "auto" means is known after torch, too late for the fence."""
    if _text(job, "device", "auto") == "cpu" or not Path("/dev/nvidiactl").exists():
        limit_addresses(weights_bytes)


def _manifest(job: Job) -> Manifest:
    try:
        return decode_manifest(_text(job, "manifest").encode())
    except SealedError as error:
        raise JobMalformed(f"the job's manifest is malformed: {error}") from error


def _text(job: Job, key: str, default: str | None = None) -> str:
    value = job.get(key, default)
    if not isinstance(value, str):
        raise JobMalformed(f"the job has no text {key!r}")
    return value


def _integer(job: Job, key: str, default: int) -> int:
    value = job.get(key, default)
    if type(value) is not int or value <= 0:
        raise JobMalformed(f"the job's {key!r} is not a positive integer")
    return value


def _texts(job: Job, key: str) -> dict[str, str]:
    value = job.get(key)
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise JobMalformed(f"the job has no {key!r} of texts by file id")
    return value


def _sizes(job: Job, key: str) -> dict[str, int]:
    value = job.get(key)
    if not isinstance(value, dict) or not all(type(each) is int for each in value.values()):
        raise JobMalformed(f"the job has no {key!r} of sizes by file id")
    return value


def _answer_error(error: SmokeError, status: int) -> int:
    answer = {"error": {"reference": error.reference, "detail": str(error)}}
    print(json.dumps(answer), flush=True)  # noqa: T201
    print(f"{error.reference}: {error}", file=sys.stderr)  # noqa: T201 (for logs)
    return status


if __name__ == "__main__":
    sys.exit(main())
