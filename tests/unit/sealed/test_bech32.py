"""Section 5: Bech32, canonical and of any length."""

import pytest

from weights_vault.sealed import bech32
from weights_vault.sealed.errors import KeyMalformed


def text_of(prefix: str, *groups: int) -> str:
    values = list(groups)
    return prefix + "1" + "".join(bech32._CHARSET[v] for v in values + bech32._checksum(prefix, values))


@pytest.mark.parametrize(("text", "prefix"), [("A12UEL5L", "A"), ("a12uel5l", "a"), ("?1ezyfcl", "?")])
def test_examples_of_bip_173_are_read(text: str, prefix: str) -> None:
    assert bech32.decode(text) == (prefix, b"")


def test_a_prefix_may_hold_the_separator() -> None:
    assert bech32.decode(bech32.encode("age1pq", b"x")) == ("age1pq", b"x")


@pytest.mark.parametrize("length", [0, 1, 4, 5, 6, 32, 1216, 5000])
def test_what_is_encoded_is_decoded_at_any_length(length: int) -> None:
    data = bytes(range(256)) * 20
    assert bech32.decode(bech32.encode("p", data[:length])) == ("p", data[:length])


@pytest.mark.parametrize("groups", [(0,), (0,) * 3, (0,) * 6, (0,) * 9])
def test_a_whole_group_of_padding_is_refused(groups: tuple[int, ...]) -> None:
    with pytest.raises(KeyMalformed, match="canonical"):
        bech32.decode(text_of("p", *groups))


@pytest.mark.parametrize("last", [1, 2, 3])
def test_padding_that_is_not_zero_is_refused(last: int) -> None:
    assert bech32.decode(text_of("p", 31, 28)) == ("p", b"\xff")
    with pytest.raises(KeyMalformed, match="canonical"):
        bech32.decode(text_of("p", 31, 28 | last))


@pytest.mark.parametrize(
    "text", ["", "1", "1qqqqqq", "p1", "p1qqqqq", "pqqqqqqq", "p1qqqqqb", "p 1abcdefg", "a12uel5L"]
)
def test_what_is_no_bech32_is_malformed(text: str) -> None:
    with pytest.raises(KeyMalformed):
        bech32.decode(text)
