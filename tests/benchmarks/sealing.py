"""Rows of the sealed format alone: a file opened into a file and into memory, and a file sealed."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.context import PYTHON, Context
from tests.benchmarks.place import digest, expect_same, memory_folder, random_file
from tests.benchmarks.processes import opening
from tests.benchmarks.programs import ROOT, Ran, run, shown
from tests.benchmarks.race import Contestant, race
from tests.benchmarks.row import Against, Row, Series, Target, gigabytes_a_second, rows_of

PROCESSES = Path(__file__).with_name("processes")
INSIDE = (
    "Ours, pyrage and crypt4gh are timed inside their process, from the function's call to its return: the "
    "start of a Python interpreter is not counted. age is timed as a whole command; its start takes 2 ms."
)


@dataclass(frozen=True)
class Bench:
    """The files of these rows, in one folder. size: of the plaintext."""

    folder: Path
    size: int

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def file(self, name: str) -> Path:
        return self.folder / name

    def make(self) -> None:
        """The plaintext, keys of every kind, and the plaintext in everybody's own container."""
        random_file(self.file("plain"), self.size, seed=1)
        bin_, secret, public = peers.ensure_python_peers(), self.path("c4gh.sec"), self.path("c4gh.pub")
        run([str(bin_ / "crypt4gh-keygen"), "--sk", secret, "--pk", public, "--nocrypt", "-f"])
        run(self.seal_ours())
        opening.prepare(self.file("what.json"), self.file("identity"), self.file("header"))

    def recipient(self) -> str:
        return run([peers.program("age-keygen"), "-y", self.path("identity")]).out.strip()

    def seal_ours(self) -> str:
        plain, store, what = self.path("plain"), self.path("store"), self.path("what.json")
        settings = f"DJANGO_SETTINGS_MODULE=tests.benchmarks.settings VAR_DIR={self.path('var')}"
        return f"{settings} {PYTHON} -m tests.benchmarks.processes.seal_file {plain} {store} {what}"

    def open_ours(self, process: str, *out: str) -> str:
        files = [self.path(name) for name in ("what.json", "identity", "header")]
        return " ".join([PYTHON, "-m", f"tests.benchmarks.processes.{process}", *files, *out])

    def crypt4gh(self, verb: str, source: str, target: str) -> str:
        """The command as the page shows it: what runs is the same with a clock around it."""
        to = f" --recipient_pk {self.path('c4gh.pub')}" if verb == "encrypt" else ""
        return f"crypt4gh {verb} --sk {self.path('c4gh.sec')}{to} <{source} >{target}"

    def crypt4gh_timed(self, verb: str, source: str, target: str) -> str:
        clocked = f"{peers.ensure_python_peers() / 'python'} {PROCESSES / 'peer_crypt4gh.py'}"
        return self.crypt4gh(verb, source, target).replace("crypt4gh", clocked, 1)

    def shown(self, command: str) -> tuple[str, ...]:
        names = {str(self.folder): "$T", PYTHON: "python", f"{ROOT}/": "", "/usr/bin/": ""}
        names[str(peers.PYTHON_PEERS / "bin" / "python")] = "python"
        return (re.sub(r"age1[a-z0-9]{58}", "$RECIPIENT", shown(command, names)),)


def inside(ran: Ran) -> float:
    """Seconds by the clock inside the process."""
    return float(ran.told["seconds"])


def open_file(context: Context) -> list[Row]:
    """A sealed file, its header and the signed digests become the file."""
    with memory_folder(4 * context.size) as folder:
        bench = Bench(folder, context.size)
        bench.make()
        plain, out = bench.path("plain"), bench.path("out")
        run([peers.program("age"), "-e", "-r", bench.recipient(), "-o", bench.path("plain.age"), plain])
        run(bench.crypt4gh_timed("encrypt", plain, bench.path("plain.c4gh")))
        wanted = digest(bench.file("plain"))
        bench.file("plain").unlink()
        age = f"{peers.program('age')} -d -i {bench.path('identity')} -o {out} {bench.path('plain.age')}"
        pyrage = f"{peers.PYTHON_PEERS / 'bin' / 'python'} {PROCESSES / 'peer_pyrage.py'} "
        pyrage += f"{bench.path('identity')} {bench.path('plain.age')} {out}"
        c4gh = ("decrypt", bench.path("plain.c4gh"), out)
        ours = bench.open_ours("open_file", out)
        lines = [("weights", ours, ours), ("age -d", age, age), ("pyrage", pyrage, pyrage)]
        lines.append(("crypt4gh decrypt", bench.crypt4gh(*c4gh), bench.crypt4gh_timed(*c4gh)))
        return _file_rows(
            context, bench, "open-file", "open file → file, digests checked", lines,
            {"age -d": 2.5, "pyrage": 2.5, "crypt4gh decrypt": 2.0}, wanted,
        )  # fmt: skip


