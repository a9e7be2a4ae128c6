"""The review page's facts and the timeline."""

import pytest

from licenses import actions, queries, states
from portal.core.problems import NotFound
from tests.unit.licenses.world import ANSWERS, NOW, World, person, session

pytestmark = pytest.mark.database


def test_a_review_holds_the_versions_and_the_votes_that_count(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    actions.edit(request=request, answers={"purpose": "Another."}, by=world.ada, now=NOW)
    world.vote(request, world.rob)
    found = queries.review(world.rosa, request.pk, NOW)
    assert [version.number for version in found.versions] == [2, 1]
    assert found.versions[1].answers == ANSWERS
    assert [vote.name for vote in found.counting] == ["Rob Example"]
    assert len(found.record.votes) == 2
    assert found.head.in_force == world.license.pk


def test_a_review_shows_the_history_of_person_and_organization(db: None) -> None:
    world = World()
    alma, beat = (session(person(name, organization="ETH")) for name in ("alma", "beat"))
    before = world.submit(world.draft(alma), alma)
    actions.withdraw(request=before, by=alma, now=NOW)
    of_colleague = world.submit(world.draft(beat), beat)
    request = world.submit(world.draft(alma), alma)
    found = queries.review(world.rita, request.pk, NOW)
    assert found.history.earlier == [before]
    assert found.history.colleagues == [of_colleague]
    assert (found.head.people, found.head.live_grants) == (2, 0)


@pytest.mark.parametrize("who", ["ada", "stranger"])
def test_a_review_is_for_legal_staff(world: World, who: str) -> None:
    request = world.request_in(states.SUBMITTED)
    reader = world.ada if who == "ada" else session(person("eve"))
    with pytest.raises(NotFound):
        queries.review(reader, request.pk, NOW)


def test_a_reviewer_does_not_see_the_notes_on_their_own_request(world: World) -> None:
    request = world.submit(world.draft(world.rita), world.rita)
    with pytest.raises(NotFound):
        queries.review(world.rita, request.pk, NOW)


def test_the_timeline_tells_the_applicant_everything_but_the_votes(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita, "request_changes", "Which corpus?")
    actions.edit(request=request, answers={"purpose": "This one."}, by=world.ada, now=NOW)
    request = world.submit(request)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    world.sign(request)
    told = [(entry.title, entry.actor_label) for entry in queries.timeline(request, world.ada)]
    assert told == [
        ("Draft begun", "You"),
        ("Submitted for review", "You"),
        ("Changes requested", "The reviewers"),
        ("Answers changed", "You"),
        ("Submitted for review", "You"),
        ("Approved", "The reviewers"),
        ("License signed", "You"),
        ("Access granted", "You"),
    ]
    assert queries.timeline(request) == queries.timeline(request, world.ada)
    [changes] = [entry for entry in queries.timeline(request) if entry.kind == "request.changes_requested"]
    assert changes.detail == "Which corpus?"


def test_the_timeline_tells_staff_who_voted_what(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    world.vote(request, world.rob, "reject", "No plan.")
    votes = [
        (entry.title, entry.detail, entry.actor_label)
        for entry in queries.timeline(request, world.rosa)
        if entry.kind == "request.voted"
    ]
    assert votes == [
        ("Voted to approve", "", "Rita Example"),
        ("Voted to decline", "No plan.", "Rob Example"),
    ]


def test_the_timeline_does_not_name_staff_to_the_holder(world: World) -> None:
    grant = world.grant_in(states.SUSPENDED)
    last = queries.grant_timeline(grant, world.ada)[-1]
    assert (last.title, last.detail, last.actor_label) == ("Access suspended", "A question is open.", "Staff")
    assert queries.grant_timeline(grant, world.rita)[-1].actor_label == "Rita Example"


@pytest.mark.parametrize("state", list(states.REQUEST_STATES))
def test_every_state_has_a_timeline_that_ends_in_it(world: World, state: str) -> None:
    request = world.request_in(state)
    kinds = [entry.kind for entry in queries.timeline(request) if entry.kind.startswith("request.")]
    assert kinds[0] == "request.drafted"
    last = {states.DRAFT: "request.drafted"}.get(state, f"request.{state}")
    assert kinds[-1] == last
