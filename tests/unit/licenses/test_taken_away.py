"""What was taken away between a decision and a signature does not come back by the signature."""

from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress

from licenses import actions, states
from licenses.models import Acceptance, Grant, Party, Request
from portal.accounts.actions.details import correct_details
from portal.accounts.models import Organization, User
from portal.core import audit
from portal.core.problems import Conflict
from tests.unit.licenses.team import SIGNATORY, Team
from tests.unit.licenses.test_under_master import master
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, apply, session

pytestmark = pytest.mark.database

HOUR = timedelta(hours=1)


@pytest.fixture
def grant(world: World) -> Grant:
    return world.grant_in(states.ACTIVE)


def in_review(world: World, request: Request, now: datetime) -> Request:
    """A renewal of Ada's, sent."""
    made = actions.renew(request=request, by=world.ada, now=now)
    actions.edit(request=made, answers=ANSWERS, summary_of_use="Papers.", by=world.ada, now=now)
    return actions.submit(request=made, license_sha256=world.license.sha256, by=world.ada, now=now)


def approve(world: World, request: Request, now: datetime) -> Request:
    for reviewer in (world.rita, world.rob):
        world.vote(request, reviewer, now=now)
    request.refresh_from_db()
    return request


def refusal(world: World, request: Request, now: datetime) -> str:
    with pytest.raises(Conflict) as caught:
        world.sign(request, now=now)
    return caught.value.code


@pytest.mark.parametrize("when", ["in review", "after the approval"])
def test_what_is_revoked_since_its_renewal_was_begun_is_not_carried_on(
    world: World, grant: Grant, when: str
) -> None:
    start = grant.ends_at - 30 * DAY
    request = in_review(world, grant.request, start)
    if when == "in review":
        actions.revoke(grant=grant, reason="Sold them.", by=world.rita, now=start + HOUR)
    approve(world, request, start + 2 * HOUR)
    if when == "after the approval":
        actions.revoke(grant=grant, reason="Sold them.", by=world.rita, now=start + 3 * HOUR)

    assert refusal(world, request, start + 4 * HOUR) == "grant_revoked"
    assert not Acceptance.objects.filter(request=request).exists()
    # Whoever asks anew is judged by people who read of it.
    actions.withdraw(request=request, by=world.ada, now=start + 4 * HOUR)
    later = start + DAY
    anew = world.submit(actions.draft(by=world.ada, release=world.release, answers=ANSWERS, now=later))
    approve(world, anew, later)
    assert len(world.sign(anew, now=later)) == 1


@pytest.mark.parametrize("days", [1, 6])
def test_a_hold_is_not_waited_out(world: World, grant: Grant, days: int) -> None:
    start = grant.ends_at - 30 * DAY
    request = approve(world, in_review(world, grant.request, start), start)
    actions.suspend(grant=grant, reason="A question.", by=world.rita, now=start)
    actions.extend(grant=grant, ends_at=start + 5 * DAY, reason="Sooner.", by=world.rita, now=start)

    assert refusal(world, request, start + days * DAY) == "grant_suspended"
    actions.resume(grant=grant, reason="Cleared.", by=world.rita, now=start + days * DAY)
    assert len(world.sign(request, now=start + days * DAY)) == 1


def test_the_signatory_starts_nothing_for_whom_lost_access_meanwhile(db: None) -> None:
    team = Team(World(signatory=True))
    world = team.world
    first = team.approved(signatory=True)
    for by in (world.ada, team.cora, team.sig):
        team.accept(first, by)
    lost = Grant.objects.get(user=team.cora.user)
    start = lost.ends_at - 30 * DAY
    made = actions.renew(request=first, by=world.ada, now=start)
    for party, by in zip(made.parties.order_by("email"), (team.cora, team.sig), strict=True):
        actions.join(party=party, by=by, now=start)
    actions.edit(request=made, answers=ANSWERS, summary_of_use="Papers.", by=world.ada, now=start)
    actions.submit(request=made, license_sha256=world.license.sha256, by=world.ada, now=start)
    approve(world, made, start)
    for by in (world.ada, team.cora):
        team.accept(made, by, now=start)
    actions.revoke(grant=lost, reason="Sold them.", by=world.rita, now=start + HOUR)

    started = team.accept(made, team.sig, now=start + 2 * HOUR)

    assert [each.user for each in started] == [world.ada.user]


