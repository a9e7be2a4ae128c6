"""Documents that a publisher wrote and may have bent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weights_vault.smoke.documents import MAX_DOCUMENT_BYTES, load_document
from weights_vault.smoke.errors import ConfigMalformed


def test_object_with_fractions_is_read() -> None:
    assert load_document(b'{"a": 0.5, "b": [1]}', ConfigMalformed) == {"a": 0.5, "b": [1]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'\xff{"a": 1}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_no_strict_object_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigMalformed):
        load_document(data, ConfigMalformed)


def test_document_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(ConfigMalformed, match="at most"):
        load_document(bytes(MAX_DOCUMENT_BYTES + 1), ConfigMalformed)


@given(st.binary(max_size=200))
def test_any_bytes_give_an_object_or_the_refusal(data: bytes) -> None:
    try:
        found = load_document(data, ConfigMalformed)
    except ConfigMalformed:
        found = {}
    assert isinstance(found, dict)
