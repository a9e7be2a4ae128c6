"""How long reviews take, as the database computes it, against the same computed plainly in Python."""

import math
import random
from datetime import datetime, timedelta

import pytest

from licenses import actions, states
from licenses.models import Decision, Request, RequestVersion, ReviewPace
from licenses.models.requests import RequestedRelease
from licenses.pace import WINDOW, keep_pace, write_pace
from portal.accounts.principals import Principal
from tests.unit.licenses.world import DAY, NOW, World, license_of, person, release
from weights_vault.models import Release

pytestmark = pytest.mark.database


def naive(spans: list[timedelta]) -> tuple[int, int, int]:
    """(median, 90th percentile, count) of the nearest rank, in seconds."""
    ordered = sorted(spans)
    ranks = [math.ceil(len(ordered) * share / 10) for share in (5, 9)]
    median, p90 = (int(ordered[rank - 1].total_seconds()) for rank in ranks)
    return median, p90, len(ordered)


def written(release: Release) -> tuple[int, int, int]:
    pace = ReviewPace.objects.get(release=release)
    return pace.median_s, pace.p90_s, pace.count


def decided(world: World, releases: list[Release], begun: datetime, took: timedelta, number: int) -> None:
    """A request that was declined after `took`, as rows."""
    applicant = person(f"p{number}")
    request = Request.objects.create(
        applicant=applicant,
        state=states.REJECTED,
        quorum=1,
        grant_days=1,
        license_version=world.license,
        created_at=begun,
        updated_at=begun,
        submitted_at=begun,
        decided_at=begun + took,
    )
    for each in releases:
        RequestedRelease.objects.create(request=request, release=each, applicant=applicant, open=False)
    RequestVersion.objects.create(
        request=request,
        number=1,
        created_at=begun,
        submitted_at=begun,
        license_version=world.license,
        license_sha256=world.license.sha256,
    )
    Decision.objects.create(request=request, version=1, outcome="rejected", reason="No.", at=begun + took)


@pytest.mark.parametrize("count", [1, 2, 3, 9, 10, 11, 20, 37])
def test_median_and_90th_percentile_are_exact(world: World, count: int) -> None:
    dice, other = random.Random(count), release("opt-66b")
    spans: dict[str, list[timedelta]] = {world.release.slug: [], other.slug: []}
    for number in range(count):
        took = timedelta(seconds=dice.randrange(1, 900_000), microseconds=dice.randrange(10**6))
        both = number % 3 == 0
        decided(world, [world.release, other] if both else [world.release], NOW - 50 * DAY, took, number)
        spans[world.release.slug].append(took)
        spans[other.slug].extend([took] if both else [])

    assert write_pace(now=NOW) == 2
    assert written(world.release) == naive(spans[world.release.slug])
    assert written(other) == naive(spans[other.slug])


def test_only_the_last_90_days_count(world: World) -> None:
    decided(world, [world.release], NOW - WINDOW - 9 * DAY, 9 * DAY, 1)
    decided(world, [world.release], NOW - WINDOW - 8 * DAY, 8 * DAY + timedelta(microseconds=1), 2)

    write_pace(now=NOW)

    assert written(world.release) == (8 * 86_400, 8 * 86_400, 1)


def test_a_release_whose_decisions_are_all_old_says_so_again(world: World) -> None:
    decided(world, [world.release], NOW - 3 * DAY, 2 * DAY, 1)
    keep_pace({}, now=NOW)

    assert write_pace(now=NOW + WINDOW) == 0
    assert not ReviewPace.objects.exists()


def test_a_change_in_review_begins_nothing_new_and_a_return_does(world: World) -> None:
    request = world.submit(world.draft())
    edited = {"purpose": "Something else."}
    actions.edit(request=request, answers=edited, by=world.ada, now=NOW + DAY)
    vote_at(world, request, "request_changes", NOW + 3 * DAY)  # 3 days from the submission
    resubmitted = NOW + 10 * DAY
    actions.submit(
        request=request, license_sha256=license_of(world.release).sha256, by=world.ada, now=resubmitted
    )
    for reviewer in (world.rita, world.rob):
        vote_at(world, request, "approve", resubmitted + DAY, reviewer)  # 1 day from the next one

    write_pace(now=NOW + 20 * DAY)

    assert written(world.release) == (86_400, 3 * 86_400, 2)


def vote_at(
    world: World, request: Request, verdict: str, now: datetime, reviewer: Principal | None = None
) -> None:
    request.refresh_from_db()
    actions.vote(
        request=request,
        version=request.version,
        verdict=verdict,
        reason="" if verdict == "approve" else "Why.",
        note="",
        by=reviewer or world.rita,
        now=now,
    )


def test_nothing_decided_writes_nothing(world: World) -> None:
    world.submit(world.draft())

    assert write_pace(now=NOW) == 0
