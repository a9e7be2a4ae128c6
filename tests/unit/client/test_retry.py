"""D6: what a server asks for is honored, within limits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weights_vault.client.retry import JITTER, MAX_DELAY_S, MAX_RETRY_AFTER_S, backoff_s, retry_after_s

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1000000000", MAX_RETRY_AFTER_S),
        ("9" * 400, MAX_RETRY_AFTER_S),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 20 Nov 2027 12:00:00 GMT", MAX_RETRY_AFTER_S),
    ],
)
def test_d6_retry_after_is_honored_and_capped_with_jitter(header: str, seconds: float) -> None:
    wait = retry_after_s(header, NOW)
    assert wait is not None
    assert seconds <= wait <= seconds * (1 + JITTER)


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1.5", "٣", "Fri, 99 Nov 2026", "\x00"])
def test_d6_garbage_is_no_wish(header: str | None) -> None:
    assert retry_after_s(header, NOW) is None


@given(st.text(max_size=60))
def test_d6_no_header_breaks_or_waits_long(header: str) -> None:
    wait = retry_after_s(header, NOW)
    assert wait is None or 0 <= wait <= MAX_RETRY_AFTER_S * (1 + JITTER)


@given(st.integers(min_value=1, max_value=10_000))
def test_backoff_grows_to_its_limit_and_never_past_it(failures: int) -> None:
    assert 0 < backoff_s(failures) <= MAX_DELAY_S * (1 + JITTER)


def test_backoff_doubles() -> None:
    assert backoff_s(1) < 1.0 < backoff_s(4) < backoff_s(12)
