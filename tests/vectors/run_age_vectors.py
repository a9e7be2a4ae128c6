"""Run a folder of age test vectors: `python -m tests.vectors.run_age_vectors FOLDER`.

For C2SP/CCTV's age/testdata, which is not kept here. Passphrases and ASCII armor are not read by this code:
of such files it is only asked that none is accepted.
"""

import sys
from pathlib import Path

from tests.vectors.age_vectors import open_vector, read_vector


def main(folder: Path) -> int:
    vectors = [read_vector(path) for path in sorted(folder.iterdir()) if path.is_file()]
    outcomes = {vector.name: open_vector(vector) for vector in vectors}
    wrong = 0
    for vector in vectors:
        outcome = outcomes[vector.name]
        right = outcome.what != "success" if vector.unsupported else outcome.fits(vector)
        if not right:
            wrong += 1
            print(f"{vector.name}: expected {vector.expect}, got {outcome.what}")
    unsupported = sum(vector.unsupported for vector in vectors)
    print(
        f"{len(vectors) - wrong} of {len(vectors)} as expected; {unsupported} of these of unsupported kinds"
    )
    return 1 if wrong or not vectors else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
