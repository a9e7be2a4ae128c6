"""`python -m tests.audits`: bandit over what runs; each finding mended or answered in answers.py."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.audits.answers import ANSWERS

ROOT = Path(__file__).parents[2]
CODE = ("portal", "licenses", "weights_vault", "manage.py")


def findings() -> tuple[Counter[tuple[str, str]], list[str]]:
    """Return how often bandit found each (test, file), and its lines for people.

    Raises: RuntimeError: bandit failed, or could not read a file.
    """
    command = [sys.executable, "-m", "bandit", "-q", "-r", *CODE, "-f", "json", "--exit-zero"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"bandit failed: {done.stderr}")
    report = json.loads(done.stdout)
    if report["errors"]:
        raise RuntimeError(f"bandit could not read: {report['errors']}")
    counted: Counter[tuple[str, str]] = Counter()
    lines = []
    for each in report["results"]:
        key = (each["test_id"], each["filename"].removeprefix("./"))
        counted[key] += 1
        lines.append(f"{key[1]}:{each['line_number']}: {key[0]} {each['issue_text']}")
    return counted, lines


def differences(counted: Counter[tuple[str, str]]) -> list[str]:
    """What is found and not answered, and what is answered and not found."""
    expected = {key: count for key, (count, _) in ANSWERS.items()}
    return [
        f"{path}: {test} {counted[test, path]} times, {expected.get((test, path), 0)} answered"
        for test, path in sorted({*counted, *expected})
        if counted[test, path] != expected.get((test, path), 0)
    ]


def main() -> int:
    counted, lines = findings()
    wrong = differences(counted)
    if not wrong:
        print(f"bandit: {counted.total()} findings, each answered")
        return 0
    files = {each.partition(":")[0] for each in wrong}
    print("\n".join([*wrong, "", *(line for line in lines if line.partition(":")[0] in files)]))
    print("\nMend it, or answer it in tests/audits/answers.py.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
