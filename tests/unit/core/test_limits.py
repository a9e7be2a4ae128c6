"""Limits: what passes, what is refused and until when, and what is kept of whom."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from portal.core import limits
from portal.core.models import LimitUse
from portal.core.problems import TooMany

pytestmark = [pytest.mark.database, pytest.mark.django_db]
NOW = datetime(2026, 11, 21, 14, 0, 30, tzinfo=UTC)
MOST = limits.LIMITS["second_factor"].most


def use(times: int = 1, subject: str = "usr_1", now: datetime = NOW) -> None:
    for _ in range(times):
        limits.take("second_factor", subject, now=now)


def refusal(now: datetime = NOW) -> TooMany:
    with pytest.raises(TooMany) as caught:
        use(now=now)
    return caught.value


def test_as_many_as_the_limit_pass_and_no_more() -> None:
    use(MOST)
    assert refusal().code == "too_many"


def test_refused_uses_do_not_count_so_that_the_window_still_ends() -> None:
    use(MOST)
    for minute in range(4):
        refusal(NOW + timedelta(minutes=minute))
    use(now=NOW + timedelta(minutes=5))
    assert LimitUse.objects.get().used == 1


def test_a_window_begins_with_its_first_use() -> None:
    use(MOST - 1)
    use(now=NOW + timedelta(minutes=4, seconds=59))
    assert refusal(NOW + timedelta(minutes=4, seconds=59)).retry_after_s == 1


def test_the_refusal_says_until_when_in_a_header_and_in_words() -> None:
    use(MOST)
    problem = refusal(NOW + timedelta(minutes=1))
    assert problem.headers == {"Retry-After": "240"}
    assert problem.next_step == "Try again at 14:06 UTC."
    said = "There were too many wrong codes or keys for this account: at most 5 in 5 minutes."
    assert problem.detail == said
    assert problem.extra == {"limit": "second_factor", "retry_after_s": 240}


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW.replace(minute=5, second=0), "at 14:05 UTC"),
        (NOW.replace(minute=4, second=1), "at 14:05 UTC"),
        (NOW.replace(hour=23, minute=59, second=30), "on 22 November at 00:00 UTC"),
        (NOW + timedelta(days=1), "on 22 November at 14:01 UTC"),
    ],
)
def test_moments_are_rounded_up_and_have_their_day(at: datetime, words: str) -> None:
    assert limits.moment(at, NOW) == words


def test_subjects_and_limits_count_apart() -> None:
    use(MOST)
    use(subject="usr_2")
    limits.take("tokens", "usr_1", now=NOW)
    assert LimitUse.objects.count() == 3


def test_a_use_given_back_passes_again_and_one_forgotten_begins_anew() -> None:
    use(MOST)
    limits.give_back("second_factor", "usr_1")
    use()
    limits.forget("second_factor", "usr_1")
    use(MOST)
    assert refusal().status == 429


def test_nothing_to_give_back_makes_no_room() -> None:
    limits.give_back("second_factor", "usr_1")
    use()
    limits.give_back("second_factor", "usr_1")
    limits.give_back("second_factor", "usr_1")
    use(MOST)
    assert refusal().status == 429


def test_a_count_inside_a_transaction_that_is_undone_is_undone_with_it() -> None:
    """So callers count before they open one; the middleware stands before it."""
    with transaction.atomic():
        use()
        transaction.set_rollback(True)
    assert not LimitUse.objects.exists()


def test_g8_rows_say_nothing_of_whom_they_count(settings: Any) -> None:
    limits.take("sign_in_address", "192.0.2.1", now=NOW)
    plain = hashlib.sha256(b"limit\0sign_in_address\x00192.0.2.1").hexdigest()
    assert LimitUse.objects.get().key != plain
    settings.SECRET_KEY = "another key of fifty characters, as each portal has its own"
    limits.take("sign_in_address", "192.0.2.1", now=NOW)
    assert LimitUse.objects.count() == 2


def test_what_is_over_is_pruned_and_what_is_not_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PRUNE_BATCH", 2)
    for number in range(5):
        use(subject=f"usr_{number}", now=NOW - timedelta(hours=1))
    use(subject="usr_9")
    limits.prune({}, NOW)
    assert LimitUse.objects.count() == 1


def test_an_installation_changes_a_figure(settings: Any) -> None:
    settings.LIMITS = {"second_factor": "2/10m"}
    use(2)
    assert refusal().retry_after_s == 600
    settings.LIMITS = {"second_factor": "lots"}
    with pytest.raises(ImproperlyConfigured, match="LIMITS: second_factor"):
        use()


@pytest.mark.parametrize("text", ["", "5", "0/m", "5/", "5/w", "-1/m", "5/0m", "5/m/ip", "٥/m"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no rate"):
        limits.rate(text)


def test_rates_are_read_with_their_units() -> None:
    assert [limits.rate(text) for text in ("20/m", "5/10m", "3/h", "9/2d", "1/s")] == [
        (20, 60), (5, 600), (3, 3600), (9, 172_800), (1, 1),
    ]  # fmt: skip
