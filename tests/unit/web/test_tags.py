"""Times with their zone, sizes in units that people read, states with a word."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from licenses.models import Request
from portal import web
from portal.core import times
from portal.web.templatetags import portal, queue

MOMENT = datetime(2026, 11, 20, 9, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (2**20, "1.0 MiB"), (350 * 2**30, "350.0 GiB")],
)
def test_sizes_are_shown_in_binary_units(count: int, text: str) -> None:
    assert f">{text}</data>" in portal.size(count)


def test_a_size_tells_its_bytes_on_hover() -> None:
    assert 'title="1,073,741,824 bytes"' in portal.size(2**30)


def test_a_time_names_its_zone_and_is_machine_readable() -> None:
    html = portal.when(MOMENT)

    assert 'datetime="2026-11-20T09:05:07+00:00"' in html
    assert ">20 Nov 2026, 09:05 UTC</time>" in html


def test_a_day_tells_its_time_on_hover() -> None:
    assert 'title="20 Nov 2026, 09:05:07 UTC">20 Nov 2026<' in portal.day(MOMENT)


@pytest.mark.parametrize(
    ("shift", "text"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(hours=-1), "1 hour ago"),
        (timedelta(days=-3), "3 days ago"),
        (timedelta(days=2, seconds=5), "in 2 days"),
    ],
)
def test_ago_speaks_of_past_and_future(shift: timedelta, text: str) -> None:
    with time_machine.travel(MOMENT, tick=False):
        assert f">{text}<" in portal.ago(timezone.now() + shift)


@pytest.mark.parametrize("hours", [24, 25.5, 24 * 29 + 1, 24 * 29 + 23, 24 * 365 - 0.01])
def test_a_page_counts_the_days_ahead_as_mails_do(hours: float) -> None:
    with time_machine.travel(MOMENT, tick=False):
        then = timezone.now() + timedelta(hours=hours)
        count = times.days_until(then, timezone.now())
        assert f">in {count} day" in portal.ago(then)


@pytest.mark.parametrize("tag", [portal.size, portal.when, portal.day, portal.ago])
def test_what_is_not_known_is_a_dash(tag: object) -> None:
    assert tag(None) == "—"  # type: ignore[operator]


def test_a_state_is_said_by_icon_word_and_color() -> None:
    html = portal.status("request", "submitted")

    assert 'class="status wait"' in html
    assert "#hourglass" in html
    assert "In review" in html


@pytest.mark.parametrize(
    ("days", "said", "tone"), [(1, "1 day", "calm"), (4, "4 days", "wait"), (6, "over the target", "bad")]
)
def test_age_is_told_against_the_published_target(days: int, said: str, tone: str) -> None:
    html = str(queue.age(asked_for(timezone.now() - timedelta(days=days, minutes=1))))

    assert said in html
    assert f'class="age {tone}"' in html


def asked_for(sent: datetime, state: str = "submitted", **moments: datetime) -> Request:
    return Request(state=state, submitted_at=sent, **moments)


def test_a_decided_request_waits_no_more() -> None:
    decided = asked_for(MOMENT, "rejected", decided_at=MOMENT + timedelta(days=2))
    assert "decided after 2 days" in str(queue.age(decided))
    at_once = asked_for(MOMENT, "approved", decided_at=MOMENT + timedelta(seconds=2))
    assert "decided in under a minute" in str(queue.age(at_once))


def test_a_question_stops_the_clock() -> None:
    now = timezone.now()
    waits = asked_for(now - timedelta(days=9), asked_at=now - timedelta(days=8, hours=1))

    assert "asked 8 days ago" in str(queue.age(waits))
    assert "over the target" not in str(queue.age(waits))


def test_commands_in_a_sentence_are_set_as_code_and_nothing_else_is() -> None:
    assert portal.coded("run `weights login` <b>") == "run <code>weights login</code> &lt;b&gt;"


def test_a_digest_is_grouped_for_the_eye() -> None:
    assert portal.groups("a" * 20) == "aaaaaaaa aaaaaaaa aaaa"


def test_an_unknown_country_code_is_shown_as_it_is() -> None:
    assert portal.country("DE") == "Germany"
    assert portal.country("??") == "??"


def test_no_line_breaks_inside_a_name_of_a_model() -> None:
    assert portal.unbroken("OPT-175B, GPT-2 XL <b>") == (
        '<span class="nowrap">OPT-175B,</span> <span class="nowrap">GPT-2</span> XL &lt;b&gt;'
    )


def test_a_word_as_wide_as_a_phone_may_break() -> None:
    assert portal.unbroken("a-model-with-a-name-as-long-as-this") == "a-model-with-a-name-as-long-as-this"


def test_every_cell_and_heading_keeps_names_whole() -> None:
    """Where columns are narrow a browser breaks at the hyphen; one filter says that it does not."""
    cell = re.compile(r"<(td|th|dd|h1|h2)\b.*?</\1>", re.DOTALL)
    broken = [
        f"{path.name}: {name}"
        for path in Path(web.__file__).parent.glob("templates/web/**/*.html")
        for found in cell.finditer(path.read_text())
        for name in re.findall(r">[^<]*?(\{\{ [\w.]*(?:\|titles|release\.title) \}\})", found[0])
    ]
    assert broken == []
