"""The turns of a race."""

from collections.abc import Callable

import pytest

from tests.benchmarks.errors import BenchError
from tests.benchmarks.race import Contestant, race


def contestant(name: str, heard: list[str], samples: list[float]) -> Contestant:
    def note(verb: str) -> Callable[[], None]:
        return lambda: heard.append(f"{verb} {name}")

    def act() -> float:
        heard.append(f"act {name}")
        return samples.pop(0)

    return Contestant(name, (name,), act, note("prepare"), note("check"))


def test_contestants_take_turns_so_that_a_drift_hits_all_of_them() -> None:
    heard: list[str] = []
    raced = race(
        [contestant("ours", heard, [1.0, 2.0]), contestant("peer", heard, [3.0, 4.0])], 2, lambda text: None
    )
    assert [each.samples for each in raced] == [(1.0, 2.0), (3.0, 4.0)]
    one_round = [f"{verb} {name}" for name in ("ours", "peer") for verb in ("prepare", "act", "check")]
    assert heard == one_round * 2


def test_a_contestant_that_did_not_do_its_work_ends_the_race() -> None:
    def nothing_was_written() -> None:
        raise BenchError("out is not what it should be")

    idle = Contestant("idle", (), lambda: 0.001, check=nothing_was_written)
    with pytest.raises(BenchError, match="not what it should be"):
        race([idle], 1, lambda text: None)
