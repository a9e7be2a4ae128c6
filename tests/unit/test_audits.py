"""The answers to what bandit finds: each is asked for, and something new is not passed over."""

from collections import Counter

import pytest

from tests.audits import advisories, asvs, limits_page
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


def test_each_requirement_of_asvs_stands_there_once_with_a_test_that_exists() -> None:
    assert asvs.faults(asvs.read()) == []


def test_the_pages_made_from_data_are_current() -> None:
    assert asvs.PAGE.read_text() == asvs.page(asvs.read())
    assert limits_page.PAGE.read_text() == limits_page.page()


def test_a_requirement_left_out_or_a_test_that_is_gone_is_told() -> None:
    given = asvs.read()
    del given["met"]["1.1.1"]
    given["met"]["1.1.2"]["shown_by"] = "tests/unit/test_audits.py::test_nothing"
    assert asvs.faults(given) == [
        "1.1.1: 0 times",
        "1.1.2: there is no tests/unit/test_audits.py::test_nothing",
    ]


def test_no_package_is_pinned_with_a_flaw_that_is_known() -> None:
    assert advisories.open_flaws() == []


def test_a_package_that_is_pinned_before_its_mend_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(advisories.MENDED, "Django", ("5.2.999", "a flaw"))
    assert [each.partition(":")[0] for each in advisories.open_flaws()] == ["Django"]


def test_the_page_for_operators_says_when_advisories_were_read_and_of_which_packages() -> None:
    page = (asvs.ROOT / "docs" / "explanation" / "security.md").read_text()
    assert f"On {advisories.READ_ON}" in page
    assert [name for name in advisories.MENDED if name not in page] == []
