"""Sections 3 and 4 of docs/reference/audit-log.md: entries and commitments."""

import json
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sealed.log import by_the_specification as spec
from tests.unit.sealed.log.small_log import SALT, event
from tests.unit.sealed.test_properties import bounded
from weights_vault.sealed.canonical import MAX_INTEGER, dumps
from weights_vault.sealed.log.entry import commit, entry_bytes, write_moment

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@bounded
@given(data=st.dictionaries(TEXTS, VALUES, max_size=4), by=TEXTS)
def test_an_entry_is_the_canonical_json_of_its_event(data: dict[str, Any], by: str) -> None:
    written = entry_bytes({**event(7), "by": by, "data": data})
    value = {"v": 1, "event": 7, "at": "2026-11-21T13:00:07.000000Z", "kind": "request.rejected"}
    value |= {"by": by, "subject": "request:req_7", "data": data}
    assert written == dumps(value) == spec.canonical(value)


def test_an_entry_that_was_read_is_written_the_same() -> None:
    written = entry_bytes(event(3))
    assert entry_bytes(json.loads(written)) == written


def test_a_moment_has_six_digits_and_is_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert write_moment(datetime(2026, 11, 21, 15, 0, tzinfo=east)) == "2026-11-21T13:00:00.000000Z"
    assert write_moment(datetime(2026, 11, 21, 13, 0, 0, 50, tzinfo=UTC)) == "2026-11-21T13:00:00.000050Z"
    with pytest.raises(RuntimeError, match="aware"):
        write_moment(datetime(2026, 11, 21))


@pytest.mark.parametrize(
    "value",
    [0.5, float("nan"), 2**53, {1: "a"}, {None: "a"}, {True: "a"}, "\ud800", {"\ud800": 1}, b"a"],
    ids=repr,
)
def test_what_canonical_json_does_not_have_is_refused(value: object) -> None:
    with pytest.raises(RuntimeError):
        entry_bytes({**event(1), "data": {"field": value}})
    with pytest.raises(RuntimeError):
        entry_bytes({**event(1), "data": {"field": [{"deeper": value}]}})
    with pytest.raises(RuntimeError):
        commit(SALT, "field", value)


def test_a_word_of_a_list_of_words_is_its_text() -> None:
    class Verdict(StrEnum):
        approve = "approve"

    written = entry_bytes({**event(1), "data": {"verdict": Verdict.approve, "of": ("a", 1)}})
    assert json.loads(written)["data"] == {"verdict": "approve", "of": ["a", 1]}


@pytest.mark.parametrize("change", [{"extra": 1}, {"v": 2}], ids=["one more", "another version"])
def test_an_entry_has_its_fields_and_no_others(change: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="exactly"):
        entry_bytes({**event(1), **change})


def test_an_entry_misses_none_of_its_fields() -> None:
    for field in event(1):
        with pytest.raises(RuntimeError, match="exactly"):
            entry_bytes({name: value for name, value in event(1).items() if name != field})


@bounded
@given(salt=st.binary(min_size=16, max_size=16), field=TEXTS, value=VALUES)
def test_a_commitment_is_what_the_specification_says(salt: bytes, field: str, value: object) -> None:
    assert commit(salt, field, value) == spec.commitment(salt, field, value)


def test_a_commitment_is_to_one_salt_field_and_value() -> None:
    made = {
        commit(SALT, "reason", "no"),
        commit(bytes(16), "reason", "no"),
        commit(SALT, "reason", "No"),
        commit(SALT, "reasons", "no"),
        commit(SALT, "reason", ["no"]),
        commit(SALT, "reason", None),
    }
    assert len(made) == 6


def test_a_commitment_without_a_whole_salt_is_not_made() -> None:
    for salt in (b"", bytes(15), bytes(17)):
        with pytest.raises(RuntimeError, match="salt"):
            commit(salt, "reason", "no")
