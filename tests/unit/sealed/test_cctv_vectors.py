"""S4: C2SP/CCTV's 143 age vectors, which `make` fetches and nobody keeps here.

Where they could not be fetched, continuous integration fails; elsewhere one test is skipped, by name.
"""

import os

import pytest

from tests.vectors.age_vectors import Vector, open_vector
from tests.vectors.cctv_age import PACKAGE, TARBALL, read_vectors

MISSING = f"{PACKAGE} is not at {TARBALL}: `make unit` fetches it, with npm"
VECTORS = read_vectors(TARBALL) if TARBALL.exists() else [None]


def name_of(vector: Vector | None) -> str:
    return vector.name if vector else "not-fetched"


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_s4_vector_of_cctv_has_its_expected_outcome(vector: Vector | None) -> None:
    """Passphrases and ASCII armor are not read by this code: of those it is only asked that none is accepted.

    Nothing may be given out before a failure but what the vector says: part by part, that is all or nothing.
    """
    if vector is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if vector is None:
        pytest.skip(MISSING)
    outcome = open_vector(vector)
    if vector.unsupported:
        assert outcome.what != "success"
        return
    assert outcome.what == vector.expect
    assert outcome.fits(vector)
