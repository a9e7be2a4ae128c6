"""What queries list and what the rule allows agree, for every role × state."""

from datetime import timedelta

import pytest

from licenses import actions, policies, queries, states
from licenses.access import LicenseAccess
from licenses.models import Grant, Request
from portal.accounts.principals import ANONYMOUS, Principal
from portal.core.problems import NotFound
from portal.core.verdicts import Denied
from tests.unit.licenses.world import NOW, World, person, release, session, token
from weights_vault.models import Release

pytestmark = pytest.mark.database


def readers(world: World) -> dict[str, Principal]:
    """Everybody who could look: the applicant in several guises, staff, strangers."""
    ada, rita = world.ada.user, world.rita.user
    assert ada is not None
    assert rita is not None
    gone = person("gone", "reviewer")
    gone.is_active = False
    gone.save()
    return {
        "anonymous": ANONYMOUS,
        "applicant": world.ada,
        "applicant's token": token(ada, "read"),
        "applicant's narrow token": token(ada, "download"),
        "stranger": session(person("eve")),
        "unverified": session(person("una", verified=False)),
        "reviewer": world.rob,
        "reviewer's token": token(rita, "read"),
        "legal lead": world.rita,
        "auditor": world.auditor,
        "administrator": world.admin,
        "release manager": session(person("max", "release_manager")),
        "disabled reviewer": session(gone),
    }


@pytest.mark.parametrize("state", list(states.REQUEST_STATES))
def test_requests_of_lists_what_may_be_read_of_ones_own(world: World, state: str) -> None:
    request = world.request_in(state)
    for name, reader in readers(world).items():
        mine = reader.user == world.ada.user
        may = bool(policies.may_read_request(queries.request_case(reader, request, NOW))) and mine
        assert (request in queries.requests_of(reader)) is may, name


@pytest.mark.parametrize("state", list(states.REQUEST_STATES))
def test_request_for_gives_exactly_what_may_be_read(world: World, state: str) -> None:
    request = world.request_in(state)
    for name, reader in readers(world).items():
        may = policies.may_read_request(queries.request_case(reader, request, NOW))
        try:
            found: Request | None = queries.request_for(reader, request.pk, NOW)
        except NotFound:
            found = None
        assert (found is not None) is bool(may), name


@pytest.mark.parametrize("state", list(states.REQUEST_STATES))
def test_the_queue_lists_what_may_be_reviewed(world: World, state: str) -> None:
    request = world.request_in(state)
    everything = queries.QueueFilters(state="")
    for name, reader in readers(world).items():
        may = bool(policies.may_review_request(queries.request_case(reader, request, NOW)))
        assert (request in queries.queue(reader, everything)) is may, name
        assert (request in queries.queue(reader)) is (may and state == states.SUBMITTED), name


@pytest.mark.parametrize("state", list(states.REQUEST_STATES))
def test_awaiting_me_lists_what_i_may_vote_on_and_have_not(world: World, state: str) -> None:
    request = world.request_in(state)
    mine = queries.QueueFilters(state="", awaiting_me=True)
    for name, reader in readers(world).items():
        may = bool(policies.may_vote(queries.request_case(reader, request, NOW), "reject"))
        assert (request in queries.queue(reader, mine)) is may, name


def test_awaiting_me_leaves_out_own_requests_colleagues_votes_cast_and_appeals(db: None) -> None:
    world = World()
    colleague = session(person("carl", "reviewer", organization="ETH"))
    alma = session(person("alma", organization="ETH"))
    mine = queries.QueueFilters(awaiting_me=True)
    of_colleague = world.submit(world.draft(alma), alma)
    own = world.submit(world.draft(world.rita), world.rita)
    appealed = world.request_in(states.REJECTED)
    actions.appeal(request=appealed, text="Look again.", by=world.ada, now=NOW)
    world.vote(own, world.rob)
    seen = {
        name: set(queries.queue(reader, mine))
        for name, reader in {
            "carl": colleague, "rita": world.rita, "rob": world.rob, "rosa": world.rosa,
        }.items()
    }  # fmt: skip
    assert seen == {
        "carl": {own, appealed},
        "rita": {of_colleague},
        "rob": {of_colleague},
        "rosa": {of_colleague, own, appealed},
    }
    for name, reader in {"carl": colleague, "rita": world.rita, "rob": world.rob, "rosa": world.rosa}.items():
        for request in (of_colleague, own, appealed):
            request.refresh_from_db()
            eligible = reader.user in queries.eligible_reviewers(request)
            may = bool(policies.may_vote(queries.request_case(reader, request, NOW), "reject"))
            assert eligible is may, (name, request)


def test_the_eligible_are_live_reviewers_other_than_the_applicant(world: World) -> None:
    request = world.submit(world.draft(world.rita), world.rita)
    assert world.rob.user is not None
    world.rob.user.is_active = False
    world.rob.user.save()
    assert [user.email for user in queries.eligible_reviewers(request)] == ["rosa@example.org"]


@pytest.mark.parametrize("state", list(states.GRANT_STATES))
def test_grants_are_listed_as_the_policy_says(world: World, state: str) -> None:
    grant = world.grant_in(state)
    for name, reader in readers(world).items():
        may = bool(policies.may_read_grant(queries.grant_case(reader, grant)))
        own = reader.user == grant.user
        assert (grant in queries.grants_of(reader)) is (may and own), name
        assert (grant in queries.all_grants(reader)) is bool(policies.may_review(queries.person(reader))), (
            name
        )
        try:
            found: Grant | None = queries.grant_for(reader, grant.pk)
        except NotFound:
            found = None
        assert (found is not None) is may, name


