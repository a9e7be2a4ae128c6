"""Times and days as people read them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import licenses
from portal.core.times import day, days_until, moment


def test_a_time_is_said_the_same_way_everywhere_with_its_zone() -> None:
    at = datetime(2026, 11, 1, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert moment(at) == "31 Oct 2026, 22:05 UTC"
    assert day(datetime(2026, 11, 1, tzinfo=UTC)) == "1 Nov 2026"


def test_no_mail_no_page_and_no_sentence_says_a_date_in_another_way() -> None:
    """Machines get ISO 8601; people read 21 Nov 2026."""
    root = Path(licenses.__file__).parents[1]
    sentence = re.compile(r"%Y-%m-%d.*UTC|\.strftime\(.%Y-%m-%d.\)")
    templates = [
        each
        for room in ("licenses", "portal", "weights_vault")
        for each in (root / room).rglob("templates/**/*.*")
    ]
    assert templates
    iso = [each.name for each in templates if re.search(r"date:.(Y-m-d|c\b)", each.read_text())]
    spoken = [each for each in (root / "licenses").rglob("*.py") if each.parent.name != "agreements"]
    iso += [each.name for each in spoken if sentence.search(each.read_text())]
    assert iso == []


@pytest.mark.parametrize(
    ("begun", "deadline", "left"),
    [
        ("2026-11-21T10:38:00", "2026-12-21T10:38:00", 30),
        ("2026-11-21T11:30:00", "2026-12-21T10:30:00", 30),
        ("2026-11-21T10:00:00", "2026-12-20T11:00:00", 29),
        ("2026-11-21T10:38:05", "2027-11-21T10:38:00", 365),
        ("2026-11-21T23:59:00", "2026-11-22T00:01:00", 1),
        ("2026-11-21T08:00:00", "2026-11-21T20:00:00", 1),
        ("2026-11-21T08:00:00", "2026-11-21T08:00:00", 0),
        ("2026-11-22T08:00:00", "2026-11-21T08:00:00", 0),
    ],
)
def test_days_are_counted_to_the_date_that_stands_beside_them(begun: str, deadline: str, left: int) -> None:
    now, then = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (begun, deadline))

    assert days_until(then, now) == left
    assert days_until(then.astimezone(timezone(timedelta(hours=14))), now) == left
