"""docs/how-to/download-to-a-cluster.md: its scripts do what they say, in a cluster made of shell scripts."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main

from weights_vault.client.main import app

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "download-to-a-cluster.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
JOB, LOOP = [block for block in BLOCKS if block.startswith("#!/bin/bash")]
# Each program notes how it was called; `weights` ends with the next code of the list.
PROGRAMS = {
    "weights": 'echo "weights $*" >> "$NOTES"; echo "{}"; read -r code rest < "$CODES"; '
    'echo "$rest" > "$CODES"; exit "$code"',
    "srun": 'echo "srun" >> "$NOTES"; shift; exec "$@"',
    "scontrol": 'echo "scontrol $*" >> "$NOTES"',
    "sleep": 'echo "sleep $*" >> "$NOTES"',
    "nice": 'exec "$@"',
}


@dataclass(frozen=True)
class Ran:
    code: int
    notes: list[str]
    out: str


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """A folder of programs that stand for those of a cluster."""
    place = tmp_path / "bin"
    place.mkdir()
    for name, body in PROGRAMS.items():
        (place / name).write_text(f"#!/bin/bash\n{body}\n")
        (place / name).chmod(0o755)
    return place


def run(cluster: Path, script: str, *codes: int, **environment: str) -> Ran:
    notes, ends = cluster / "notes", cluster / "codes"
    ends.write_text(" ".join(map(str, codes)) + "\n")
    notes.write_text("")
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=cluster, capture_output=True, text=True, check=False, timeout=30,
        env={
            "PATH": f"{cluster}:{os.environ['PATH']}", "USER": "ann", "SLURM_JOB_ID": "4711",
            "NOTES": str(notes), "CODES": str(ends), **environment,
        },
    )  # fmt: skip
    return Ran(done.returncode, notes.read_text().splitlines(), done.stdout + done.stderr)


DOWNLOAD = "weights download opt-175b --to /scratch/ann/opt-175b"


def test_the_job_downloads_in_a_step_and_keeps_the_document(cluster: Path) -> None:
    ran = run(cluster, JOB, 0)
    assert (ran.code, ran.notes) == (0, ["srun", f"{DOWNLOAD} --json"])
    assert (cluster / "result-4711.json").read_text() == "{}\n"


def test_after_6_the_job_goes_on_in_the_queue_at_once(cluster: Path) -> None:
    ran = run(cluster, JOB, 6)
    assert (ran.code, ran.notes[2:]) == (0, ["scontrol requeue 4711"])


@pytest.mark.parametrize("code", [9, 10])
def test_when_the_portal_or_the_network_fails_it_waits_first(cluster: Path, code: int) -> None:
    ran = run(cluster, JOB, code)
    assert (ran.code, ran.notes[2:]) == (0, ["sleep 60", "scontrol requeue 4711"])


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 7])
def test_what_needs_a_person_ends_the_job(cluster: Path, code: int) -> None:
    ran = run(cluster, JOB, code)
    assert (ran.code, ran.notes[2:]) == (code, [])


def test_it_does_not_go_on_for_ever(cluster: Path) -> None:
    ran = run(cluster, JOB, 6, SLURM_RESTART_COUNT="20")
    assert (ran.code, ran.notes[2:]) == (6, [])
    assert "20 restarts" in ran.out


def test_the_loop_goes_on_until_it_is_complete(cluster: Path) -> None:
    ran = run(cluster, LOOP, 6, 10, 0)
    call = f"{DOWNLOAD} --jobs 4 --limit-rate 100M"
    assert (ran.code, ran.notes) == (0, [call, "sleep 60", call, "sleep 60", call])


def test_the_loop_ends_with_what_needs_a_person(cluster: Path) -> None:
    ran = run(cluster, LOOP, 6, 4)
    assert (ran.code, len(ran.notes)) == (4, 3)


@pytest.mark.parametrize("script", [JOB, LOOP], ids=["job", "loop"])
def test_another_folder_can_be_named(cluster: Path, script: str) -> None:
    assert "--to /elsewhere" in " ".join(run(cluster, script, 0, DIR="/elsewhere").notes)


def test_every_option_on_the_page_is_one_of_the_command() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for line in "\n".join(BLOCKS).splitlines():
        found = re.search(r"\bweights (login|download|verify|smoke-test)\b(.*)", line)
        if found:
            known = {option for each in commands[found[1]].params for option in each.opts}
            used = {word for word in found[2].split() if word.startswith("--")}
            assert used <= known | {"--json", "--portal", "--portal-key"}, line
