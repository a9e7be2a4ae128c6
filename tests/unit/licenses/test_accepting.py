"""Each party accepts the license; a grant starts with the later of the two acceptances that it needs."""

from datetime import timedelta

import pytest

from licenses import actions, policies, queries, states
from licenses.models import Acceptance, Agreement, Grant, Party, Request
from portal.accounts import pending
from portal.core import audit
from portal.core.models import OutboxMessage
from portal.core.problems import Conflict, NotPermitted
from tests.unit.licenses.team import SIGNATORY, Team, sent_under_example
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, apply, person, session, token

pytestmark = pytest.mark.database
TERM = timedelta(days=365)


@pytest.fixture
def team(world: World) -> Team:
    return Team(world)


@pytest.fixture
def signed_for(db: None) -> Team:
    """A team under terms that demand a signatory."""
    return Team(World(signatory=True))


def holders() -> list[str]:
    return sorted(grant.user.email.partition("@")[0] for grant in Grant.objects.all())


def state_of(request: Request) -> str:
    request.refresh_from_db()
    return str(request.state)


def test_an_approval_asks_each_of_the_team_to_sign(signed_for: Team) -> None:
    request = signed_for.approved(signatory=True)
    wanted = {mail.to: mail for mail in OutboxMessage.objects.filter(template__endswith="signature_wanted")}
    assert set(wanted) == {"cora@example.org", "cyd@example.org", "sig@example.org"}
    assert "Nobody gets access before you have signed" in wanted["sig@example.org"].text
    cora = request.parties.get(email="cora@example.org")
    assert f"/invitations/{cora.pk}/" in wanted["cora@example.org"].text


def test_a_team_comes_to_its_grants_and_who_never_accepts_drops_out(signed_for: Team) -> None:
    """The walk: applicant, two co-applicants and a signatory."""
    request = signed_for.approved(signatory=True)
    ada = signed_for.world.ada

    assert signed_for.accept(request, ada) == []
    assert (state_of(request), holders()) == (states.APPROVED, [])
    started = signed_for.accept(request, signed_for.sig, NOW + DAY)
    assert (state_of(request), holders()) == (states.SIGNED, ["ada"])
    assert started[0].starts_at == NOW + DAY
    [late] = signed_for.accept(request, signed_for.cora, NOW + 3 * DAY)
    assert (late.starts_at, late.ends_at) == (NOW + 3 * DAY, NOW + 3 * DAY + TERM)
    assert holders() == ["ada", "cora"]

    assert actions.lapse(now=NOW + 30 * DAY - timedelta(seconds=1)) == 0
    assert actions.lapse(now=NOW + 30 * DAY) == 1
    assert actions.lapse(now=NOW + 30 * DAY) == 0
    assert request.parties.get(user=signed_for.cyd.user).state == Party.State.DROPPED
    assert OutboxMessage.objects.get(template__endswith="party_dropped").to == "cyd@example.org"
    with pytest.raises(NotPermitted) as caught:
        signed_for.accept(request, signed_for.cyd, NOW + 30 * DAY)
    assert caught.value.code == "not_a_party"
    assert (state_of(request), holders()) == (states.SIGNED, ["ada", "cora"])
    assert Agreement.objects.filter(acceptance__request=request).count() == 3


@pytest.mark.parametrize("first", ["signatory", "applicant"])
def test_the_later_of_the_two_acceptances_starts_the_grant(signed_for: Team, first: str) -> None:
    request = signed_for.approved(signatory=True)
    order = [signed_for.sig, signed_for.world.ada]
    if first == "applicant":
        order.reverse()
    assert signed_for.accept(request, order[0], NOW) == []
    assert state_of(request) == states.APPROVED
    [grant] = signed_for.accept(request, order[1], NOW + 2 * DAY)
    assert (grant.user, grant.starts_at) == (signed_for.world.ada.user, NOW + 2 * DAY)
    assert state_of(request) == states.SIGNED
    kinds = [event.kind for event in audit.trail(f"request:{request.pk}")]
    assert kinds[-2:] == ["request.accepted", "request.signed"]


