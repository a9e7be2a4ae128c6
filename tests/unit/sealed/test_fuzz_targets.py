"""S5: the fuzzed readers take their seeds, and the fuzzer reports a reader that fails."""

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_reader_takes_every_seed(target: Target) -> None:
    assert [target.takes(seed) for seed in target.seeds] == [True] * len(target.seeds)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_reader_refuses_every_flipped_byte_or_reads_what_it_says(target: Target) -> None:
    """Each byte of each seed, flipped: takes() raises where something is accepted that should not be."""
    taken = 0
    for seed in target.seeds:
        for place in range(len(seed)):
            changed = bytearray(seed)
            changed[place] ^= 1
            taken += target.takes(bytes(changed))
    assert taken < sum(map(len, target.seeds)) / 2


def test_the_fuzzer_runs_a_reader_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["fuzz", "--runs", "300", "tensors"])
    assert fuzz.main() == 0
    assert "1 of 1 readers stood 300 inputs each" in capfd.readouterr().out


def test_the_fuzzer_reports_a_reader_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["fuzz", "--runs", "3", "nothing"])
    assert fuzz.main() == 1
    assert "0 of 1 readers" in capfd.readouterr().out
