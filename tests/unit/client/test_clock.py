"""D10: this machine's clock against the portal's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from weights_vault.client.clock import check_skew, parse_http_date
from weights_vault.client.errors import Unreachable

HERE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("hours", [0, 1, -1, 11, -11])
def test_a_clock_that_is_nearly_right_passes(hours: int) -> None:
    assert check_skew(HERE + timedelta(hours=hours), HERE) is None


@pytest.mark.parametrize(("hours", "word"), [(24, "behind"), (-24, "ahead of"), (24 * 365, "behind")])
def test_d10_a_clock_a_day_off_is_named(hours: int, word: str) -> None:
    with pytest.raises(Unreachable) as caught:
        check_skew(HERE + timedelta(hours=hours), HERE)
    assert f"{abs(hours)} hours {word} the portal" in caught.value.why


def test_without_a_date_nothing_is_said() -> None:
    assert check_skew(None, HERE) is None


def test_http_dates_are_read_as_utc() -> None:
    assert parse_http_date("Fri, 20 Nov 2026 12:00:00 GMT") == HERE


@pytest.mark.parametrize("text", ["", "now", "Fri, 99 Nov 2026 12:00:00 GMT", "1" * 500])
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_http_date(text) is None
