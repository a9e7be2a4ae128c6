"""What is said for each state and code: every one has its words, icon and tone; what is new fails here."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from licenses import states
from licenses.denials import WORDS as CODES
from licenses.models import ReleaseTerms, Vote
from licenses.queries.timeline import TITLES
from portal.accounts.models import PendingAction
from portal.core.verdicts import Allowed, Denied
from portal.web import journey, standing, story, words
from weights_vault.models import Alert, RecipientKey

TONES = {"good", "wait", "turn", "bad", "calm"}
ICONS = set(re.findall(r'id="([^"]+)"', Path(str(finders.find("web/icons.svg"))).read_text()))
STATES = {
    "request": set(states.REQUEST_STATES),
    "grant": {*states.GRANT_STATES, "expired"},
    "key": set(RecipientKey.State.values),
    "pending": set(PendingAction.State.values),
    "stage": set(ReleaseTerms.Stage.values),
    "strategy": set(ReleaseTerms.Strategy.values),
    "verdict": set(Vote.Verdict.values),
    "alert": set(Alert.State.values),
}


@pytest.mark.parametrize("kind", STATES)
def test_every_state_has_a_word(kind: str) -> None:
    assert set(words.WORDS[kind]) == STATES[kind]


def test_every_word_has_a_tone_and_an_icon_that_exist() -> None:
    said = [word for kind in words.WORDS.values() for word in kind.values()]
    said_by_code = [*standing.SAID.values(), standing.ALLOWED]

    assert {word.tone for word in said} | {each.tone for each in said_by_code} <= TONES
    assert {word.icon for word in said} | {each.icon for each in said_by_code} <= ICONS


def test_an_unknown_state_is_shown_rather_than_hidden() -> None:
    assert words.word("request", "half_done").text == "Half done"


def test_every_access_code_has_a_panel() -> None:
    assert set(standing.SAID) == set(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_panel_leads_somewhere_or_nowhere_but_never_to_a_broken_page(code: str) -> None:
    panel = standing.standing(Denied(code, "m", "n"), "opt", request_id="req_a", grant_id="grt_a")

    assert bool(panel.href) == bool(panel.said.page)


def test_the_panel_of_an_allowed_reader_leads_to_the_grant() -> None:
    assert standing.standing(Allowed("grt_a"), "opt").href == "/grants/grt_a/"


def test_every_request_state_has_a_place_and_a_next_step() -> None:
    assert set(journey.PLACES) == set(journey.NEXT) == set(states.REQUEST_STATES)


@pytest.mark.parametrize("state", sorted(states.REQUEST_STATES))
def test_the_next_panel_names_pages_that_exist(state: str) -> None:
    panel = journey.next_panel(state, "req_a", "opt", target_days=5, sign_days=30)

    assert all(action.href.startswith("/") for action in panel.actions)
    assert "{" not in "".join(panel.sentences)


def test_a_step_that_the_rule_refuses_is_not_offered() -> None:
    panel = journey.next_panel(
        "rejected", "req_a", "opt", closed=["request_appeal"], target_days=5, sign_days=30
    )

    assert [action.page for action in panel.actions] == ["request_form"]


def test_progress_marks_what_is_done_and_where_it_stands() -> None:
    assert [step.state for step in journey.progress("approved").steps] == ["done", "done", "now", "ahead"]


def test_every_line_of_the_timeline_has_an_icon_that_exists() -> None:
    assert set(story.LOOKS) == set(TITLES)
    assert {icon for _, icon in story.LOOKS.values()} <= ICONS
