"""C2SP/CCTV's age vectors, which are fetched and not kept here: `python -m tests.vectors.cctv_age TARBALL`.

Their npm package (0BSD, CC0-1.0 or Unlicense) is named with its version and digest; `make` fetches it beside
the virtual environment's programs. Nothing of its code runs: the vectors are read out of the text as base64.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.vectors.age_vectors import Vector, parse_vector

PACKAGE = "cctv-age@0.2.0"
INTEGRITY = "sha512-1fiGAaWr+snqgu8+uCC7qPeApAuueOESET2npKe0FVLY+Huf+Kkia89Rybx/uoGNCml31SgAjiQIeFOY4K3New=="
VECTORS = 143
TARBALL = Path(sys.prefix) / "cctv-age.tgz"

_VECTOR = re.compile(r'^// \.\./testdata/(\w+)\nvar \w+ = __toBinary\("([A-Za-z0-9+/=]+)"\);$', re.MULTILINE)


def read_vectors(tarball: Path) -> list[Vector]:
    """Every vector of the package, in its order.

    Raises: ValueError: it is not the package that was pinned, or not every vector of it could be read.
    """
    check(tarball)
    with tarfile.open(tarball) as package:
        text = package.extractfile("package/index.js")
        found = _VECTOR.findall(text.read().decode()) if text else []
    if len(found) != VECTORS:
        raise ValueError(f"{len(found)} vectors where {VECTORS} were expected")
    return [parse_vector(name, base64.b64decode(data, validate=True)) for name, data in found]


def check(tarball: Path) -> None:
    """Raises: ValueError: another digest than the pinned one."""
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise ValueError(f"{tarball} is not {PACKAGE}: sha512-{digest}")


def fetch(tarball: Path) -> str:
    """Ask npm for the package. Returns: what went wrong, empty where nothing did. Raises: ValueError."""
    if shutil.which("npm") is None:
        return "npm is not installed"
    with tempfile.TemporaryDirectory() as folder:
        words = ["npm", "pack", PACKAGE, "--silent", "--ignore-scripts", "--fetch-retries=1"]
        done = subprocess.run(
            [*words, "--pack-destination", folder], cwd=folder, capture_output=True, text=True, check=False
        )
        packed = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(packed) != 1:
            return f"npm pack ended with {done.returncode}: {done.stderr.strip()}"
        check(packed[0])
        shutil.copyfile(packed[0], tarball)
    return ""


def main(tarball: Path) -> int:
    """Fetching nothing is no failure here: the test of these vectors tells that they are missing."""
    problem = fetch(tarball)
    if problem:
        print(f"The vectors of {PACKAGE} could not be fetched: {problem}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
