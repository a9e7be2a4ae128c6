"""Who is named to sign for the institution after the decision."""

import pytest

from licenses import actions
from licenses.models import Grant, Party, Request
from portal.core import audit
from portal.core.models import OutboxMessage
from portal.core.problems import Invalid, NotPermitted
from tests.unit.licenses.team import SIGNATORY, Team, sent_under_example
from tests.unit.licenses.world import NOW, World, person, session

pytestmark = pytest.mark.database


@pytest.fixture
def team(world: World) -> Team:
    return Team(world)


@pytest.fixture
def signed_for(db: None) -> Team:
    """A team under terms that demand a signatory."""
    return Team(World(signatory=True))


def approved(team: Team) -> Request:
    request = team.world.draft()
    team.invite(request, team.sig, SIGNATORY)
    team.world.submit(request)
    team.world.vote(request, team.world.rita)
    return team.world.vote(request, team.world.rob)


def test_no_second_account_of_the_applicants_signs_for_the_institution(signed_for: Team) -> None:
    request = approved(signed_for)
    second = session(person("second"))
    with pytest.raises(Invalid) as caught:
        signed_for.invite(request, second, SIGNATORY)
    assert (caught.value.code, list(caught.value.errors)) == ("signatory_unknown", ["email"])
    assert "reviewers" in caught.value.next_step
    assert request.parties.get().state == Party.State.INVITED, "who was named keeps the place"
    sent_under_example(request)
    assert signed_for.invite(request, second, SIGNATORY).email == "second@example.org"


def test_staff_name_a_signatory_whom_nothing_confirms(signed_for: Team) -> None:
    world, request = signed_for.world, approved(signed_for)
    signed_for.accept(request, world.ada)
    dean = session(person("dean"))
    party = actions.name_signatory(
        request=request, email="dean@example.org", full_name="Dean", by=world.rosa, now=NOW
    )
    assert request.parties.exclude(pk=party.pk).get().state == Party.State.DROPPED
    event = audit.trail(f"request:{request.pk}").last()
    assert event is not None
    assert (event.kind, event.by) == ("request.party_invited", world.rosa.actor)
    assert OutboxMessage.objects.filter(template__endswith="party_invited", to="dean@example.org").exists()
    actions.join(party=party, by=dean, now=NOW)
    [grant] = signed_for.accept(request, dean)
    assert grant.user == world.ada.user
    assert list(Grant.objects.all()) == [grant]


def test_nobody_names_themselves_nor_their_own_side(signed_for: Team) -> None:
    world, request = signed_for.world, approved(signed_for)
    for email in ("rosa@example.org", "ada@example.org"):
        with pytest.raises(Invalid) as caught:
            actions.name_signatory(request=request, email=email, full_name="X", by=world.rosa, now=NOW)
        assert list(caught.value.errors) == ["email"]
    actions.recuse(request=request, reason="Friends.", by=world.rosa, now=NOW)
    for by in (world.rosa, world.ada, signed_for.sig):
        with pytest.raises(NotPermitted):
            actions.name_signatory(request=request, email="d@e.org", full_name="D", by=by, now=NOW)
