"""Renewal: short, from 60 days before the end, with everything carried over and no day lost."""

from datetime import datetime, timedelta

import pytest

from licenses import actions, policies, queries, states
from licenses.models import Grant, Request
from portal.core import times
from portal.core.models import AuditEvent
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.licenses.team import Team
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, apply, person, session

pytestmark = [pytest.mark.database, pytest.mark.django_db]

PROOF = {"profiles": ["https://lab.example.org/ada"]}
SUMMARY = "Two papers; the weights stayed on one machine."


@pytest.fixture
def grant(world: World) -> Grant:
    return world.grant_in(states.ACTIVE)


def renew(world: World, grant: Grant, now: datetime, key: str | None = None) -> Request:
    return actions.renew(request=grant.request, by=world.ada, now=now, idempotency_key=key)


def decided(world: World, request: Request, now: datetime) -> Grant:
    """Sent, approved and signed at `now`."""
    actions.edit(
        request=request,
        answers=request.versions.get().answers,
        summary_of_use=SUMMARY,
        by=world.ada,
        now=now,
    )
    actions.submit(request=request, license_sha256=world.license.sha256, by=world.ada, now=now)
    for reviewer in (world.rita, world.rob):
        request.refresh_from_db()
        actions.vote(
            request=request,
            version=request.version,
            verdict="approve",
            reason="",
            note="",
            by=reviewer,
            now=now,
        )
    [made] = actions.sign(
        request=request,
        typed_name="Ada Example",
        license_sha256=world.license.sha256,
        by=world.ada,
        now=now,
    )
    return made


def test_the_whole_renewal_loses_no_day(world: World, grant: Grant) -> None:
    now = grant.ends_at - 20 * DAY
    made = decided(world, renew(world, grant, now), now)
    old = Grant.objects.get(pk=grant.pk)

    assert made.starts_at == now
    assert made.ends_at == grant.ends_at + timedelta(days=made.request.grant_days or 0)
    assert (old.state, made.state) == (states.CLOSED, states.ACTIVE)
    assert AuditEvent.objects.filter(kind="grant.closed", subject=f"grant:{grant.pk}").exists()
    assert made.request.renews == grant.request


def test_after_the_end_it_begins_at_the_signature(world: World, grant: Grant) -> None:
    now = grant.ends_at + 40 * DAY
    made = decided(world, renew(world, grant, now), now)

    assert made.ends_at == now + timedelta(days=made.request.grant_days or 0)


def test_the_draft_carries_what_was_said(world: World) -> None:
    request = world.draft()
    actions.edit(request=request, answers=ANSWERS, evidence=PROOF, by=world.ada, now=NOW)
    world.submit(request)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    [grant] = world.sign(Request.objects.get(pk=request.pk))

    made = renew(world, grant, grant.ends_at - 60 * DAY)
    version = made.versions.get()

    assert made.state == states.DRAFT
    assert [release.slug for release in made.releases.all()] == [world.release.slug]
    assert (version.answers, version.evidence, version.summary_of_use) == (ANSWERS, PROOF, "")


def test_answers_that_are_no_longer_asked_for_stay_behind(world: World, grant: Grant) -> None:
    later = {"id": "field", "label": "Field", "kind": "choice", "choices": ["biology", "law"]}
    apply(world.release, questions=[later])

    assert renew(world, grant, grant.ends_at).versions.get().answers == {}


def test_before_60_days_it_says_from_when(world: World, grant: Grant) -> None:
    with pytest.raises(Conflict) as refused:
        renew(world, grant, grant.ends_at - 60 * DAY - timedelta(microseconds=1))

    assert refused.value.code == "too_early_to_renew"
    assert times.moment(grant.ends_at - 60 * DAY) in refused.value.next_step


def test_without_a_summary_of_use_it_is_not_sent(world: World, grant: Grant) -> None:
    request = renew(world, grant, grant.ends_at)

    with pytest.raises(Invalid) as refused:
        actions.submit(request=request, license_sha256=world.license.sha256, by=world.ada, now=grant.ends_at)

    assert refused.value.code == "summary_missing"


def test_what_was_revoked_is_not_renewed(world: World) -> None:
    grant = world.grant_in(states.REVOKED)

    with pytest.raises(Conflict) as refused:
        renew(world, grant, grant.ends_at)

    assert refused.value.code == "nothing_to_renew"


def test_a_second_one_is_refused_and_the_same_call_returns_the_first(world: World, grant: Grant) -> None:
    first = renew(world, grant, grant.ends_at, "k")

    assert renew(world, grant, grant.ends_at, "k") == first
    with pytest.raises(Conflict) as refused:
        renew(world, grant, grant.ends_at, "l")
    assert refused.value.code == "request_open"