@pytest.mark.parametrize("state", ["listed", "unlisted", "withdrawn"])
@pytest.mark.parametrize("relation", ["none", *states.REQUEST_STATES, "second draft"])
def test_visible_releases_are_those_that_the_rule_lets_be_seen(
    world: World, state: str, relation: str
) -> None:
    if relation == "second draft":
        world.request_in(states.REJECTED)
        world.draft()
    elif relation != "none":
        world.request_in(relation)
    Release.objects.filter(pk=world.release.pk).update(state=state)
    release("opt-66b", state="unlisted")
    access = LicenseAccess()
    for name, reader in readers(world).items():
        listed = set(access.visible_releases(reader))
        allowed = {each for each in Release.objects.all() if access.judge(reader, each, "see", now=NOW)}
        assert listed == allowed, name
        many = queries.verdicts_by_release(reader, Release.objects.all(), "see", NOW)
        assert {each.pk for each in allowed} == {pk for pk, verdict in many.items() if verdict}, name


@pytest.mark.parametrize("state", ["unlisted", "withdrawn"])
@pytest.mark.parametrize(
    ("relation", "seen"),
    [(states.DRAFT, False), (states.WITHDRAWN, False), (states.SUBMITTED, True), (states.REJECTED, True)],
)
def test_a_draft_that_nobody_was_sent_leads_to_no_hidden_release(
    world: World, state: str, relation: str, seen: bool
) -> None:
    world.request_in(relation)
    Release.objects.filter(pk=world.release.pk).update(state=state)
    world.release.refresh_from_db()
    assert (world.release in queries.visible_releases(world.ada)) is seen
    assert bool(LicenseAccess().judge(world.ada, world.release, "see", now=NOW)) is seen


def test_a_draft_of_what_is_hidden_since_is_submitted_by_who_asked_before_alone(world: World) -> None:
    first = world.draft()
    Release.objects.filter(pk=world.release.pk).update(state="unlisted")
    refused = policies.may_submit(queries.request_case(world.ada, first, NOW))
    assert isinstance(refused, Denied)
    assert refused.code == "stage_not_open"
    Release.objects.filter(pk=world.release.pk).update(state="listed")
    world.submit(first)
    world.vote(first, world.rita, "reject")
    world.vote(first, world.rob, "reject")
    Release.objects.filter(pk=world.release.pk).update(state="unlisted")
    world.release.refresh_from_db()
    assert policies.may_submit(queries.request_case(world.ada, world.draft(), NOW))


def test_staff_without_a_second_factor_see_no_more_than_others(world: World, settings: object) -> None:
    """A3"""
    settings.STAFF_MFA = "any"  # type: ignore[attr-defined]
    request = world.request_in(states.SUBMITTED)
    hidden = release("opt-66b", state="unlisted")
    assert world.rita.user is not None
    without = token(world.rita.user, "read")
    assert not without.mfa
    assert request not in queries.queue(without)
    assert hidden not in queries.visible_releases(without)
    assert request in queries.queue(world.rita)
    assert hidden in queries.visible_releases(world.rita)


def test_many_releases_are_judged_as_one_is(world: World) -> None:
    world.grant_in(states.ACTIVE)
    release("opt-66b", stage="closed")
    every, everybody = list(Release.objects.all()), readers(world)
    for purpose in ("see", "request", "manifest", "headers", "urls"):
        for name, reader in everybody.items():
            many = queries.verdicts_by_release(reader, every, purpose, NOW)
            one = {each.pk: LicenseAccess().judge(reader, each, purpose, now=NOW) for each in every}  # type: ignore[arg-type]
            assert many == one, (name, purpose)


def test_many_grants_are_judged_as_one_is(world: World) -> None:
    world.grant_in(states.CLOSED)
    grants = list(Grant.objects.select_related("release"))
    assert len(grants) == 2
    for name, reader in readers(world).items():
        many = queries.verdicts_by_grant(reader, grants, "urls", NOW)
        one = {
            grant.pk: LicenseAccess().judge(reader, grant.release, "urls", now=NOW, grant=grant.pk)
            for grant in grants
        }
        assert many == one, name


def test_the_queue_is_filtered_and_its_oldest_comes_first(world: World) -> None:
    first = world.request_in(states.SUBMITTED)
    bob = session(person("bob", organization="EPFL"))
    second = world.draft(bob)
    actions.submit(request=second, license_sha256=world.license.sha256, by=bob, now=NOW + timedelta(hours=1))
    world.vote(first, world.rita)
    world.vote(first, world.rob, "reject")

    def found(**filters: object) -> list[Request]:
        return list(queries.queue(world.rosa, queries.QueueFilters(**filters)))  # type: ignore[arg-type]

    assert found() == [first, second]
    assert found(split=True) == [first]
    assert found(text="epfl") == [second]
    assert found(text="ada@example") == [first]
    assert found(release=world.release.slug) == [first, second]
    assert found(release="opt-66b") == []
    row = queries.queue(world.rita).get(pk=first.pk)
    assert (row.votes_cast, row.voted) == (2, True)


def test_the_queue_takes_as_many_queries_for_ten_as_for_one(
    world: World, django_assert_num_queries: object
) -> None:
    for number in range(10):
        applicant = session(person(f"p{number}"))
        world.submit(world.draft(applicant), applicant)
    with django_assert_num_queries(2):  # type: ignore[operator]
        rows = list(queries.queue(world.rita))
        assert [row.applicant.organization for row in rows] == [None] * 10
        assert all(list(row.releases.all()) for row in rows)
