"""The worker process: jobs in, reports out, and what it may not do (W3)."""

import base64
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.unit.smoke.conftest import MakeRelease
from tests.unit.smoke.releases import GRANT, KEY, Sealed, manifest_of, seal
from weights_vault.sealed.manifest import encode_manifest
from weights_vault.smoke.errors import JobMalformed
from weights_vault.smoke.worker import BAD_JOB, FAILED, MACHINE_LACKS, PASSED, read_job

SECRET = "postgres://portal:hunter2@db/portal"


def work(job: object, *, pass_fds: tuple[int, ...] = (), **environment: str) -> tuple[int, dict[str, Any]]:
    """Give one job to a worker process. Returns: its exit status and its answer."""
    data = job if isinstance(job, bytes) else json.dumps(job).encode()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "weights_vault.smoke.worker"],
        input=data, capture_output=True, check=False, timeout=120, env={**os.environ, **environment},
        pass_fds=pass_fds,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert done.stderr.decode() == (
        "{reference}: {detail}\n".format(**answer["error"]) if "error" in answer else ""
    )
    return done.returncode, answer


def gate_job(sealed: Sealed) -> dict[str, object]:
    return {
        "action": "gate",
        "manifest": encode_manifest(sealed.manifest).decode(),
        "identity": sealed.identity.to_text(),
        "grant": GRANT,
        "headers": {id: base64.b64encode(header).decode() for id, header in sealed.headers.items()},
        "bodies": {id: path.stat().st_size for id, path in sealed.bodies.items()},
        "device": "cpu",
    }


def work_sealed(sealed: Sealed, **environment: str) -> tuple[int, dict[str, Any]]:
    """Let a worker gate `sealed`, and read its bodies for it."""
    requests, asks = os.pipe()
    hears, answers = os.pipe()
    serving = threading.Thread(target=serve, args=(sealed, requests, answers))
    serving.start()
    try:
        job = {**gate_job(sealed), "requests": asks, "answers": hears}
        return work(job, pass_fds=(asks, hears), **environment)
    finally:
        os.close(asks)
        serving.join()
        for descriptor in (hears, requests, answers):
            os.close(descriptor)


def serve(sealed: Sealed, requests: int, answers: int) -> None:
    with open(requests, closefd=False) as lines, open(answers, "wb", closefd=False) as out:
        for line in lines:
            id, offset, length = line.split()
            body = sealed.bodies[id].read_bytes()[int(offset) : int(offset) + int(length)]
            out.write(len(body).to_bytes(8, "big") + body)
            out.flush()


def test_record_and_gate_of_the_sealed_bytes_pass(release: MakeRelease, tmp_path: Path) -> None:
    folder = release()
    for path in (folder / "smoke").iterdir():
        path.unlink()
    status, report = work({"action": "record", "folder": str(folder), "device": "cpu"})
    assert (status, report["verdict"]) == (PASSED, "passed")
    status, report = work_sealed(seal(folder, tmp_path / "store"), DATABASE_URL=SECRET)
    assert (status, report["verdict"], report["release"]) == (PASSED, "passed", "tiny-opt")
    assert [each["verdict"] for each in report["levels"]] == ["passed"] * 3


def test_gate_of_a_damaged_body_fails(release: MakeRelease, tmp_path: Path) -> None:
    sealed = seal(release(), tmp_path / "store")
    file = next(f for f in sealed.manifest.files if KEY.format(3) in {each.name for each in f.tensors})
    body = bytearray(sealed.bodies[file.id].read_bytes())
    body[-1] ^= 1
    sealed.bodies[file.id].write_bytes(body)
    status, report = work_sealed(sealed)
    assert (status, report["verdict"]) == (FAILED, "failed")
    # The only part of that body: its header cannot be read either.
    assert report["levels"][0]["problems"][0]["code"] == "digest-mismatch"
    assert [each["verdict"] for each in report["levels"]] == ["failed", "skipped", "skipped"]


def test_folder_without_weights_is_a_bad_job(tmp_path: Path) -> None:
    status, answer = work({"action": "folder", "folder": str(tmp_path)})
    assert (status, answer["error"]["reference"]) == (BAD_JOB, "file-missing")


def test_folder_of_another_release_fails(release: MakeRelease) -> None:
    manifest = encode_manifest(manifest_of(release("float16"))).decode()
    job = {"action": "folder", "folder": str(release("bfloat16")), "manifest": manifest, "level": "structure"}
    status, report = work(job | {"manifest_sha256": "ab" * 32})
    assert (status, report["manifest_sha256"]) == (FAILED, "ab" * 32)
    assert [each["level"] for each in report["levels"]] == ["structure"]


def test_device_that_is_not_there_is_the_machines_lack(release: MakeRelease) -> None:
    folder = release()
    job = {
        "action": "folder",
        "folder": str(folder),
        "manifest": encode_manifest(manifest_of(folder)).decode(),
    }
    status, answer = work(job | {"device": "cuda:99"})
    assert (status, answer["error"]["reference"]) == (MACHINE_LACKS, "device-unavailable")


@pytest.mark.parametrize(
    "job",
    [
        {"action": "record"},
        {"action": "record", "folder": 1},
        {"action": "folder", "folder": ".", "manifest": "{}"},
        {"action": "record", "folder": ".", "cpu_s": -1},
        {"action": "gate", "manifest": "{}", "identity": "AGE-SECRET-KEY-1QQQ"},
    ],
    ids=str,
)
def test_bad_job_has_its_own_status(job: dict[str, object]) -> None:
    status, answer = work(job)
    assert (status, answer["error"]["reference"]) == (BAD_JOB, "job-malformed")


def test_malformed_identity_is_not_repeated(release: MakeRelease, tmp_path: Path) -> None:
    """G8."""
    job = gate_job(seal(release(), tmp_path / "store"))
    job["identity"] = str(job["identity"])[:-1]
    status, answer = work(job)
    assert (status, answer["error"]["reference"]) == (BAD_JOB, "job-malformed")
    assert "AGE-SECRET-KEY" not in json.dumps(answer)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"nothing", b'{"action": "rm"}', b"[" * 10_000, b'{"action": []}']
)
def test_what_is_no_job_is_refused(data: bytes) -> None:
    with pytest.raises(JobMalformed):
        read_job(data)


def confined(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code behind the worker's fence."""
    fence = "from weights_vault.smoke.confinement import confine, limit_addresses\n"
    return subprocess.run(
        [sys.executable, "-c", fence + code],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "import socket; socket.getaddrinfo('example.org', 443)",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
    ],
)
def test_network_and_other_programs_are_denied(code: str) -> None:
    done = confined("confine()\n" + code)
    assert done.returncode != 0
    assert "ConfinementBreached" in done.stderr


def test_environment_of_the_parent_is_gone() -> None:
    done = confined(
        "confine()\nimport os; print(sorted(os.environ))", DATABASE_URL=SECRET, WEIGHTS_TOKEN="wp_x"
    )
    assert "DATABASE_URL" not in done.stdout
    assert "WEIGHTS_TOKEN" not in done.stdout
    assert "HF_HUB_OFFLINE" in done.stdout


def test_endless_loop_is_ended_by_its_processor_time() -> None:
    done = confined("confine(cpu_s=1)\nwhile True: pass")
    assert done.returncode < 0


def test_memory_beyond_the_weights_is_refused() -> None:
    done = confined("confine(); limit_addresses(2**20)\nbytearray(100 * 2**30)")
    assert "MemoryError" in done.stderr
