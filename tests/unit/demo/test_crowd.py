"""manage.py seed_requests: invented people and requests, as the actions would have left them."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from licenses import policies, queries, states
from licenses.models import Grant, Request
from portal.accounts.models import User
from portal.core.models import OutboxMessage
from tests.unit.licenses.world import session

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def seed(**options: Any) -> None:
    given = {"requests": 300, "people": 60, "releases": 6, "until": NOW, "sure": True, "verbosity": 0}
    call_command("seed_requests", **{**given, **options}, stdout=Sink())


class Sink:
    def write(self, text: str) -> None:
        """Keep nothing."""


@pytest.mark.database
def test_every_state_is_met_and_the_log_tells_how_it_came(db: None) -> None:
    seed()
    requests = list(Request.objects.all())
    assert len(requests) == 300
    assert {request.state for request in requests} == set(states.REQUEST_STATES)
    for request in requests:
        last = queries.timeline(request)[-1].kind
        assert last in {f"request.{request.state}", "grant.started", "grant.revoked"} | {
            "request.drafted",
            "request.submitted",
            "request.appealed",
            "request.asked",
            "request.assigned",
        }
    assert Grant.objects.count() == sum(request.state == states.SIGNED for request in requests)
    assert not OutboxMessage.objects.exists()


def test_a_reviewer_can_work_on_it(db: None) -> None:
    seed()
    reviewer = session(User.objects.get(email="reviewer0@desk.example.net"))
    waiting = queries.queue(reviewer, queries.QueueFilters(awaiting_me=True))
    assert waiting
    for request in waiting[:20]:
        assert policies.may_vote(queries.review(reviewer, request.pk, NOW).case, "approve")


class Undo(Exception):
    """Takes back what was seeded."""


def seeded() -> list[object]:
    """What a seed of 50 makes, taken back."""
    fields = ("pk", "state", "submitted_at", "search_text", "assignee__email", "applicant__full_name")
    made: list[object] = []
    with suppress(Undo), transaction.atomic():
        seed(requests=50)
        made += Request.objects.order_by("pk").values_list(*fields)
        raise Undo
    return made


def test_the_same_seed_makes_the_same_requests(db: None) -> None:
    first, second = seeded(), seeded()
    assert len(first) == 50
    assert first == second


def test_it_refuses_without_the_word_that_this_is_no_production(db: None) -> None:
    with pytest.raises(CommandError, match="yes-this-is-not-production"):
        seed(sure=False)
    assert not Request.objects.exists()


def test_it_refuses_where_there_are_requests(db: None) -> None:
    seed(requests=5)
    with pytest.raises(CommandError, match="already"):
        seed(requests=5)
