"""Submit, confirm a newer license, withdraw, appeal."""

from datetime import timedelta

import pytest

from licenses import actions, states
from licenses.models import RequestVersion
from portal.core import audit
from portal.core.models import Job, OutboxMessage
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.licenses.world import (
    ANSWERS,
    DAY,
    LICENSE_TEXT,
    NOW,
    World,
    apply,
    license_of,
    person,
    session,
    tell_reviewers,
)

pytestmark = pytest.mark.database


def mailed() -> list[tuple[str, str]]:
    tell_reviewers()
    return sorted(
        (message.to.partition("@")[0], message.template.rpartition("/")[2])
        for message in OutboxMessage.objects.all()
    )


def new_license(world: World, text: str = LICENSE_TEXT + "\nAnd cite us.\n") -> None:
    apply(world.release, text=text, now=NOW + DAY)


def test_a_submission_freezes_what_will_be_decided(world: World) -> None:
    request = world.submit(world.draft())
    assert request.state == states.SUBMITTED
    assert (request.quorum, request.grant_days, request.license_version) == (2, 365, world.license)
    apply(world.release, quorum=1, grant_days=10)
    request.refresh_from_db()
    assert (request.quorum, request.grant_days) == (2, 365)
    version = RequestVersion.objects.get(request=request)
    assert version.license_sha256 == world.license.sha256


def test_a_submission_tells_the_applicant_and_each_reviewer(world: World) -> None:
    world.submit(world.draft())
    reviewers = [(name, "review_wanted") for name in ("rita", "rob", "rosa")]
    assert mailed() == sorted([("ada", "request_submitted"), *reviewers])


def test_reviewers_are_told_once_however_often_the_job_is_done(world: World) -> None:
    world.submit(world.draft())
    once = mailed()
    assert mailed() == once


def test_reviewers_are_not_told_of_what_was_withdrawn_before_the_job_was_done(world: World) -> None:
    request = world.submit(world.draft())
    actions.withdraw(request=request, by=world.ada, now=NOW)
    assert "review_wanted" not in {template for _, template in mailed()}


def test_reviewers_who_may_not_vote_are_not_told(db: None) -> None:
    world = World()
    colleague = person("carl", "reviewer", organization="ETH")
    applicant = session(person("alma", "reviewer", organization="ETH"))
    world.submit(world.draft(applicant), applicant)
    told = {name for name, _ in mailed()}
    assert colleague.email.partition("@")[0] not in told
    assert ("alma", "review_wanted") not in mailed()


@pytest.mark.parametrize("sha256", ["", "0" * 64])
def test_without_the_hash_of_the_text_in_force_nothing_is_submitted(world: World, sha256: str) -> None:
    """R3"""
    request = world.draft()
    with pytest.raises(Conflict) as caught:
        actions.submit(request=request, license_sha256=sha256, by=world.ada, now=NOW)
    assert caught.value.code == "license_changed"
    assert caught.value.extra["given"] is None
    assert caught.value.extra["in_force"]["sha256"] == world.license.sha256
    request.refresh_from_db()
    assert request.state == states.DRAFT
    assert mailed() == []


def test_after_a_new_license_came_out_the_submission_shows_what_changed(world: World) -> None:
    """R3"""
    request = world.draft()
    new_license(world)
    with pytest.raises(Conflict) as caught:
        actions.submit(request=request, license_sha256=world.license.sha256, by=world.ada, now=NOW + DAY)
    extra = caught.value.extra
    assert (caught.value.status, caught.value.code) == (409, "license_changed")
    assert (extra["given"]["number"], extra["in_force"]["number"]) == (1, 2)
    assert "+And cite us." in extra["difference"]


def test_a_license_of_the_future_changes_nothing_yet(world: World) -> None:
    request = world.draft()
    actions.publish_license_version(
        license=world.license.license, text="Later.", effective_at=NOW + DAY, by=world.rita, now=NOW
    )
    assert world.submit(request).license_version == world.license


def test_a_missing_answer_is_named_and_nothing_is_submitted(world: World) -> None:
    request = actions.draft(by=world.ada, release=world.release, answers={}, now=NOW)
    with pytest.raises(Invalid) as caught:
        world.submit(request)
    assert list(caught.value.errors) == ["purpose"]
    assert mailed() == []


def test_a_second_click_finds_the_request_submitted(world: World) -> None:
    """R1"""
    request = world.submit(world.draft())
    with pytest.raises(Conflict) as caught:
        world.submit(request)
    assert caught.value.code == "state_changed"


def test_the_same_key_submits_once_and_mails_once(world: World) -> None:
    """R1"""
    request = world.draft()
    given = {"license_sha256": world.license.sha256, "by": world.ada, "now": NOW, "idempotency_key": "k"}
    results = [actions.submit(request=request, **given) for _ in range(50)]
    assert {result.state for result in results} == {states.SUBMITTED}
    assert mailed().count(("ada", "request_submitted")) == 1


