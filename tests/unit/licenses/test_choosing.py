"""One request for several releases of a model under the same terms."""

import pytest

from licenses import actions, policies, queries, states
from licenses.models import Grant, Request
from licenses.queries.siblings import siblings
from portal.core import audit
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.licenses.team import Team
from tests.unit.licenses.world import ANSWERS, NOW, World, license_of, release
from weights_vault.models import Model, Release

pytestmark = pytest.mark.database


@pytest.fixture
def small(world: World) -> Release:
    return release("opt-66b")


def drafted(world: World, *also: Release) -> Request:
    return actions.draft(by=world.ada, release=world.release, also=also, answers=ANSWERS, now=NOW)


def slugs(request: Request) -> list[str]:
    return sorted(each.slug for each in request.releases.all())


def test_one_request_brings_a_grant_for_each_release(world: World, small: Release) -> None:
    request = world.submit(drafted(world, small))
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    grants = world.sign(request)
    assert sorted(grant.release.slug for grant in grants) == ["opt-175b", "opt-66b"]
    assert audit.trail(f"request:{request.pk}")[0].data["releases"] == ["opt-175b", "opt-66b"]


def test_a_team_gets_each_release_too(world: World, small: Release) -> None:
    team = Team(world)
    request = drafted(world, small)
    team.joined(request, team.cora)
    world.submit(request)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    team.accept(request, team.cora)
    assert Grant.objects.filter(user=team.cora.user).count() == 2


def test_siblings_are_those_that_the_person_may_ask_for(world: World, small: Release) -> None:
    assert siblings(world.ada, world.release, NOW) == [small]
    drafted(world, small)
    assert siblings(world.ada, world.release, NOW) == [], "they are under way already"
    assert siblings(world.rita, small, NOW) == [world.release]


@pytest.mark.parametrize(
    "terms",
    [
        {"quorum": 1},
        {"stage": "public"},
        {"grant_days": 30},
        {"signatory": True},
        {"questions": []},
        {"license": "opt-other"},
    ],
)
def test_other_terms_do_not_go_together(world: World, terms: dict[str, object]) -> None:
    other = release("opt-30b", **terms)
    assert other not in siblings(world.ada, world.release, NOW)
    with pytest.raises(Invalid) as caught:
        drafted(world, other)
    assert list(caught.value.errors) == ["releases"]
    assert not Request.objects.exists()


def test_another_model_does_not_go_together(world: World, small: Release) -> None:
    Release.objects.filter(pk=small.pk).update(model=Model.objects.create(slug="gpt", name="GPT"))
    with pytest.raises(Invalid):
        drafted(world, Release.objects.get(pk=small.pk))
    assert siblings(world.ada, world.release, NOW) == []


def test_each_release_passes_the_rule_of_access(world: World, small: Release) -> None:
    Release.objects.filter(pk=small.pk).update(state="withdrawn")
    small.refresh_from_db()
    with pytest.raises(NotPermitted) as caught:
        drafted(world, small)
    assert caught.value.code == "release_withdrawn"


def test_the_same_release_twice_is_one(world: World) -> None:
    assert slugs(drafted(world, world.release)) == ["opt-175b"]


def test_the_choice_changes_while_nothing_is_sent(world: World, small: Release) -> None:
    request = drafted(world)
    actions.choose_releases(request=request, releases=[world.release, small], by=world.ada, now=NOW)
    assert slugs(request) == ["opt-175b", "opt-66b"]
    actions.choose_releases(request=request, releases=[small], by=world.ada, now=NOW)
    assert slugs(request) == ["opt-66b"]
    assert drafted(world).pk != request.pk, "what is left out can be asked for again"
    chosen = [event.data["releases"] for event in audit.trail(f"request:{request.pk}")[1:]]
    assert chosen == [["opt-175b", "opt-66b"], ["opt-66b"]]


def test_a_choice_of_nothing_or_of_what_is_under_way_is_refused(world: World, small: Release) -> None:
    request = drafted(world)
    with pytest.raises(Invalid):
        actions.choose_releases(request=request, releases=[], by=world.ada, now=NOW)
    actions.draft(by=world.ada, release=small, answers=ANSWERS, now=NOW)
    with pytest.raises((Conflict, NotPermitted)) as caught:
        actions.choose_releases(request=request, releases=[world.release, small], by=world.ada, now=NOW)
    assert caught.value.code == "request_draft"
    assert slugs(request) == ["opt-175b"]


def test_the_choice_is_fixed_in_review(world: World, small: Release) -> None:
    request = world.submit(drafted(world, small))
    assert request.state == states.SUBMITTED
    assert not policies.may_choose_releases(queries.request_case(world.ada, request, NOW))
    with pytest.raises(Conflict) as caught:
        actions.choose_releases(request=request, releases=[small], by=world.ada, now=NOW)
    assert caught.value.code == "state_changed"
    assert license_of(small) == world.license