def test_others_renew_nothing(world: World, grant: Grant) -> None:
    for by in (session(person("eve")), world.rita):
        with pytest.raises(NotPermitted):
            actions.renew(request=grant.request, by=by, now=grant.ends_at)


@pytest.mark.parametrize(("days", "said"), [(61, "You can renew it from "), (60, "Renew it:")])
def test_a_new_request_is_pointed_to_the_renewal(world: World, grant: Grant, days: int, said: str) -> None:
    verdict = policies.may_draft(queries.facts(world.ada, world.release), grant.ends_at - days * DAY)

    assert verdict.code == "grant_live"  # type: ignore[union-attr] # a Denied
    assert said in verdict.next_step  # type: ignore[union-attr] # a Denied


def signed_team(world: World, *, signatory: bool = False) -> tuple[Team, Request]:
    """A request of Ada, Cora and Cyd which all of them accepted but Cyd."""
    team = Team(world)
    request = team.approved(signatory=signatory)
    for by in (world.ada, team.cora, *([team.sig] if signatory else [])):
        team.accept(request, by)
    request.refresh_from_db()
    return team, request


def test_the_applicant_carries_the_team_over_and_each_is_asked_anew() -> None:
    world = World(signatory=True)
    _, request = signed_team(world, signatory=True)
    made = actions.renew(request=request, by=world.ada, now=NOW + 330 * DAY)

    asked = made.parties.order_by("role", "email").values_list("role", "email", "state")
    assert list(asked) == [
        ("co_applicant", "cora@example.org", "invited"),
        ("signatory", "sig@example.org", "invited"),
    ]


def test_a_team_that_no_longer_fits_is_carried_as_far_as_it_fits() -> None:
    world = World()
    _, request = signed_team(world)
    apply(world.release, max_co_applicants=0)

    assert not actions.renew(request=request, by=world.ada, now=NOW + 330 * DAY).parties.exists()


def test_a_co_applicant_renews_what_is_their_own() -> None:
    world = World()
    team, request = signed_team(world)
    made = actions.renew(request=request, by=team.cora, now=NOW + 330 * DAY)

    assert made.applicant == team.cora.user
    assert made.versions.get().answers == ANSWERS
    assert not made.parties.exists()
    with pytest.raises(NotPermitted):
        actions.renew(request=request, by=team.cyd, now=NOW + 330 * DAY)


def test_nobody_whose_access_was_revoked_is_asked_again_by_the_portal() -> None:
    world = World()
    team, request = signed_team(world)
    [revoked] = Grant.objects.filter(user=team.cora.user)
    actions.revoke(grant=revoked, reason="Sold them.", by=world.rita, now=NOW + DAY)

    made = actions.renew(request=request, by=world.ada, now=NOW + 330 * DAY)

    assert not made.parties.exists()
    # The applicant may still ask her in by hand: then whoever reviews it reads why she lost access.
    actions.join(party=team.invite(made, team.cora), by=team.cora, now=NOW + 330 * DAY)
    actions.edit(request=made, answers=ANSWERS, summary_of_use=SUMMARY, by=world.ada, now=NOW + 330 * DAY)
    world.submit(made)
    gravest = queries.review(world.rob, made.pk, NOW).grants[0]
    assert (gravest, gravest.state_reason) == (revoked, "Sold them.")


def test_reviewers_of_a_renewal_read_who_lost_access_under_the_request_before() -> None:
    world = World()
    team, request = signed_team(world)
    [revoked] = Grant.objects.filter(user=team.cora.user)
    actions.revoke(grant=revoked, reason="Sold them.", by=world.rita, now=NOW + DAY)
    made = actions.renew(request=request, by=world.ada, now=NOW + 330 * DAY)
    actions.edit(request=made, answers=ANSWERS, summary_of_use=SUMMARY, by=world.ada, now=NOW + 330 * DAY)
    world.submit(made)
    assert queries.review(world.rob, made.pk, NOW).grants[0] == revoked


def test_who_lost_access_before_the_request_was_decided_is_asked_again() -> None:
    world = World()
    team = Team(world)
    alone = world.submit(world.draft(team.cora), team.cora)
    world.vote(alone, world.rita)
    world.vote(alone, world.rob)
    [lost] = team.accept(alone, team.cora)
    actions.revoke(grant=lost, reason="By mistake.", by=world.rita, now=NOW - DAY)
    request = world.draft()
    team.joined(request, team.cora)
    world.submit(request)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    [grant] = world.sign(request)
    team.accept(request, team.cora)

    made = actions.renew(request=grant.request, by=world.ada, now=grant.ends_at)

    assert [party.email for party in made.parties.all()] == ["cora@example.org"]
