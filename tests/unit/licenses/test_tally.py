"""Votes: the quorum decides, a split waits for one more, one request for changes returns."""

from itertools import product

import pytest

from licenses.tally import VERDICTS, tally

APPROVE, REJECT, CHANGES = VERDICTS


@pytest.mark.parametrize(
    ("verdicts", "quorum", "decided", "split"),
    [
        ([], 1, None, False),
        ([APPROVE], 1, APPROVE, False),
        ([REJECT], 1, REJECT, False),
        ([APPROVE], 2, None, False),
        ([APPROVE, APPROVE], 2, APPROVE, False),
        ([REJECT, REJECT], 2, REJECT, False),
        ([APPROVE, REJECT], 2, None, True),
        ([REJECT, APPROVE], 2, None, True),
        ([APPROVE, REJECT, APPROVE], 2, APPROVE, False),
        ([APPROVE, REJECT, REJECT], 2, REJECT, False),
        ([APPROVE, CHANGES], 2, CHANGES, False),
        ([CHANGES], 2, CHANGES, False),
        ([APPROVE, APPROVE, REJECT, REJECT], 2, None, True),
    ],
)
def test_votes_add_up(verdicts: list[str], quorum: int, decided: str | None, split: bool) -> None:
    result = tally(verdicts, quorum)
    assert (result.decided, result.split) == (decided, split)


@pytest.mark.parametrize("quorum", [1, 2])
def test_no_side_carries_below_the_quorum_or_without_a_majority(quorum: int) -> None:
    for size in range(5):
        for verdicts in product(VERDICTS, repeat=size):
            decided = tally(verdicts, quorum).decided
            if decided in (APPROVE, REJECT):
                other = REJECT if decided == APPROVE else APPROVE
                assert CHANGES not in verdicts
                assert verdicts.count(decided) >= quorum
                assert verdicts.count(decided) > verdicts.count(other)


def test_the_order_of_votes_does_not_matter() -> None:
    for verdicts in product(VERDICTS, repeat=3):
        assert tally(verdicts, 2) == tally(sorted(verdicts), 2)
