"""Both sides at the same moment, on a real database: one message, one answer, a vote that counts or not."""

from functools import partial

import pytest

from licenses import actions, states
from licenses.models import Message, Request, Vote
from portal.core import audit
from portal.core.models import OutboxMessage
from tests.integration.licenses.race import codes, crew
from tests.unit.licenses.world import NOW, World

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

ROUNDS = 10


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def test_fifty_clicks_send_one_message_and_one_mail_each(world: World) -> None:
    """R1."""
    request = world.request_in(states.SUBMITTED)
    with crew(50) as race:
        race.run(*[partial(actions.say, request=request, text="Hello.", by=world.ada, now=NOW)] * 50)
    assert Message.objects.count() == 1
    assert OutboxMessage.objects.filter(template__endswith="/message_received").count() == 3


def test_a_question_is_answered_once(world: World) -> None:
    with crew(2) as race:
        for _ in range(ROUNDS):
            request = world.request_in(states.SUBMITTED)
            actions.ask(request=request, text="Which corpus?", by=world.rita, now=NOW)
            race.run(
                *(
                    partial(actions.say, request=request, text=text, by=world.ada, now=NOW)
                    for text in ("The Pile.", "All of it.")
                )
            )
            kinds = [event.kind for event in audit.trail(f"request:{request.pk}")]
            assert (kinds.count("request.answered"), kinds.count("request.message_sent")) == (1, 1)
            actions.withdraw(request=request, by=world.ada, now=NOW)


def test_a_recusal_and_the_same_reviewers_vote_leave_no_vote_that_counts(world: World) -> None:
    """R5: whichever came first, a reviewer who recused themselves decided nothing."""
    with crew(2) as race:
        for _ in range(ROUNDS):
            request = world.request_in(states.SUBMITTED)
            results = race.run(
                partial(
                    actions.vote,
                    request=request, version=1, verdict="approve", reason="", note="", by=world.rita, now=NOW,
                ),
                partial(actions.recuse, request=request, reason="Friends.", by=world.rita, now=NOW),
            )  # fmt: skip
            assert codes(results) in ([], ["recused"])
            assert not Vote.objects.filter(request=request, superseded_at__isnull=True).exists()
            assert Request.objects.get(pk=request.pk).state == states.SUBMITTED
            actions.withdraw(request=request, by=world.ada, now=NOW)
