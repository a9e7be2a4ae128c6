"""A master agreement starts the grants of whom it names with the decision."""

from functools import partial

import pytest

from licenses import actions, queries, states
from licenses.models import Acceptance, Grant, MasterAgreement, MasterMember, Party, Request
from portal.accounts.models import Organization
from portal.core.models import OutboxMessage
from portal.core.problems import Conflict
from tests.unit.licenses.team import SIGNATORY, Team, sent_under_example
from tests.unit.licenses.world import DAY, NOW, World, apply, person, session

pytestmark = pytest.mark.database


@pytest.fixture
def team(world: World) -> Team:
    return Team(world)


def holders() -> list[str]:
    return sorted(grant.user.email.partition("@")[0] for grant in Grant.objects.all())


def state_of(request: Request) -> str:
    request.refresh_from_db()
    return str(request.state)


def master(world: World, *names: str) -> MasterAgreement:
    """A signed master agreement that names these people."""
    signatory = person("provost")
    made = MasterAgreement.objects.create(
        organization=Organization.objects.create(name="ETH"),
        license_version=world.license,
        signatory_email=signatory.email,
        signatory_name="Provost Example",
        signatory=signatory,
        typed_name="Provost Example",
        sha256=world.license.sha256,
        created_at=NOW - DAY,
        created_by="system:test",
        signed_at=NOW - DAY,
        ends_at=NOW + 99 * DAY,
    )
    for name in names:
        MasterMember.objects.create(
            master=made, email=f"{name}@example.org", full_name=name, added_at=NOW - DAY
        )
    return made


def test_whom_a_master_agreement_names_has_access_with_the_decision(team: Team) -> None:
    covering = master(team.world, "ada", "cora")
    request = team.approved()
    assert (state_of(request), holders()) == (states.SIGNED, ["ada", "cora"])
    accepted = Acceptance.objects.filter(request=request)
    assert {each.how for each in accepted} == {f"master:{covering.pk}"}
    assert {each.typed_name for each in accepted} == {"Provost Example"}
    told = {
        (mail.template.rpartition("/")[2], mail.to.partition("@")[0]) for mail in OutboxMessage.objects.all()
    }
    assert {("request_signed", "ada"), ("request_signed", "cora"), ("signature_wanted", "cyd")} <= told
    # Who has access already is not asked to sign for it.
    assert not told & {("request_approved", "ada"), ("signature_wanted", "cora")}
    [grant] = team.accept(request, team.cyd)
    assert grant.user == team.cyd.user


def test_under_a_master_agreement_no_signatory_is_needed(db: None) -> None:
    signed_for = Team(World(signatory=True))
    master(signed_for.world, "ada", "cora", "cyd")
    request = signed_for.approved(signatory=True)
    assert (state_of(request), holders()) == (states.SIGNED, ["ada", "cora", "cyd"])
    assert request.signatory is False
    assert request.parties.get(role="signatory").state == Party.State.DROPPED


def test_a_master_agreement_spares_nobody_the_signatory_whom_it_does_not_name(db: None) -> None:
    signed_for = Team(World(signatory=True))
    master(signed_for.world, "ada")
    request = signed_for.approved(signatory=True)
    assert (state_of(request), holders(), request.signatory) == (states.SIGNED, ["ada"], True)
    assert signed_for.accept(request, signed_for.cora) == []
    assert [grant.user for grant in signed_for.accept(request, signed_for.sig)] == [signed_for.cora.user]
    assert [grant.user for grant in signed_for.accept(request, signed_for.cyd)] == [signed_for.cyd.user]


def test_a_signatory_is_found_after_a_master_agreement_gave_access_to_some(db: None) -> None:
    """The one who was named says no; another is asked, answers and signs, for whoever waits."""
    signed_for = Team(World(signatory=True))
    master(signed_for.world, "ada")
    request = signed_for.approved(signatory=True)
    signed_for.accept(request, signed_for.cora)
    actions.decline(party=request.parties.get(role=SIGNATORY), by=signed_for.sig, now=NOW)
    sigrid = session(person("sigrid"))
    sent_under_example(request)
    party = signed_for.invite(request, sigrid, SIGNATORY)
    assert list(queries.unanswered(sigrid)) == [party]
    late = NOW + 30 * DAY
    for act in (
        partial(actions.join, party=party, by=sigrid),
        partial(
            actions.invite,
            request=request,
            role=SIGNATORY,
            email="x@y.org",
            full_name="X",
            by=signed_for.world.ada,
        ),
    ):
        with pytest.raises(Conflict, match="The time to accept"):
            act(now=late)
    actions.join(party=party, by=sigrid, now=NOW)
    assert [grant.user for grant in signed_for.accept(request, sigrid)] == [signed_for.cora.user]


def test_a_master_agreement_that_names_only_a_co_applicant_starts_nothing(team: Team) -> None:
    master(team.world, "cora")
    request = team.approved()
    assert (state_of(request), holders()) == (states.APPROVED, [])


def test_a_master_agreement_opens_no_region_that_the_terms_exclude(team: Team) -> None:
    master(team.world, "ada", "cora")
    request = team.world.submit(team.draft())
    type(team.cora.user).objects.filter(email="cora@example.org").update(country="AQ")
    apply(team.world.release, exclude_countries=["AQ"])
    team.world.vote(request, team.world.rita)
    team.world.vote(request, team.world.rob)
    assert holders() == ["ada"]
