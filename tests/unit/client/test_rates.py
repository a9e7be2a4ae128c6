from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weights_vault.client.errors import WrongUsage
from weights_vault.client.rates import parse_rate


@pytest.mark.parametrize(
    ("typed", "rate"),
    [
        ("10M", 10_000_000),
        ("500K", 500_000),
        ("500k", 500_000),
        ("1.5G", 1_500_000_000),
        ("10MiB", 10 << 20),
        ("10Mi", 10 << 20),
        ("10MB", 10_000_000),
        ("10MB/s", 10_000_000),
        ("2 GiB/s", 2 << 30),
        ("65536", 65536),
        (" 1M ", 1_000_000),
    ],
)
def test_rates_as_people_type_them(typed: str, rate: int) -> None:
    assert parse_rate(typed) == rate


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "number is expected"),
        ("fast", "number is expected"),
        ("-10M", "number is expected"),
        ("10X", "number is expected"),
        ("10iB", "number is expected"),
        ("1e9", "number is expected"),
        ("∞", "number is expected"),
        ("1,5G", "with a point"),
        ("80Mbit", "bits"),
        ("0", "least is 1,024"),
        ("10", "least is 1,024"),
    ],
)
def test_wrong_rates_are_refused_with_the_reason_and_examples(typed: str, why: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        parse_rate(typed)
    assert (caught.value.exit_code, caught.value.reference) == (2, "rate-unusable")
    assert why in caught.value.why
    assert "--limit-rate 10M" in caught.value.next_step


@given(st.text(max_size=20))
def test_whatever_is_typed_is_a_rate_or_refused(typed: str) -> None:
    with suppress(WrongUsage):
        assert parse_rate(typed) >= 1024
