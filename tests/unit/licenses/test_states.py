"""The transition tables are whole, and the published page says what they say."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template.loader import get_template

from licenses import states
from licenses.denials import REFUSALS, WORDS
from licenses.statemachine import document

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "states.md"

# From the design, section 5: written here once more, so that a change of the table is noticed.
REQUEST_MOVES = {
    "": {"draft"},
    "draft": {"draft", "submitted", "withdrawn"},
    "submitted": {"submitted", "changes_requested", "approved", "rejected", "withdrawn"},
    "changes_requested": {"changes_requested", "submitted", "withdrawn"},
    "approved": {"approved", "signed", "lapsed", "withdrawn"},
    "signed": {"signed"},
    "rejected": {"submitted"},
}
GRANT_MOVES = {
    "": {"active"},
    "active": {"active", "suspended", "revoked", "closed"},
    "suspended": {"suspended", "active", "revoked", "closed"},
}


def moves(table: tuple[states.Transition, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in table:
        found.setdefault(row.source, set()).add(row.target)
    return found


def test_request_moves_are_those_of_the_design() -> None:
    assert moves(states.REQUEST_TRANSITIONS) == REQUEST_MOVES


def test_grant_moves_are_those_of_the_design() -> None:
    assert moves(states.GRANT_TRANSITIONS) == GRANT_MOVES


@pytest.mark.parametrize(
    ("table", "known"),
    [
        (states.REQUEST_TRANSITIONS, states.REQUEST_STATES),
        (states.GRANT_TRANSITIONS, states.GRANT_STATES),
    ],
    ids=["request", "grant"],
)
def test_every_state_is_named_and_reached_and_an_action_leads_to_one_state(
    table: tuple[states.Transition, ...], known: dict[str, str]
) -> None:
    assert {row.target for row in table} == set(known)
    assert {row.source for row in table} <= {states.NEW, *known}
    assert len({(row.source, row.action) for row in table}) == len(table)


@pytest.mark.parametrize("notice", sorted(states.NOTICES))
def test_every_notice_has_its_subject_and_text(notice: str) -> None:
    assert get_template(f"licenses/mail/{notice}.subject.txt")
    assert get_template(f"licenses/mail/{notice}.txt")


def test_every_notice_of_the_tables_has_an_audience() -> None:
    used = {notice for table in states.TRANSITIONS.values() for row in table for notice in row.notice}
    assert used | {row.notice for row in states.TIME_NOTICES} == set(states.NOTICES)


def test_the_published_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == document()


def test_the_command_says_that_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("statemachine", check=True)
    assert "is current" in capsys.readouterr().out


def test_every_code_that_the_app_refuses_with_is_documented() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (PAGE.parents[2] / "licenses").rglob("*.py")]
    refusal = re.compile(r"(?:Denied|Conflict)\(\s*\"(\w+)\"")
    used = {code for source in sources for code in refusal.findall(source)}
    assert used - set(WORDS) == set(REFUSALS)
