"""D8 and D11 for real: the command as a process on disks that are full, limited, read-only or broken.

What needs a file system of its own is mounted in a name space of its own, which goes with its process. What
no file system does at a wish is done by strace, to one call of the kernel.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client.process import ROOT, download_command, enrolled
from tests.integration.client.traced import Traced
from tests.simulators.portal import SimulatedPortal
from tests.simulators.sealed_release import MIB, SealedFile, random_files, seal_files

END_S = 60
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sealed() -> list[SealedFile]:
    """Four parts in three files."""
    return seal_files(random_files(small=100_000, first=17 * MIB, second=10 * MIB))


@pytest.fixture
def portal(sealed: list[SealedFile]) -> Iterator[SimulatedPortal]:
    with SimulatedPortal(sealed) as simulated:
        yield simulated


@dataclass(frozen=True)
class Ran:
    """How a download ended. document: what it printed."""

    code: int
    document: Any
    err: str

    @property
    def reference(self) -> str:
        return str(self.document["error"]["reference"])


@dataclass(frozen=True)
class Person:
    """Who downloads into `folder`."""

    portal: SimulatedPortal
    folder: Path
    environment: dict[str, str]

    @property
    def command(self) -> list[str]:
        return download_command(self.folder, jobs=1)

    def start(self, *front: str) -> subprocess.Popen[str]:
        """front: words before the command."""
        return subprocess.Popen(
            [*front, *self.command], cwd=ROOT, env=self.environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *front: str) -> Ran:
        return ended(self.start(*front))

    def run_with(self, fault: str, *only: Path) -> Ran:
        """Under strace, which has a call fail. only: the paths that this is about."""
        paths = [word for path in only for word in ("-P", str(path))]
        call = fault.partition(":")[0]
        options = ["-e", f"inject={fault}", *paths]
        traced = Traced(self.command, options, environment=self.environment, cwd=ROOT, calls=call)
        out, err = traced.ended()
        assert any("(INJECTED)" in line for line in traced.trace.lines), "the fault was not met"
        return Ran(traced.process.returncode, json.loads(out), err)

    def assert_goes_on(self) -> None:
        """The same command completes it, and fetches no part again that was in."""
        before = len(self.portal.sent)
        known = parts_in(self.folder)
        ran = self.run()
        assert (ran.code, ran.document["complete"]) == (0, True), ran.err
        self.assert_complete(self.folder)
        assert len(self.portal.sent) - before == self.portal.release.parts - known

    def assert_complete(self, folder: Path) -> None:
        for file in self.portal.release.files.values():
            assert (folder / file.entry.path).read_bytes() == file.plain

    def assert_nothing_partial(self) -> None:
        for file in self.portal.release.files.values():
            final = self.folder / file.entry.path
            assert not final.exists() or final.read_bytes() == file.plain


@pytest.fixture
def person(portal: SimulatedPortal, tmp_path: Path) -> Person:
    return Person(portal, tmp_path / "releases" / "opt", enrolled(portal, tmp_path))


def ended(process: subprocess.Popen[str]) -> Ran:
    out, err = process.communicate(timeout=END_S)
    return Ran(process.returncode, json.loads(out) if out else None, err)


def parts_in(folder: Path) -> int:
    """Whole lines of parts in the journal."""
    journal = folder / ".weights" / "journal"
    text = journal.read_text() if journal.exists() else ""
    return sum(line.startswith("part ") for line in text.split("\n")[:-1])


def assert_says_what_to_do(ran: Ran, reference: str) -> None:
    assert (ran.code, ran.reference) == (7, reference), ran.err
    assert "Traceback" not in ran.err


REFERENCES = {
    "ENOSPC": "disk-full",
    "EDQUOT": "quota-reached",
    "EROFS": "disk-read-only",
    "EIO": "disk-error",
}


@pytest.mark.parametrize("error", REFERENCES)
def test_d8_a_write_that_fails_in_the_middle_ends_with_7_and_goes_on_after_it(
    person: Person, error: str
) -> None:
    """The third part; what was in by then stays in."""
    ran = person.run_with(f"pwritev2:error={error}:when=3")
    assert_says_what_to_do(ran, REFERENCES[error])
    assert parts_in(person.folder) == 2
    person.assert_nothing_partial()
    person.assert_goes_on()


@pytest.mark.parametrize(
    ("call", "error"), [("fsync", "EIO"), ("fsync", "ENOSPC"), ("ftruncate", "EDQUOT"), ("rename", "EROFS")]
)
def test_d8_a_file_that_cannot_be_finished_gets_no_final_name(person: Person, call: str, error: str) -> None:
    """EIO on fsync above all: what the disk did not take is never taken for written."""
    partial = [person.folder / ".weights" / "partial" / name for name in person.portal.release.files]
    ran = person.run_with(f"{call}:error={error}", *partial)
    assert_says_what_to_do(ran, REFERENCES[error])
    assert not list(person.folder.glob("*.safetensors"))
    person.assert_goes_on()


def test_d8_a_journal_that_cannot_be_written_costs_one_part(person: Person) -> None:
    ran = person.run_with("write:error=ENOSPC:when=3", person.folder / ".weights" / "journal")
    assert_says_what_to_do(ran, "disk-full")
    person.assert_nothing_partial()
    person.assert_goes_on()


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_d8_a_folder_whose_documents_cannot_be_put_down_is_none_yet(person: Person, call: str) -> None:
    ran = person.run_with(f"{call}:error=EIO", person.folder / ".weights" / "manifest.dsse.json.new")
    assert_says_what_to_do(ran, "disk-error")
    assert person.portal.sent == []
    person.assert_goes_on()


def test_d8_a_limit_on_file_sizes_is_met_before_anything_is_fetched(person: Person) -> None:
    """`ulimit -f`, in blocks of 512 bytes or 1 KiB: 8 MiB at most."""
    ran = person.run("sh", "-c", 'ulimit -f 8192; exec "$@"', "sh")
    assert_says_what_to_do(ran, "file-too-large")
    assert person.portal.sent == []
    person.assert_goes_on()


def test_d8_a_folder_that_may_not_be_written_is_said_first(person: Person) -> None:
    """As anybody; and as root without the right to pass by permissions, as in many containers."""
    place = person.folder.parent
    place.mkdir(mode=0o500)
    ran = person.run(*without_passing_by())
    assert_says_what_to_do(ran, "folder-not-writable")
    assert person.portal.sent == []
    place.chmod(0o700)
    person.assert_goes_on()


def without_passing_by() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]


# Mounts in a name space of its own; a second download after more room was made; the result brought out.
ON_A_SMALL_DISK = """
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 99
shift 2
"$@"
"""


@pytest.fixture
def mounts() -> None:
    """Named where it lacks: a container may not be allowed to mount."""
    allowed = shutil.which("unshare") and os.geteuid() == 0
    command = ["unshare", "-m", "sh", "-c", ON_A_SMALL_DISK, "sh", "1m", "/mnt", "true"]
    if not allowed or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("nobody may mount a file system here")


def on_a_disk_of(size: str, person: Person) -> list[str]:
    person.folder.parent.mkdir()
    return ["unshare", "-m", "sh", "-c", ON_A_SMALL_DISK, "sh", size, str(person.folder.parent)]


def test_d8_a_disk_that_is_too_small_is_met_before_anything_is_fetched(mounts: None, person: Person) -> None:
    ran = person.run(*on_a_disk_of("24m", person))
    assert_says_what_to_do(ran, "disk-full")
    assert person.portal.sent == []


def test_d8_a_disk_that_somebody_else_fills_meanwhile(mounts: None, person: Person, tmp_path: Path) -> None:
    """A real disk, full in the middle; then there is room again, and it goes on."""
    twice = 'set +e; "$@"; echo "$?" >"$CODE"; read -r _ <"$GO"; "$@" >"$SAID" 2>&1; cp -a "$PLACE" "$RESULT"'
    go, code, result = tmp_path / "go", tmp_path / "code", tmp_path / "result"
    os.mkfifo(go)
    person.environment.update(
        CODE=str(code), GO=str(go), PLACE=str(person.folder), RESULT=str(result), SAID=str(tmp_path / "said")
    )
    person.portal.bytes_per_s = 30 * MIB
    process = person.start(*on_a_disk_of("96m", person), "sh", "-c", twice, "sh")
    # Seen from outside through the process, whose disk it is.
    disk = Path(f"/proc/{process.pid}/root{person.folder.parent}")
    while parts_in(disk / person.folder.name) < 1:
        assert process.poll() is None, process.communicate()
        assert not person.portal.closing.wait(0.005)
    with (disk / "filler").open("wb") as filler:
        fill(filler.fileno())
    while not code.exists() or not code.read_text():
        assert process.poll() is None, process.communicate()
        assert not person.portal.closing.wait(0.005)
    known, before = parts_in(disk / person.folder.name), len(person.portal.sent)
    (disk / "filler").unlink()
    go.write_text("go\n")
    out, err = process.communicate(timeout=END_S)
    assert code.read_text() == "7\n", err
    assert json.loads(out)["error"]["reference"] == "disk-full"
    person.assert_complete(result)
    assert len(person.portal.sent) - before == person.portal.release.parts - known


def fill(descriptor: int) -> None:
    """Write until the disk takes no byte more."""
    try:
        while True:
            os.write(descriptor, bytes(1 << 16))
    except OSError:
        return


def test_d8_a_disk_that_is_mounted_read_only_is_said_first(mounts: None, person: Person) -> None:
    read_only = 'mount -o remount,ro "$PLACE"; exec "$@"'
    person.environment["PLACE"] = str(person.folder.parent)
    ran = person.run(*on_a_disk_of("24m", person), "sh", "-c", read_only, "sh")
    assert_says_what_to_do(ran, "folder-not-writable")
    assert person.portal.sent == []


def test_d11_of_four_downloads_into_one_folder_one_goes_on_and_three_exit_clearly(person: Person) -> None:
    person.portal.bytes_per_s = 20 * MIB
    ran = [ended(process) for process in [person.start() for _ in range(4)]]
    assert sorted(each.code for each in ran) == [0, 2, 2, 2], [each.err for each in ran]
    for each in ran:
        if each.code:
            assert each.reference == "folder-in-use"
            assert "Another `weights` is working" in each.err
            assert "process " in each.err
    person.assert_complete(person.folder)
    assert len(person.portal.sent) == person.portal.release.parts