def test_the_signatory_starts_everybody_who_waited_at_once(signed_for: Team) -> None:
    request = signed_for.approved(signatory=True)
    for by in (signed_for.cyd, signed_for.world.ada, signed_for.cora):
        assert signed_for.accept(request, by) == []
    grants = signed_for.accept(request, signed_for.sig, NOW + DAY)
    assert len(grants) == 3
    assert holders() == ["ada", "cora", "cyd"]
    told = OutboxMessage.objects.filter(template__endswith="request_signed")
    assert sorted(mail.to.partition("@")[0] for mail in told) == holders()


def test_a_signatory_who_declines_is_replaced_and_the_other_signs(signed_for: Team) -> None:
    request = signed_for.approved(signatory=True)
    signed_for.accept(request, signed_for.world.ada)
    actions.decline(party=request.parties.get(user=signed_for.sig.user), by=signed_for.sig, now=NOW)
    with pytest.raises(Conflict) as caught:
        signed_for.invite(request, session(person("dean")))
    assert caught.value.code == "state_changed", "a co-applicant is not added after the approval"
    sigrid = session(person("sigrid"))
    sent_under_example(request)
    signed_for.joined(request, sigrid, SIGNATORY)
    assert len(signed_for.accept(request, sigrid)) == 1
    with pytest.raises(Conflict) as caught:
        signed_for.invite(request, session(person("third")), SIGNATORY)
    assert caught.value.code == "team_full"
    assert state_of(request) == states.SIGNED


def test_without_the_signatory_the_approval_lapses(signed_for: Team) -> None:
    request = signed_for.approved(signatory=True)
    for by in (signed_for.world.ada, signed_for.cora):
        signed_for.accept(request, by)
    assert actions.lapse(now=NOW + 30 * DAY) == 1
    assert (state_of(request), holders()) == (states.LAPSED, [])
    lapsed = OutboxMessage.objects.filter(template__endswith="request_lapsed")
    assert {mail.to for mail in lapsed} == {f"{name}@example.org" for name in ("ada", "cora", "cyd", "sig")}


def test_an_applicant_who_never_accepts_gets_no_grant_and_keeps_nobody_from_theirs(team: Team) -> None:
    request = team.approved()
    team.accept(request, team.cora)
    assert (state_of(request), holders()) == (states.SIGNED, ["cora"])
    with pytest.raises(Conflict) as caught:
        team.accept(request, team.world.ada, NOW + 30 * DAY)
    assert caught.value.code == "state_changed"
    team.accept(request, team.world.ada, NOW + 29 * DAY)
    assert holders() == ["ada", "cora"]


def test_nobody_accepts_twice_and_nobody_who_did_not_join(team: Team) -> None:
    request = team.approved()
    team.accept(request, team.cora)
    for by, code in (
        (team.cora, "state_changed"),
        (team.sig, "not_a_party"),
        (team.world.rob, "not_a_party"),
    ):
        with pytest.raises((Conflict, NotPermitted)) as caught:
            team.accept(request, by)
        assert caught.value.code == code
    assert Acceptance.objects.count() == 1


def test_a_co_applicant_passes_the_bars_of_entry_again(team: Team) -> None:
    request = team.approved()
    assert team.cora.user is not None
    apply(team.world.release, exclude_countries=["CH"])
    with pytest.raises(NotPermitted) as caught:
        team.accept(request, team.cora)
    assert caught.value.code == "region_excluded"


def test_a_co_applicant_signs_from_the_command_line_in_a_browser(team: Team) -> None:
    request = team.approved()
    assert team.cora.user is not None
    action = actions.propose_sign(request=request, by=token(team.cora.user, "requests"), now=NOW)
    pending.confirm(action=action, by=team.cora, now=NOW)
    assert holders() == ["cora"]
    assert Acceptance.objects.get().how == f"pending:{action.pk}"


