import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from portal.api.parsers import MAX_BODY_BYTES, MAX_DEPTH, StrictJSONParser

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def parse(raw: bytes) -> Any:
    return StrictJSONParser().parse(io.BytesIO(raw))


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_was_sent_is_what_is_read(sent: dict[str, Any]) -> None:
    assert parse(json.dumps(sent).encode()) == sent


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused(raw: bytes) -> None:
    try:
        read = parse(raw)
    except ParseError:
        return
    assert isinstance(read, dict)


@pytest.mark.parametrize("raw", [b'{"a":1,"a":1}', b'{"b":{"a":1,"a":2}}', b'{"a":1,"\\u0061":2}'])
def test_a_key_given_twice_is_refused(raw: bytes) -> None:
    with pytest.raises(ParseError, match="twice"):
        parse(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        b'{"a":9007199254740993}',
        b'{"a":"\\u0000"}',
        b'{"\\u0000":1}',
    ],
)
def test_what_another_reader_cannot_hold_is_refused(raw: bytes) -> None:
    with pytest.raises(ParseError):
        parse(raw)


def test_depth_is_bounded() -> None:
    assert parse(nested(MAX_DEPTH - 1))
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(ParseError):
            parse(nested(depth))


def test_size_is_bounded() -> None:
    filler = b"a" * (MAX_BODY_BYTES - 8)
    assert parse(b'{"a":"' + filler + b'"}')
    with pytest.raises(ParseError, match="larger"):
        parse(b'{"a":"' + filler + b'b"}')


def test_a_refusal_does_not_repeat_the_body() -> None:
    with pytest.raises(ParseError) as refused:
        parse(b'{"recipient": "AGE-SECRET-KEY-1QQQQ" oops}')
    assert "AGE-SECRET" not in str(refused.value.detail)
