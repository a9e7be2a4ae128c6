"""Who reads what in a request's timeline, and where its words are kept."""

import json

import pytest

from licenses import actions, queries, states
from licenses.models import Request
from portal.accounts.principals import Principal
from portal.core.models import AuditEvent
from tests.unit.licenses.team import Team
from tests.unit.licenses.world import NOW, World

pytestmark = pytest.mark.database


def details(request: Request, by: Principal) -> list[str]:
    return [entry.detail for entry in queries.timeline(request, by)]


def test_why_a_grant_was_suspended_is_for_its_holder_and_staff(world: World) -> None:
    team = Team(world)
    request = team.approved()
    for guest in (world.ada, team.cora):
        team.accept(request, guest)
    grant = request.grants.get(user=team.cora.person)
    actions.suspend(grant=grant, reason="A sanction hit.", by=world.rita, now=NOW)

    assert "A sanction hit." in details(request, team.cora)
    assert "A sanction hit." in details(request, world.rita)
    for other in (world.ada, team.cyd):
        assert "Access suspended" in " ".join(entry.title for entry in queries.timeline(request, other))
        assert "A sanction hit." not in details(request, other)


def test_the_words_of_an_appeal_are_told_and_not_in_the_log(world: World) -> None:
    request = world.request_in(states.REJECTED)
    request = actions.appeal(request=request, text="I was ill.", by=world.ada, now=NOW)

    assert "I was ill." in details(request, world.ada)
    assert "I was ill." not in json.dumps(list(AuditEvent.objects.values_list("data", flat=True)))