def seal_file(context: Context) -> list[Row]:
    """The format alone: a file becomes a body, with both digests of each part."""
    return _seal_rows(context, "seal", "seal file → file with part digests", "seal_parts")


def seal_as_published(context: Context) -> list[Row]:
    """A file becomes a stored object as publishing does it, with its SHA-256 too."""
    return _seal_rows(context, "ingest", "the same as publishing does it, with SHA-256 too", "seal_file")


def _seal_rows(context: Context, key: str, what: str, process: str) -> list[Row]:
    with memory_folder(3 * context.size) as folder:
        bench = Bench(folder, context.size)
        bench.make()
        plain, out = bench.path("plain"), bench.path("out")
        age = f"{peers.program('age')} -e -r {bench.recipient()} -o {out} {plain}"
        c4gh = ("encrypt", plain, out)
        parts = f"{PYTHON} -m tests.benchmarks.processes.seal_parts {plain} {out}"
        ours = parts if process == "seal_parts" else bench.seal_ours()
        lines = [("weights", ours, ours), ("age -e", age, age)]
        lines.append(("crypt4gh encrypt", bench.crypt4gh(*c4gh), bench.crypt4gh_timed(*c4gh)))
        goals = {"age -e": 1.5, "crypt4gh encrypt": 2.0}
        return _file_rows(context, bench, key, what, lines, goals, None)


def _file_rows(
    context: Context,
    bench: Bench,
    key: str,
    what: str,
    lines: list[tuple[str, str, str]],
    goals: dict[str, float],
    wanted: str | None,
) -> list[Row]:
    """lines: name, command as shown, command as run. wanted: digest of the result, None for a sealed one."""

    def contestant(name: str, shown_as: str, command: str) -> Contestant:
        def act() -> float:
            ran = run(command)
            return ran.seconds if name.startswith("age") else inside(ran)

        check = (lambda: expect_same(bench.file("out"), wanted)) if wanted else (lambda: None)
        return Contestant(name, bench.shown(shown_as), act, lambda: _clear(bench), check)

    raced = race([contestant(*line) for line in lines], context.runs, context.say)
    rates = [
        Series(each.name, each.commands, gigabytes_a_second(context.size, each.samples)) for each in raced
    ]
    against = [Against(name, Target("at least", goal)) for name, goal in goals.items()]
    return rows_of(key, what, "GB/s", rates, against, [INSIDE])


def _clear(bench: Bench) -> None:
    """What an earlier turn made; a body that was sealed for opening stays."""
    bench.file("out").unlink(missing_ok=True)
    if bench.file("plain").exists():
        shutil.rmtree(bench.file("store"), ignore_errors=True)


def open_memory(context: Context) -> list[Row]:
    """Opening in memory against the bare cipher of OpenSSL, two processes of it."""
    with memory_folder(3 * context.size) as folder:
        bench = Bench(folder, context.size)
        bench.make()
        bench.file("plain").unlink()
        ours = bench.open_ours("open_memory")
        speed = f"{peers.program('openssl')} speed -evp chacha20-poly1305 -bytes 65536 -multi 2 -seconds 2"
        raced = race(
            [
                Contestant("weights", bench.shown(ours), lambda: context.size / inside(run(ours)) / 1e9),
                Contestant(
                    "openssl speed", bench.shown(speed), lambda: peers.openssl_rate(run(speed).out) / 1e9
                ),
            ],
            context.runs,
            context.say,
        )
    what = "open to memory, two threads, digests checked"
    facts = ["OpenSSL ciphers one 64 KiB block in its cache again and again; ours reads and writes memory."]
    return rows_of(
        "open-memory", what, "GB/s", raced, [Against("openssl speed", Target("at least", 0.4))], facts
    )
