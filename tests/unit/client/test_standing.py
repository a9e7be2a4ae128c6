"""What a request needs next, for each state and role: a command, or its page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from weights_vault.client import clock
from weights_vault.client.asking.standing import next_of, page_of

PAGE = "https://weights.example.org/requests/req_a/"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
SOON, OVER = NOW + timedelta(days=1), NOW - timedelta(days=1)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def request_in(state: str, waits_for: str = "nobody", role: str = "applicant", **fields: Any) -> Any:
    slugs = [{"slug": "opt-1b"}, {"slug": "opt-2b"}]
    return {
        "id": "req_a", "releases": slugs, "url": PAGE, "state": state, "waits_for": waits_for, "role": role,
    } | fields  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (request_in("draft", "you"), "weights request opt-1b opt-2b"),
        (request_in("draft", "co_applicants"), "wait for them, or change the team on its page"),
        (request_in("draft", "applicant", "co_applicant"), "wait for them"),
        (request_in("submitted", "you"), 'weights requests req_a --say "YOUR ANSWER"'),
        (
            request_in("submitted", "reviewers", due_at=SOON.isoformat()),
            "wait; an answer is meant to come by 2026-11-21 00:00 UTC",
        ),
        (
            request_in("submitted", "reviewers", due_at=OVER.isoformat()),
            "wait; an answer was meant to come by 2026-11-19 00:00 UTC; "
            "you can ask how it stands on its page",
        ),
        (
            request_in("submitted", "reviewers", "co_applicant", due_at=OVER.isoformat()),
            "wait; an answer was meant to come by 2026-11-19 00:00 UTC",
        ),
        (request_in("changes_requested", "you"), "weights request opt-1b opt-2b"),
        (request_in("approved", "you"), "weights sign req_a"),
        (
            request_in("approved", "signatory", due_at=SOON.isoformat()),
            "wait; they can sign until 2026-11-21 00:00 UTC",
        ),
        (request_in("signed"), "weights download opt-1b"),
        (request_in("signed", role="signatory"), "nothing"),
        (request_in("rejected"), "appeal once on its page, or ask anew: weights request opt-1b opt-2b"),
        (request_in("rejected", appealed=True), "weights request opt-1b opt-2b"),
        (request_in("rejected", role="co_applicant"), "nothing"),
        (request_in("withdrawn"), "weights request opt-1b opt-2b"),
        (request_in("lapsed"), "weights request opt-1b opt-2b"),
    ],
)
def test_each_state_names_the_next_step(request_: Any, said: str) -> None:
    assert next_of(request_) == said


@pytest.mark.parametrize(
    ("request_", "can"),
    [
        (request_in("draft", "you"), "   (change the team, withdraw)"),
        (request_in("submitted", "reviewers", due_at=SOON.isoformat()), "   (change your answers, withdraw)"),
        (
            request_in("submitted", "reviewers", due_at=OVER.isoformat()),
            "   (change your answers, withdraw, ask the reviewers how it stands)",
        ),
        (request_in("approved", "you", parties=[{"role": "co_applicant"}]), "   (withdraw)"),
        (
            request_in("approved", "signatory", parties=[{"role": "signatory"}]),
            "   (withdraw, replace the signatory)",
        ),
        (request_in("signed"), "   (the signed documents)"),
        (request_in("withdrawn"), ""),
        (request_in("approved", "you", "co_applicant"), ""),
    ],
)
def test_the_page_is_named_with_what_is_done_there_alone(request_: Any, can: str) -> None:
    assert page_of(request_) == f"{PAGE}{can}"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("active", "weights download opt-1b"),
        ("suspended", "weights download opt-1b"),
        ("closed", "weights grants"),
        ("expired", "weights grants"),
    ],
)
def test_a_signed_request_whose_grants_ended_names_no_download(state: str, said: str) -> None:
    grants = [{"request": "req_b", "state": "active"}, {"request": "req_a", "state": state}]
    assert next_of(request_in("signed"), grants) == said
