"""How many days a grant still holds: the count that the portal's pages and mails tell, too."""

from datetime import UTC, datetime

import pytest

from weights_vault.client.commands.grants import days_left


@pytest.mark.parametrize(
    ("now", "ends", "left"),
    [
        ("2026-11-21T10:38:05", "2027-11-21T10:38:00+00:00", "365"),
        ("2026-11-21T11:30:00", "2026-12-21T10:30:00+00:00", "30"),
        ("2026-11-21T10:00:00", "2026-12-20T13:00:00+02:00", "29"),
        ("2026-11-21T10:00:00", "2026-11-21T20:00:00+00:00", "less than 1"),
    ],
)
def test_days_are_counted_to_the_date_that_stands_beside_them(now: str, ends: str, left: str) -> None:
    grant = {"state": "active", "ends_at": ends}

    assert days_left(grant, datetime.fromisoformat(now).replace(tzinfo=UTC)) == left


def test_a_revoked_grant_has_no_days_left() -> None:
    grant = {"state": "revoked", "ends_at": "2027-11-21T10:38:00+00:00"}

    assert days_left(grant, datetime(2026, 11, 21, tzinfo=UTC)) == "-"
