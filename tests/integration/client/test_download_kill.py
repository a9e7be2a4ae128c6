"""D1 and Ctrl-C: the real command, as a process, killed while it downloads from a slow store.

A hundred deaths over as many folders as that takes, each logged with what the process was at: by chance, and
at every step that a part or a file goes through. The steps are system calls, which strace tells and ends.
"""

from __future__ import annotations

import json
import logging
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.integration.client.process import ROOT, download_command, enrolled
from tests.integration.client.published import Part
from tests.integration.client.traced import Traced
from tests.simulators.portal import SimulatedPortal
from tests.simulators.sealed_release import MIB, SealedRelease, random_files, seal_files
from weights_vault.sealed.body import NONCE_SIZE, PART_SIZE, part_range

JOBS = 2
SLOW_BYTES_PER_S = 11 * MIB  # of each connection
LASTS_S = 3.0
# A call that is to be died in lasts 0.2 s more; the kill comes within milliseconds.
HELD = "delay_exit=200000"
KILLED = "signal=SIGKILL"
PAGE = 4096
PHASES = {"fetch", "open", "write", "journal", "sync", "rename"}
# How the trace of a call ends in which the process died: not begun, or held.
_DIED_IN = ("= ?", "<unfinished ...>", "(DELAYED)")
log = logging.getLogger(__name__)

pytestmark = pytest.mark.slow


@pytest.fixture
def portal() -> Iterator[SimulatedPortal]:
    """Fourteen parts in ten files, and a store so slow that a whole download lasts more than 3 s."""
    small = {f"small{number}": 200_000 + number for number in range(4)}
    more = {f"more{number}": 90_000 + number for number in range(4)}
    files = random_files(**small, first=33 * MIB, **more, second=33 * MIB)
    with SimulatedPortal(seal_files(files)) as simulated:
        simulated.bytes_per_s = SLOW_BYTES_PER_S
        assert simulated.release.manifest.size / (JOBS * SLOW_BYTES_PER_S) >= LASTS_S
        yield simulated


@pytest.fixture
def place(tmp_path: Path, portal: SimulatedPortal) -> Place:
    return Place(tmp_path, enrolled(portal, tmp_path))


@dataclass(frozen=True)
class Place:
    """Where folders are made, and the environment of a person with an enrolled key."""

    path: Path
    environment: dict[str, str]

    def start(self, folder: Path, *options: str, **more: str) -> Traced:
        """`weights download` into the folder, under strace with these options. more: of its environment."""
        command = download_command(folder, jobs=JOBS)
        return Traced(command, options, environment=self.environment | more, cwd=ROOT)


def wait_a_moment(portal: SimulatedPortal) -> None:
    if portal.closing.wait(0.001):
        raise AssertionError("the simulator was closed")


