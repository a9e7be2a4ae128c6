"""Who is on the side of those who ask is no staff in their request; nor is who was staff once."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress

from licenses import actions, policies, queries, states
from licenses.models import Grant, Party, Request
from portal.accounts.models import Organization, User
from portal.accounts.principals import Principal
from portal.core.problems import Conflict, Invalid, NotFound, NotPermitted
from tests.unit.licenses.team import CO_APPLICANT, SIGNATORY, Team
from tests.unit.licenses.world import NOW, World, person, session

pytestmark = pytest.mark.database


@pytest.fixture
def team(world: World) -> Team:
    return Team(world)


@pytest.fixture
def signed_for(db: None) -> Team:
    """A team under terms that demand a signatory."""
    return Team(World(signatory=True))


def leaves(team: Team, party: Party) -> None:
    actions.decline(party=party, by=team.world.rita, now=NOW)


def is_taken_out(team: Team, party: Party) -> None:
    actions.remove(party=party, by=team.world.ada, now=NOW)


@pytest.mark.parametrize("goes", [leaves, is_taken_out])
def test_who_took_part_once_judges_it_never(team: Team, goes: Callable[[Team, Party], None]) -> None:
    world, request = team.world, team.world.draft()
    goes(team, team.joined(request, world.rita))
    world.submit(request)
    with pytest.raises(NotPermitted) as caught:
        world.vote(request, world.rita)
    assert caught.value.code == "own_request"
    with pytest.raises(Conflict) as barred:
        actions.assign(request=request, to=world.rita.user, by=world.rob, now=NOW)
    assert barred.value.code == "assignee_barred"
    assert actions.pick_next(by=world.rita, now=NOW) is None
    assert world.rita.user not in queries.eligible_reviewers(request)
    assert request not in queries.queue(world.rita)
    with pytest.raises(NotFound):
        queries.request_for(world.rita, request.pk, NOW)


def test_who_only_declined_judges_it(team: Team) -> None:
    """Else applicants would keep whom they fear from voting by asking them in."""
    world, request = team.world, team.world.draft()
    party = team.invite(request, world.rita)
    actions.decline(party=party, by=world.rita, now=NOW)
    world.submit(request)
    assert party.user is None
    assert world.rita.user in queries.eligible_reviewers(request)
    assert request in queries.queue(world.rita, queries.QueueFilters(awaiting_me=True))
    world.vote(request, world.rita)
    assert request.votes.get().reviewer == world.rita.user
    [declined] = [line for line in queries.timeline(request) if line.kind == "request.party_declined"]
    assert declined.actor_label == "Who was asked"


def staff_verbs(team: Team, request: Request, by: Principal) -> list[Callable[[], object]]:
    world = team.world
    return [
        lambda: actions.say(request=request, text="From the reviewers.", by=by, now=NOW),
        lambda: actions.ask(request=request, text="Why?", by=by, now=NOW),
        lambda: actions.note(request=request, text="Fine.", by=by, now=NOW),
        lambda: actions.recuse(request=request, reason="Mine.", by=by, now=NOW),
        lambda: actions.assign(request=request, to=world.rob.user, by=by, now=NOW),
        lambda: world.vote(request, by),
    ]


@pytest.mark.parametrize("answered", [True, False])
def test_who_signs_for_the_institution_does_not_speak_as_the_reviewers(
    signed_for: Team, answered: bool
) -> None:
    world, request = signed_for.world, signed_for.world.draft()
    (signed_for.joined if answered else signed_for.invite)(request, world.rita, SIGNATORY)
    world.submit(request)
    world.vote(request, world.rob)
    for verb in staff_verbs(signed_for, request, world.rita):
        with pytest.raises(NotPermitted) as caught:
            verb()
        assert caught.value.code == "own_request"
    assert not request.messages.exists()
    if answered:
        told = queries.timeline(request, world.rita)
        assert not [line for line in told if line.kind == "request.voted"]
    else:
        with pytest.raises(NotFound):
            queries.request_for(world.rita, request.pk, NOW)


def test_a_reviewer_who_signs_reads_no_names_of_reviewers(signed_for: Team) -> None:
    world, request = signed_for.world, signed_for.world.draft()
    signed_for.joined(request, world.rita, SIGNATORY)
    world.submit(request)
    actions.say(request=request, text="Hello.", by=world.rob, now=NOW)
    [said] = queries.messages(request, world.rita, queries.request_case(world.rita, request, NOW))
    assert said.author == "The reviewers"


def test_whoever_voted_before_their_address_was_theirs_does_not_join(signed_for: Team) -> None:
    world, request = signed_for.world, signed_for.world.draft()
    party = actions.invite(
        request=request, role=SIGNATORY, email="r@home.example", full_name="R", by=world.ada, now=NOW
    )
    world.submit(request)
    world.vote(request, world.rita)
    EmailAddress.objects.create(user=world.rita.person, email="r@home.example", verified=True)
    with pytest.raises(NotPermitted) as caught:
        actions.join(party=party, by=world.rita, now=NOW)
    assert caught.value.code == "voted_before"


def test_staff_recused_from_a_request_do_not_assign_it(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    actions.recuse(request=request, reason="Friends.", by=world.rita, now=NOW)
    with pytest.raises(NotPermitted) as caught:
        actions.assign(request=request, to=world.rob.user, by=world.rita, now=NOW)
    assert caught.value.code == "recused"


def test_nobody_of_a_team_changes_a_teammates_grant(team: Team) -> None:
    world, request = team.world, team.world.draft()
    team.joined(request, world.rita)
    world.submit(request)
    for by in (world.rob, world.rosa):
        world.vote(request, by)
    request.refresh_from_db()
    [grant] = world.sign(request)
    for verb in (actions.suspend, actions.resume, actions.revoke):
        with pytest.raises(NotPermitted) as caught:
            verb(grant=grant, reason="Why.", by=world.rita, now=NOW)
        assert caught.value.code == "own_request"
    assert not policies.may_extend(queries.grant_case(world.rita, grant))
    assert policies.may_extend(queries.grant_case(session(person("lena", "legal_lead")), grant))


def test_the_bars_of_entry_are_those_of_the_place_that_is_taken(db: None) -> None:
    """Asked at two addresses: a signatory may be of anywhere, a co-applicant not."""
    world = World(signatory=True, exclude_countries=["AQ"])
    team, pole = Team(world), person("pole", country="AQ")
    EmailAddress.objects.create(user=pole, email="pole@home.example", verified=True)
    request = world.draft()
    signs = actions.invite(
        request=request, role=SIGNATORY, email="pole@home.example", full_name="P", by=world.ada, now=NOW
    )
    asks = team.invite(request, session(pole), CO_APPLICANT)
    with pytest.raises(NotPermitted) as caught:
        actions.join(party=asks, by=session(pole), now=NOW)
    assert caught.value.code == "region_excluded"
    assert actions.join(party=signs, by=session(pole), now=NOW).state == Party.State.JOINED


def test_a_negotiated_text_is_neither_told_by_its_digest_nor_read_by_who_left(
    team: Team,
) -> None:
    world = team.world
    house = Organization.objects.create(name="Secret")
    text = "# Deal\n\nFive million.\n"
    deal = actions.publish_license_version(
        license=world.license.license, text=text, effective_at=NOW, by=world.rita, now=NOW, organization=house
    )
    request = world.draft()
    with pytest.raises(Conflict) as caught:
        actions.submit(request=request, license_sha256=deal.sha256, by=world.ada, now=NOW)
    assert (caught.value.extra["given"], caught.value.extra["difference"]) == (None, [])
    party = team.joined(request, team.cora)
    Request.objects.filter(pk=request.pk).update(license_version=deal)
    assert queries.license_version_for(deal.pk, team.cora) == deal
    actions.decline(party=party, by=team.cora, now=NOW)
    with pytest.raises(NotFound):
        queries.license_version_for(deal.pk, team.cora)


def test_an_account_without_a_name_signs_as_nobody(world: World) -> None:
    request = world.request_in(states.APPROVED)
    User.objects.filter(pk=world.ada.person.pk).update(full_name="")
    world.ada = session(User.objects.get(pk=world.ada.person.pk))
    with pytest.raises(Invalid) as caught:
        world.sign(request)
    assert caught.value.code == "name_invalid"
    assert not Grant.objects.exists()