def test_the_key_of_a_submission_gives_nothing_to_others(world: World) -> None:
    request = world.draft()
    given = {"license_sha256": world.license.sha256, "now": NOW, "idempotency_key": "k"}
    actions.submit(request=request, by=world.ada, **given)
    with pytest.raises(NotPermitted) as caught:
        actions.submit(request=request, by=world.rita, **given)
    assert caught.value.code == "not_applicant"


def test_a_submission_after_changes_is_a_new_version_even_when_nothing_was_edited(world: World) -> None:
    request = world.request_in(states.CHANGES_REQUESTED)
    request = world.submit(request)
    assert (request.state, request.version) == (states.SUBMITTED, 2)
    world.vote(request, world.rob)
    request.refresh_from_db()
    assert request.state == states.SUBMITTED, "the old request for changes must not count again"


def test_a_newer_license_is_confirmed_by_a_new_version(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    new_license(world)
    newest = license_of(world.release)
    request = actions.confirm_license(
        request=request, license_sha256=newest.sha256, by=world.ada, now=NOW + DAY
    )
    assert (request.version, request.license_version, request.state) == (2, newest, states.SUBMITTED)
    assert RequestVersion.objects.get(request=request, number=2).answers == ANSWERS
    assert ("rita", "review_again") in mailed()
    assert ("ada", "license_changed") in mailed()


def test_confirming_the_license_that_stands_changes_nothing(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    given = {"license_sha256": world.license.sha256, "by": world.ada, "now": NOW}
    assert actions.confirm_license(request=request, **given).version == 1


@pytest.mark.parametrize("state", [states.DRAFT, states.SUBMITTED, states.CHANGES_REQUESTED, states.APPROVED])
def test_a_withdrawn_request_makes_room_for_a_new_one(world: World, state: str) -> None:
    request = actions.withdraw(request=world.request_in(state), by=world.ada, now=NOW)
    assert (request.state, request.split) == (states.WITHDRAWN, False)
    assert world.draft().pk != request.pk


def test_an_appeal_goes_to_reviewers_who_have_not_voted(world: World) -> None:
    request = world.request_in(states.REJECTED)
    mailed()
    OutboxMessage.objects.all().delete()
    Job.objects.all().delete()
    request = actions.appeal(request=request, text="You misread it.", by=world.ada, now=NOW)
    assert (request.state, request.version, request.appealed) == (states.SUBMITTED, 2, True)
    assert RequestVersion.objects.get(request=request, number=2).appeal == "You misread it."
    assert mailed() == [("ada", "request_submitted"), ("rosa", "review_wanted")]
    for by in (world.rita, world.rob):
        with pytest.raises(NotPermitted) as caught:
            world.vote(request, by)
        assert caught.value.code == "voted_before"
    world.vote(request, world.rosa)


def test_a_reviewer_of_the_appeal_votes_again_after_an_edit(world: World) -> None:
    request = world.request_in(states.REJECTED)
    actions.appeal(request=request, text="You misread it.", by=world.ada, now=NOW)
    world.vote(request, world.rosa)
    actions.edit(request=request, answers={"purpose": "Clearer."}, by=world.ada, now=NOW)
    assert world.vote(request, world.rosa).version == 3


def test_a_second_appeal_is_refused(world: World) -> None:
    request = world.request_in(states.REJECTED)
    actions.appeal(request=request, text="You misread it.", by=world.ada, now=NOW)
    world.vote(request, world.rosa, "reject")
    world.vote(request, session(person("rex", "reviewer")), "reject")
    with pytest.raises(Conflict) as caught:
        actions.appeal(request=request, text="Again.", by=world.ada, now=NOW)
    assert caught.value.code == "already_appealed"


def test_an_appeal_beside_another_open_request_is_refused(world: World) -> None:
    request = world.request_in(states.REJECTED)
    world.draft()
    with pytest.raises(Conflict) as caught:
        actions.appeal(request=request, text="You misread it.", by=world.ada, now=NOW)
    assert caught.value.code == "request_open"
    request.refresh_from_db()
    assert (request.state, request.version) == (states.REJECTED, 1)


@pytest.mark.parametrize("text", ["", "  ", "x" * 10_001, "a\x00"])
def test_an_appeal_says_why(world: World, text: str) -> None:
    request = world.request_in(states.REJECTED)
    with pytest.raises(Invalid) as caught:
        actions.appeal(request=request, text=text, by=world.ada, now=NOW)
    assert list(caught.value.errors) == ["text"]


def test_a_submission_leaves_its_license_in_the_log(world: World) -> None:
    request = world.submit(world.draft())
    event = audit.trail(f"request:{request.pk}").get(kind="request.submitted")
    assert event.data["license_sha256"] == world.license.sha256
    assert event.at - NOW == timedelta(0)