def test_what_a_signatory_proposes_says_that_it_binds_the_institution(signed_for: Team) -> None:
    request = signed_for.approved(signatory=True)
    assert signed_for.sig.user is not None
    action = actions.propose_sign(request=request, by=token(signed_for.sig.user, "requests"), now=NOW)
    assert "binding the institution" in action.summary


def test_a_grant_from_elsewhere_keeps_nobody_else_waiting(signed_for: Team) -> None:
    """Cora has her own grant by the time the signatory signs: the others start, hers stays as it is."""
    world, request = signed_for.world, signed_for.approved(signatory=True)
    signed_for.accept(request, signed_for.cora)
    signed_for.accept(request, world.ada)
    Request.objects.filter(pk=request.pk).update(signatory=True)
    apply(world.release, signatory=False)
    own = _grant_of_cora(signed_for)
    signed_for.accept(request, signed_for.sig)
    assert holders() == ["ada", "cora"]
    own.refresh_from_db()
    assert own.state == states.ACTIVE


def _grant_of_cora(team: Team) -> Grant:
    """A grant from another request, which an appeal brought back beside the team's."""
    world = team.world
    assert team.cora.user is not None
    other = actions.draft(by=world.admin, release=world.release, answers=ANSWERS, now=NOW)
    team.joined(other, team.cora, by=world.admin)
    world.submit(other, world.admin)
    world.vote(other, world.rita)
    world.vote(other, world.rob)
    [grant] = team.accept(other, team.cora)
    return grant


def test_ones_own_grant_in_the_way_is_said(team: Team) -> None:
    request = team.approved()
    own = _grant_of_cora(team)
    with pytest.raises(Conflict) as caught:
        team.accept(request, team.cora)
    assert caught.value.code == "grant_live"
    actions.suspend(grant=own, reason="A question.", by=team.world.rita, now=NOW)
    with pytest.raises(Conflict) as caught:
        team.accept(request, team.cora)
    assert caught.value.code == "grant_suspended"
    assert not Acceptance.objects.filter(request=request).exists()


@pytest.mark.parametrize("late", [timedelta(0), 60 * DAY])
def test_an_approval_that_nobody_signed_has_lapsed_before_a_job_says_so(team: Team, late: timedelta) -> None:
    request, over = team.approved(), NOW + 30 * DAY
    with pytest.raises(Conflict) as caught:
        team.accept(request, team.world.ada, now=over + late)
    assert caught.value.code == "request_lapsed"
    with pytest.raises(Conflict) as caught:
        actions.withdraw(request=request, by=team.world.ada, now=over + late)
    assert caught.value.code == "state_changed"
    assert len(team.accept(request, team.world.ada, now=over - timedelta(microseconds=1))) == 1


def test_who_let_an_approval_lapse_asks_anew_at_once(team: Team) -> None:
    """The job has not run: the rule of access says so all the same, and nothing is in the way."""
    request, over = team.approved(), NOW + 30 * DAY
    facts = queries.facts(team.world.ada, team.world.release)
    soon = over - timedelta(microseconds=1)
    codes = [policies.access(facts, "manifest", now).code for now in (soon, over)]  # type: ignore[union-attr]
    assert codes == ["license_unsigned", "request_lapsed"]
    assert queries.request_for(team.world.ada, request.pk, over).state == states.LAPSED
    assert queries.review(team.world.rita, request.pk, over).case.state == states.LAPSED

    anew = actions.draft(by=team.world.ada, release=team.world.release, answers=ANSWERS, now=over)

    assert (anew.state, state_of(request)) == (states.DRAFT, states.LAPSED)
    assert audit.trail(f"request:{request.pk}").filter(kind="request.lapsed").count() == 1