def test_a_revocation_after_the_decision_counts_against_a_first_request_too(world: World) -> None:
    team = Team(world)
    alone = approve(world, world.submit(world.draft(team.cora), team.cora), NOW)
    [own] = team.accept(alone, team.cora)
    together = team_request_of(world, team)
    actions.revoke(grant=own, reason="Sold them.", by=world.rita, now=NOW + HOUR)
    with pytest.raises(Conflict) as caught:
        team.accept(together, team.cora, now=NOW + 2 * HOUR)
    assert caught.value.code == "grant_revoked"


def team_request_of(world: World, team: Team) -> Request:
    request = world.draft()
    Party.objects.create(
        request=request,
        role="co_applicant",
        email="cora@example.org",
        full_name="Cora Example",
        user=team.cora.user,
        state=Party.State.JOINED,
        state_at=NOW,
        asked_at=NOW,
    )
    return approve(world, world.submit(request), NOW)


@pytest.mark.parametrize("verb", [actions.revoke, actions.suspend])
def test_a_master_agreement_gives_nothing_back(world: World, verb: object) -> None:
    covering = master(world, "ada")
    type(covering).objects.filter(pk=covering.pk).update(ends_at=NOW + 900 * DAY)
    [grant] = Grant.objects.filter(request=approve(world, world.submit(world.draft()), NOW))
    start = grant.ends_at - 30 * DAY
    request = in_review(world, grant.request, start)
    verb(grant=grant, reason="A question.", by=world.rita, now=start + HOUR)  # type: ignore[operator]
    approve(world, request, start + 2 * HOUR)

    assert request.state == states.APPROVED
    assert not Acceptance.objects.filter(request=request).exists(), "it is theirs to accept later"
    grant.refresh_from_db()
    assert refusal(world, request, start + 3 * HOUR) == f"grant_{grant.state}"


def test_what_is_resumed_after_the_decision_is_signed_by_hand_without_a_signatory(db: None) -> None:
    world = World(signatory=True)
    team = Team(world)
    covering = master(world, "ada")
    type(covering).objects.filter(pk=covering.pk).update(ends_at=NOW + 900 * DAY)
    draft = world.draft()
    team.joined(draft, team.sig, SIGNATORY)
    [grant] = Grant.objects.filter(request=approve(world, world.submit(draft), NOW))
    start = grant.ends_at - 30 * DAY
    made = actions.renew(request=grant.request, by=world.ada, now=start)
    team.joined(made, team.sig, SIGNATORY)
    actions.edit(request=made, answers=ANSWERS, summary_of_use="Papers.", by=world.ada, now=start)
    actions.submit(request=made, license_sha256=world.license.sha256, by=world.ada, now=start)
    actions.suspend(grant=grant, reason="A question.", by=world.rita, now=start)
    approve(world, made, start)
    actions.resume(grant=grant, reason="Cleared.", by=world.rita, now=start + HOUR)

    assert len(world.sign(made, now=start + 2 * HOUR)) == 1
    assert Acceptance.objects.get(request=made).how == "session"


@pytest.mark.parametrize(("rule", "state"), [("suspend", states.SUSPENDED), ("keep", states.ACTIVE)])
def test_who_leaves_before_the_signature_is_held_to_the_terms(world: World, rule: str, state: str) -> None:
    home = Organization.objects.create(name="Example Lab", domains=["lab.example"])
    User.objects.filter(pk=world.ada.person.pk).update(organization=home, email="ada@lab.example")
    EmailAddress.objects.filter(user=world.ada.person).update(email="ada@lab.example")
    world.ada = session(User.objects.get(pk=world.ada.person.pk))
    request = approve(world, world.submit(world.draft()), NOW)
    apply(world.release, on_affiliation_end=rule)
    user = world.ada.person
    correct_details(
        user=user, full_name=user.full_name, organization="Elsewhere", country="CH", by=world.ada, now=NOW
    )
    world.ada = session(User.objects.get(pk=user.pk))

    [grant] = world.sign(request, now=NOW + DAY)

    assert (grant.state, grant.organization) == (state, home)
    done = [event.kind for event in audit.trail(f"grant:{grant.pk}")]
    assert done == ["grant.started", "grant.suspended" if rule == "suspend" else "grant.kept"]
