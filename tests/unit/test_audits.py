"""The answers to what bandit finds: each is asked for, and something new is not passed over."""

from collections import Counter

from tests.audits.__main__ import differences
from tests.audits.answers import ANSWERS


def test_every_answer_has_its_reason() -> None:
    assert [key for key, (count, why) in ANSWERS.items() if count < 1 or not why] == []


def test_a_new_finding_and_an_answer_to_nothing_are_told() -> None:
    counted = Counter({key: count for key, (count, _) in ANSWERS.items()})
    assert differences(counted) == []
    (test, path), (count, _) = next(iter(ANSWERS.items()))
    counted[test, path] = 0
    counted["B602", "portal/new.py"] = 1
    assert differences(counted) == [
        f"{path}: {test} 0 times, {count} answered",
        "portal/new.py: B602 1 times, 0 answered",
    ]