def begun(portal: SimulatedPortal, since: int) -> set[Part]:
    """The parts whose fetch was begun, by the simulator's own log. since: length of that log before."""
    return {(sent.file, (sent.start - NONCE_SIZE) // PART_SIZE) for sent in portal.sent[since:]}


def noted(folder: Path) -> Counter[Part]:
    """How often the journal has each part; a line that a kill cut off is none."""
    journal = folder / ".weights" / "journal"
    lines = journal.read_text().split("\n")[:-1] if journal.exists() else []
    words = [line.split(" ") for line in lines if line.startswith("part ")]
    return Counter((file, int(index)) for _, file, index in words)


def assert_final_names_are_whole(folder: Path, release: SealedRelease) -> None:
    for file in release.files.values():
        final = folder / file.entry.path
        assert not final.exists() or final.read_bytes() == file.plain


def assert_complete(folder: Path, release: SealedRelease) -> None:
    for file in release.files.values():
        assert (folder / file.entry.path).read_bytes() == file.plain


@dataclass
class Victim:
    """A process that is to die. noted: how many parts the journal had before. began: monotonic time."""

    folder: Path
    noted: int
    traced: Traced = field(init=False)
    before: dict[str, int] = field(init=False)
    moment_s: float = field(default_factory=lambda: random.Random().uniform(0.0, 0.6))
    began: float | None = None

    def __post_init__(self) -> None:
        self.before = {path.name: path.stat().st_mtime_ns for path in self._partial()}

    def _partial(self) -> list[Path]:
        return [*(self.folder / ".weights" / "partial").glob("*")]

    def at_any_moment(self) -> bool:
        """So long after it first was at a part."""
        if self.began is None and self.traced.trace.phases:
            self.began = time.monotonic()
        return self.began is not None and time.monotonic() - self.began >= self.moment_s

    def is_fetching(self) -> bool:
        """So much of a part has come."""
        return any(
            worker.phase == "fetch" and 0 < self.moment_s * worker.expected <= worker.got
            for worker in [*self.traced.trace.workers.values()]
        )

    def is_opening(self) -> bool:
        """The last byte of a part has come."""
        return "open" in self.traced.trace.phases

    def is_writing(self) -> bool:
        """Something has been written to a partial file."""
        for path in self._partial():
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # it has just got its final name
            if status.st_mtime_ns != self.before.get(path.name) and status.st_blocks:
                return True
        return False

    def is_journaled(self) -> bool:
        """The journal has a part more."""
        return noted(self.folder).total() > self.noted


@dataclass(frozen=True)
class Aim:
    """A way to die, to be taken `times`.

    phase: what the process is at then; "" where chance decides. inject: what strace does to which call. only:
    the paths that this is about, as words of strace. when: the moment of a kill from outside.
    """

    name: str
    times: int
    phase: str = ""
    inject: str = ""
    only: Callable[[Path, SealedRelease], list[str]] = lambda folder, release: []
    when: Callable[[Victim], bool] | None = None
    # Without the processor's vectors a part takes 60 ms to open instead of 8.
    slow_opening: bool = False

    def options(self, folder: Path, release: SealedRelease) -> list[str]:
        return [*(["-e", f"inject={self.inject}"] if self.inject else []), *self.only(folder, release)]

    def phases(self, traced: Traced) -> set[str]:
        """What the process was at when it died: from the trace, unless that is of one call alone."""
        if self.when is None or "-P" in traced.options:
            assert any(line.endswith(_DIED_IN) for line in traced.trace.lines)
            return {self.phase}
        return traced.trace.phases


def in_journal(folder: Path, release: SealedRelease) -> list[str]:
    return ["-P", str(folder / ".weights" / "journal")]


def in_partial(folder: Path, release: SealedRelease) -> list[str]:
    paths = [folder / ".weights" / "partial" / name for name in release.files]
    return [word for path in paths for word in ("-P", str(path))]


def in_folder(folder: Path, release: SealedRelease) -> list[str]:
    return ["-P", str(folder)]


AIMS = [
    Aim("any moment", 30, when=Victim.at_any_moment),
    Aim("in the middle of a fetch", 8, "fetch", when=Victim.is_fetching),
    Aim("fetched, in the middle of opening", 12, "open", when=Victim.is_opening, slow_opening=True),
    Aim("opened, nothing written", 4, "open", f"pwritev2:{KILLED}:when=1"),
    Aim("the second opened, nothing written", 4, "open", f"pwritev2:{KILLED}:when=2"),
    Aim("in the middle of a write", 10, "write", f"pwritev2:{HELD}", when=Victim.is_writing),
    Aim("written, not journaled", 10, "journal", f"write:{KILLED}:when=1", in_journal),
    Aim("journaled", 6, "journal", f"write:{HELD}", in_journal, Victim.is_journaled),
    Aim("complete, not synced", 6, "sync", f"fsync:{KILLED}", in_partial),
    Aim("synced, not renamed", 6, "rename", f"rename:{KILLED}", in_partial),
    Aim("renamed, its folder not synced", 4, "rename", f"fsync:{KILLED}", in_folder),
]
KILLS = sum(aim.times for aim in AIMS)


def lose_a_page(folder: Path, release: SealedRelease, known: set[Part]) -> set[Part]:
    """As a power cut after a kill does. Returns: the part that lost it, if an unfinished file has one."""
    for name, index in sorted(known):
        partial = folder / ".weights" / "partial" / name
        if partial.exists():
            with partial.open("r+b") as file:
                file.seek(part_range(index, release.files[name].entry.size).plain_start)
                file.write(bytes(PAGE))
            return {(name, index)}
    return set()


def dies(victim: Victim, aim: Aim, portal: SimulatedPortal) -> bool:
    """Wait for the aim's moment. Returns: False where the process came to its end before it."""
    process = victim.traced.process
    while aim.when is not None and process.poll() is None:
        if aim.when(victim):
            process.kill()
            break
        wait_a_moment(portal)
    _, err = victim.traced.ended()
    assert process.returncode in (0, -signal.SIGKILL), err
    return process.returncode != 0


# A hundred processes under strace: on two cores that others use as well, four minutes.
@pytest.mark.timeout(900)
def test_d1_killed_a_hundred_times_at_every_step_it_resumes_with_the_same_result(
    portal: SimulatedPortal, place: Place
) -> None:
    """D1: what is in is never fetched again, so that a kill costs what was under way: a part a worker.

    After some of the deaths a page of what was written is lost too, as in a power cut: that part comes again.
    """
    aims = [aim for aim in AIMS for _ in range(aim.times)]
    random.Random(20261101).shuffle(aims)
    seen: Counter[str] = Counter()
    kills, number = 0, 1
    lost: Counter[Part] = Counter()  # how often the journal had a part when it lost a page
    known: set[Part] = set()
    pages = 0
    while aims:
        aim, folder, before = aims[-1], place.path / f"release-{number}", len(portal.sent)
        more = {"OPENSSL_ia32cap": "0:0"} if aim.slow_opening else {}
        victim = Victim(folder, noted(folder).total())
        victim.traced = place.start(folder, *aim.options(folder, portal.release), **more)
        killed = dies(victim, aim, portal)
        fetched = begun(portal, before)
        assert not fetched & known
        if not killed:  # before its moment came: go on in a new folder
            assert_complete(folder, portal.release)
            number, known, lost = number + 1, set(), Counter()
            continue
        kills += 1
        seen.update(phases := aim.phases(victim.traced))
        now_in = set(noted(folder) - lost)
        assert known <= now_in
        known = now_in
        assert len(fetched - known) <= JOBS
        assert_final_names_are_whole(folder, portal.release)
        log.info("kill %d: %s: %s; %d parts in", kills, aim.name, sorted(phases), len(known))
        assert kills < 2 * KILLS, seen
        if not aim.phase or aim.phase in phases:
            aims.pop()
        if kills % 8 == 0 and (page := lose_a_page(folder, portal.release, known)):
            known, pages = known - page, pages + 1
            lost |= Counter({part: count for part, count in noted(folder).items() if part in page})
    log.info("%d kills, %d of them with a page lost: %s", kills, pages, dict(seen))
    assert seen.keys() >= PHASES
    assert (kills >= KILLS, pages > 0) == (True, True)
    portal.bytes_per_s, before = 0, len(portal.sent)
    traced = place.start(folder)
    out, err = traced.ended()
    assert traced.process.returncode == 0, err
    assert json.loads(out)["complete"] is True
    assert_complete(folder, portal.release)
    assert not begun(portal, before) & known


def test_ctrl_c_ends_with_130_keeps_the_state_and_says_how_to_resume(
    portal: SimulatedPortal, place: Place
) -> None:
    traced = place.start(place.path / "release")
    while not portal.sent:
        wait_a_moment(portal)
    traced.process.send_signal(signal.SIGINT)
    out, err = traced.ended()
    assert traced.process.returncode == 130
    assert json.loads(out)["error"]["reference"] == "interrupted"
    assert "Run the same command again" in err
    assert "Traceback" not in err
    assert_final_names_are_whole(place.path / "release", portal.release)
    portal.bytes_per_s = 0
    traced = place.start(place.path / "release")
    traced.ended()
    assert traced.process.returncode == 0
