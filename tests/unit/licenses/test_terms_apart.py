"""One request for several releases whose terms came to differ since they were chosen: nothing is given by
terms that it was not asked for under."""

from datetime import datetime

import pytest

from licenses import actions, policies, queries, states
from licenses.models import Grant, Request
from portal.core.problems import Conflict, Invalid
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, apply, license_of, release
from weights_vault.models import Release

pytestmark = pytest.mark.database

STRICT = {"license": "strict", "license_name": "Strict license", "text": "# Strict\n\nNo use at all.\n"}


@pytest.fixture
def world(db: None) -> World:
    return World(quorum=1)


@pytest.fixture
def small(world: World) -> Release:
    return release("opt-66b", quorum=1)


def drafted(world: World, small: Release) -> Request:
    return actions.draft(by=world.ada, release=world.release, also=[small], answers=ANSWERS, now=NOW)


def submit(world: World, request: Request, now: datetime = NOW) -> None:
    actions.submit(request=request, license_sha256=world.license.sha256, by=world.ada, now=now)


def slugs(request: Request) -> list[str]:
    return sorted(each.slug for each in request.releases.all())


@pytest.mark.parametrize("terms", [{**STRICT, "quorum": 1}, {"quorum": 2}, {"grant_days": 9, "quorum": 1}])
@pytest.mark.parametrize("changed", ["opt-175b", "opt-66b"])
def test_a_draft_is_not_sent_before_the_applicant_chose_anew(
    world: World, small: Release, terms: dict[str, object], changed: str
) -> None:
    request = drafted(world, small)
    apply(Release.objects.get(slug=changed), **terms)  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        submit(world, request)
    assert refused.value.code == "releases_invalid"
    [kept] = [each for each in (world.release, small) if each.slug != changed]
    actions.choose_releases(request=request, releases=[kept], by=world.ada, now=NOW)
    submit(world, request)
    assert slugs(request) == [kept.slug]


def test_what_was_returned_for_changes_is_asked_again(world: World, small: Release) -> None:
    request = drafted(world, small)
    submit(world, request)
    world.vote(request, world.rita, "request_changes")
    apply(small, quorum=2)
    with pytest.raises(Invalid, match="cannot be asked for together"):
        submit(world, request)


def test_licenses_that_part_in_review_are_not_approved_and_not_confirmed(
    world: World, small: Release
) -> None:
    request = drafted(world, small)
    submit(world, request)
    apply(small, **STRICT, quorum=1)  # type: ignore[arg-type]
    with pytest.raises(Conflict) as refused:
        world.vote(request, world.rita)
    assert (refused.value.code, refused.value.extra) == ("licenses_differ", {})
    for version in (world.license, license_of(small)):
        with pytest.raises(Conflict) as refused:
            actions.confirm_license(request=request, license_sha256=version.sha256, by=world.ada, now=NOW)
        assert refused.value.code == "licenses_differ"
    page = queries.review(world.rita, request.pk, NOW)
    assert page.case.one_license is page.case.license_current is False
    assert not policies.may_vote(page.case, "approve")
    # The way out: returned for changes, the applicant chooses anew.
    world.vote(request, world.rita, "request_changes")
    actions.choose_releases(request=request, releases=[world.release], by=world.ada, now=NOW)
    submit(world, request)
    world.vote(request, world.rita)
    assert [grant.release.slug for grant in world.sign(request)] == ["opt-175b"]


def test_a_renewal_is_for_what_goes_together_and_the_next_one_for_the_rest(
    world: World, small: Release
) -> None:
    request = drafted(world, small)
    submit(world, request)
    world.vote(request, world.rita)
    ends = world.sign(request)[0].ends_at
    apply(small, **STRICT, quorum=2)  # type: ignore[arg-type]

    first = actions.renew(request=request, by=world.ada, now=ends - DAY)
    second = actions.renew(request=request, by=world.ada, now=ends - DAY)

    assert (slugs(first), slugs(second)) == (["opt-175b"], ["opt-66b"])
    with pytest.raises(Conflict) as refused:
        actions.renew(request=request, by=world.ada, now=ends - DAY)
    assert refused.value.code == "request_open"


def test_a_renewal_drafted_before_its_licenses_parted_is_not_sent(world: World, small: Release) -> None:
    request = drafted(world, small)
    submit(world, request)
    world.vote(request, world.rita)
    later = world.sign(request)[0].ends_at - DAY
    made = actions.renew(request=request, by=world.ada, now=later)
    actions.edit(request=made, answers=ANSWERS, summary_of_use="Papers.", by=world.ada, now=later)
    apply(small, **STRICT, quorum=2)  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        submit(world, made, later)
    assert refused.value.code == "releases_invalid"
    assert not Grant.objects.exclude(request=request).exists()
    actions.choose_releases(request=made, releases=[world.release], by=world.ada, now=later)
    submit(world, made, later)
    assert made.releases.count() == 1
    made.refresh_from_db()
    assert made.state == states.SUBMITTED
