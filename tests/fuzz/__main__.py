"""Fuzz readers with atheris, guided by coverage: `python -m tests.fuzz [--runs N] [NAME …]`.

Each reader runs in a process of its own: libFuzzer ends the process at the first crash, hang (2 s), or
allocation beyond 64 MiB, and writes the input that did it. Exit status: 0, or 1 with the readers that failed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 1_000_000
LIMITS = ("-timeout=2", "-rss_limit_mb=1024", "-malloc_limit_mb=64", "-max_len=16384")


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="readers to fuzz; all without one")
    parser.add_argument("--runs", type=int, default=RUNS, help="inputs for each reader")
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.corpus:
        fuzz_here(options.names[0], options.runs, options.corpus)
    names = options.names or target_names()
    failed = [name for name in names if not _fuzz_apart(name, options.runs)]
    print(f"{len(names) - len(failed)} of {len(names)} readers stood {options.runs:,} inputs each")
    return 1 if failed else 0


def target_names() -> list[str]:
    """The names of all readers."""
    from tests.fuzz.targets import TARGETS

    return [target.name for target in TARGETS]


def _fuzz_apart(name: str, runs: int) -> bool:
    print(f"{name}: {runs:,} inputs …", flush=True)
    # Made here: libFuzzer ends its process without a chance to tidy up.
    with tempfile.TemporaryDirectory(prefix="fuzz-") as corpus:
        command = [sys.executable, "-m", "tests.fuzz", "--corpus", corpus, "--runs", str(runs), name]
        done = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    if done.returncode:
        print(done.stdout[-4_000:])
    else:
        print(f"  {next(line for line in reversed(done.stdout.splitlines()) if line.startswith('Done'))}")
    return done.returncode == 0


def fuzz_here(name: str, runs: int, corpus: Path) -> None:
    """Fuzz one reader in this process, which atheris ends. corpus: an empty folder for its inputs."""
    import atheris

    with atheris.instrument_imports(include=["weights_vault.sealed"]):
        from tests.fuzz.targets import TARGETS

    target = next(each for each in TARGETS if each.name == name)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    arguments = [sys.argv[0], f"-runs={runs}", *LIMITS, str(corpus)]
    atheris.Setup(arguments, lambda data: target.takes(data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
