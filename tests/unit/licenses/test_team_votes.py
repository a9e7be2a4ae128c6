"""Whom a team bars from voting, and what of it is listed to whom."""

import pytest

from licenses import actions, policies, queries, states
from licenses.models import Party, Request
from licenses.queries.parties import GONE, TAKING_PART
from portal.accounts.principals import Principal
from portal.core.models import OutboxMessage
from portal.core.problems import NotPermitted
from tests.unit.licenses.team import SIGNATORY, Team, sent_under_example
from tests.unit.licenses.world import NOW, World, person, session, tell_reviewers

pytestmark = pytest.mark.database


@pytest.fixture
def team(world: World) -> Team:
    return Team(world)


@pytest.fixture
def signed_for(db: None) -> Team:
    """A team under terms that demand a signatory."""
    return Team(World(signatory=True))


def may_vote(team: Team, by: Principal) -> tuple[bool, bool]:
    """What the policy says, and whether the list has them."""
    [request] = queries.requests_of(team.world.ada)
    case = queries.request_case(by, request, NOW)
    return bool(policies.may_vote(case, "reject")), by.user in queries.eligible_reviewers(request)


def test_no_party_votes_nor_reviews(team: Team) -> None:
    request = team.world.draft()
    team.joined(request, team.world.rita)
    team.world.submit(request)
    assert may_vote(team, team.world.rita) == (False, False)
    assert may_vote(team, team.world.rob) == (True, True)
    with pytest.raises(NotPermitted) as caught:
        team.world.vote(request, team.world.rita)
    assert caught.value.code == "own_request"
    case = queries.request_case(team.world.rita, request, NOW)
    assert not policies.may_review_request(case)
    tell_reviewers()
    assert {mail.to for mail in mails("review_wanted")} == {"rob@example.org", "rosa@example.org"}


def test_who_voted_takes_no_part_later(signed_for: Team) -> None:
    """A reviewer who approved it does not then sign for the institution."""
    request = signed_for.approved(signatory=True)
    actions.decline(party=request.parties.get(user=signed_for.sig.user), by=signed_for.sig, now=NOW)
    sent_under_example(request)
    party = signed_for.invite(request, signed_for.world.rita, SIGNATORY)
    with pytest.raises(NotPermitted) as caught:
        actions.join(party=party, by=signed_for.world.rita, now=NOW)
    assert caught.value.code == "voted_before"
    actions.decline(party=party, by=signed_for.world.rita, now=NOW)


def test_who_is_only_asked_to_sign_does_not_vote_either(signed_for: Team) -> None:
    request = signed_for.world.draft()
    signed_for.invite(request, signed_for.world.rita, SIGNATORY)
    signed_for.world.submit(request)
    assert may_vote(signed_for, signed_for.world.rita) == (False, False)


def test_colleagues_of_a_co_applicant_are_barred_by_the_terms(db: None) -> None:
    world = World()
    team = Team(world, organization="ETH")
    colleague = session(person("carl", "reviewer", organization="ETH"))
    world.submit(team.draft())
    assert may_vote(team, colleague) == (False, False)
    assert may_vote(team, world.rob) == (True, True)


def mails(notice: str) -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(template__endswith=notice))


@pytest.mark.parametrize("state", list(states.REQUEST_STATES))
def test_what_is_listed_of_a_team_is_what_the_rule_allows(world: World, state: str) -> None:
    """Queries and policies agree for every state of the request × every place in it."""
    request, cora = world.request_in(state), session(person("cora", "reviewer"))
    party = Party.objects.create(
        request=request,
        role="co_applicant",
        email="cora@example.org",
        full_name="Cora",
        state_at=NOW,
        asked_at=NOW,
    )
    for place in Party.State:
        if place not in TAKING_PART:
            Party.objects.filter(pk=party.pk).update(state=place, user=None)
            agrees(world, request, cora, joined=False, barred=place not in GONE)
        if place != Party.State.INVITED:
            Party.objects.filter(pk=party.pk).update(state=place, user=cora.user)
            agrees(world, request, cora, joined=place in TAKING_PART, barred=True)


def agrees(world: World, request: Request, cora: Principal, *, joined: bool, barred: bool) -> None:
    """barred: who stands in the team, or ever took part in it, is no staff there."""
    case = queries.request_case(cora, request, NOW)
    assert (request in queries.requests_of(cora)) is joined
    staff = not barred and request.submitted_at is not None
    assert bool(policies.may_read_request(case)) is (joined or staff)
    may_review = bool(policies.may_review_request(case))
    assert (request in queries.queue(cora, queries.QueueFilters(state=""))) is may_review
    assert may_review is staff
    eligible = cora.user in queries.eligible_reviewers(request)
    assert eligible is not barred
    assert bool(policies.may_note(case)) is staff
    assert bool(policies.may_vote(case, "reject")) is (eligible and request.state == states.SUBMITTED)
    assert (world.release in queries.visible_releases(cora)) is True
    for purpose in ("request", "manifest"):
        one = policies.access(queries.facts(cora, world.release), purpose, NOW)
        many = queries.verdicts_by_release(cora, [world.release], purpose, NOW)
        assert many[world.release.pk] == one
