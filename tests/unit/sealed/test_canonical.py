"""Section 7: JSON written one way and read strictly."""

import pytest

from weights_vault.sealed.canonical import dumps, loads_strict
from weights_vault.sealed.errors import Malformed


def loads(data: bytes, max_bytes: int = 10_000, max_depth: int = 4, max_items: int = 100) -> object:
    return loads_strict(data, max_bytes=max_bytes, max_depth=max_depth, max_items=max_items)


def test_canonical_form_of_every_type() -> None:
    value = {"b": [1, -2, True, False, None], "a": {"y": "x", "": 0}, "c": ()}
    assert dumps(value) == b'{"a":{"":0,"y":"x"},"b":[1,-2,true,false,null],"c":[]}'


def test_keys_are_sorted_by_utf_16_units_as_in_rfc_8785() -> None:
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(loads(dumps(value))) == order  # type: ignore[call-overload]


def test_escapes_are_the_shortest_as_in_rfc_8785() -> None:
    assert dumps('€$\x0f\nA\'B"\\\\"/\x7f') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'.encode()


@pytest.mark.parametrize("value", [1.5, 2**53, -(2**53), {1: 2}, b"x", "\ud800", {"\udfff": 1}, {1, 2}])
def test_what_canonical_json_has_not_is_not_written(value: object) -> None:
    with pytest.raises(RuntimeError):
        dumps(value)


@pytest.mark.parametrize("number", [0, 1, -1, 2**53 - 1, -(2**53) + 1])
def test_integers_that_every_language_holds_are_read(number: int) -> None:
    assert loads(str(number).encode()) == number


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[1,]",
        b"{'a':1}",
        b'"\x01"',
        b"nul",
        b"1 2",
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        '{"a":1}'.encode("utf-16"),
        b"1.0",
        b"1e3",
        b"-0",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"9007199254740992",
        b"-9007199254740992",
        b"9" * 5000,
        b"01",
        b'"\\ud800"',
        b'{"\\udc00":1}',
        b'["\\udc00\\ud800"]',
    ],
    ids=repr,
)
def test_d12_what_parsers_disagree_about_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        loads(data)


@pytest.mark.parametrize("data", [b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'[{"b":{"a":1,"c":2,"a":3}}]'])
def test_d12_a_key_twice_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        loads(data)
    assert caught.value.reference == "json-duplicate-key"


@pytest.mark.parametrize(("data", "depth"), [(b"1", 0), (b"[]", 1), (b'{"a":[1]}', 2), (b'[[["x"]]]', 3)])
def test_depth_is_allowed_up_to_its_limit_and_not_beyond(data: bytes, depth: int) -> None:
    assert loads(data, max_depth=depth) is not None
    if depth:
        with pytest.raises(Malformed, match="deeper"):
            loads(data, max_depth=depth - 1)


def test_a_lone_surrogate_at_the_deepest_level_is_refused() -> None:
    with pytest.raises(Malformed, match="surrogate"):
        loads(b'[["\\ud800"]]', max_depth=2)


def test_d12_nesting_that_would_exhaust_the_stack_is_refused() -> None:
    with pytest.raises(Malformed, match="deeper"):
        loads(b"[" * 100_000 + b"]" * 100_000, max_bytes=10**6, max_items=10**6)


def test_d12_a_document_beyond_its_size_or_items_is_refused_unparsed() -> None:
    with pytest.raises(Malformed, match="bytes"):
        loads(b"not even JSON", max_bytes=5)
    with pytest.raises(Malformed, match="items"):
        loads(b"[" * 101)


def test_a_real_pair_of_surrogates_is_a_character() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "😀"
