"""S4: age test vectors, one failure each, in the form of C2SP/CCTV's."""

from pathlib import Path

import pytest

from tests.vectors.age_vectors import OWN_VECTORS, open_vector, read_vector

PATHS = sorted(OWN_VECTORS.iterdir())


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_s4_vector_has_its_expected_outcome(path: Path) -> None:
    vector = read_vector(path)
    outcome = open_vector(vector)
    assert outcome.what == vector.expect
    assert outcome.fits(vector)


def test_s4_vectors_cover_every_kind_of_outcome_and_section() -> None:
    expected = {read_vector(path).expect for path in PATHS}
    families = {path.name.split("_")[0] for path in PATHS}
    assert expected == {"success", "no match", "HMAC failure", "header failure", "payload failure"}
    assert families == {"file", "hmac", "hybrid", "stanza", "stream", "x25519"}
    assert len(PATHS) == 114
