"""Votes and what they decide."""

import pytest

from licenses import actions, states
from licenses.events import RequestDecided
from licenses.models import Decision, Vote
from portal.core import audit, events
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.licenses.world import DAY, LICENSE_TEXT, NOW, World, apply, person, session, token

pytestmark = pytest.mark.database


def test_the_quorum_approves(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    assert world.vote(request, world.rita).state == states.SUBMITTED
    request = world.vote(request, world.rob)
    decision = Decision.objects.get(request=request)
    assert (request.state, request.decided_at, decision.outcome) == (states.APPROVED, NOW, "approved")
    assert [vote["reviewer"] for vote in decision.votes] == [world.rita.actor, world.rob.actor]
    assert (
        OutboxMessage.objects.filter(to="ada@example.org", template__endswith="request_approved").count() == 1
    )


def test_one_vote_is_enough_where_the_terms_say_so(db: None) -> None:
    world = World(quorum=1)
    assert world.vote(world.request_in(states.SUBMITTED), world.rita).state == states.APPROVED


def test_a_rejection_carries_the_reasons_to_the_applicant(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita, "reject", "No plan is given.")
    request = world.vote(request, world.rob, "reject", "The field is excluded.")
    assert request.state == states.REJECTED
    assert Decision.objects.get(request=request).reason == "No plan is given.\n\nThe field is excluded."
    mail = OutboxMessage.objects.get(template__endswith="request_rejected")
    assert "No plan is given." in mail.text
    assert "The field is excluded." in mail.text
    assert "appeal" in mail.text


def test_one_request_for_changes_returns_it(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    request = world.vote(request, world.rob, "request_changes", "Which corpus?")
    assert (request.state, request.decided_at) == (states.CHANGES_REQUESTED, None)
    assert "Which corpus?" in OutboxMessage.objects.get(template__endswith="changes_requested").text


@pytest.mark.parametrize(("third", "outcome"), [("approve", states.APPROVED), ("reject", states.REJECTED)])
def test_a_split_waits_for_one_more_reviewer(world: World, third: str, outcome: str) -> None:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    request = world.vote(request, world.rob, "reject")
    assert (request.state, request.split) == (states.SUBMITTED, True)
    request = world.vote(request, world.rosa, third)
    assert (request.state, request.split) == (outcome, False)


def test_a_split_ends_when_a_reviewer_is_persuaded(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    world.vote(request, world.rob, "reject")
    request = world.vote(request, world.rob, "approve")
    assert (request.state, request.split) == (states.APPROVED, False)


def test_a_changed_mind_counts_once_and_stays_in_the_history(world: World) -> None:
    """R6"""
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    request = world.vote(request, world.rita, "reject")
    assert request.state == states.SUBMITTED
    assert not request.split
    votes = Vote.objects.filter(request=request, reviewer=world.rita.user)
    assert votes.count() == 2
    assert votes.get(superseded_at__isnull=True).verdict == "reject"


def test_the_same_verdict_twice_is_one_vote_and_one_trace(world: World) -> None:
    """R6"""
    request = world.request_in(states.SUBMITTED)
    for _ in range(2):
        request = world.vote(request, world.rita)
    assert request.state == states.SUBMITTED
    assert Vote.objects.filter(request=request).count() == 1
    assert audit.trail(f"request:{request.pk}").filter(kind="request.voted").count() == 1


def test_a_vote_on_an_old_version_shows_what_changed(world: World) -> None:
    """R7"""
    request = world.request_in(states.SUBMITTED)
    actions.edit(request=request, answers={"purpose": "Another."}, by=world.ada, now=NOW)
    with pytest.raises(Conflict) as caught:
        actions.vote(
            request=request, version=1, verdict="approve", reason="", note="", by=world.rita, now=NOW
        )
    problem = caught.value
    assert (problem.status, problem.code) == (409, "vote_on_old_version")
    assert (problem.extra["version"], problem.extra["given"]) == (2, 1)
    [row] = problem.extra["difference"]
    assert (row["question"], row["after"]) == ("purpose", "Another.")
    assert not Vote.objects.exists()


def test_a_vote_on_a_version_that_never_was_is_invalid(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    with pytest.raises(Invalid) as caught:
        actions.vote(
            request=request, version=7, verdict="approve", reason="", note="", by=world.rita, now=NOW
        )
    assert list(caught.value.errors) == ["version"]


@pytest.mark.parametrize("verdict", ["reject", "request_changes"])
@pytest.mark.parametrize("reason", ["", "   "])
def test_who_says_no_says_why(world: World, verdict: str, reason: str) -> None:
    request = world.request_in(states.SUBMITTED)
    with pytest.raises(Invalid) as caught:
        actions.vote(
            request=request, version=1, verdict=verdict, reason=reason, note="", by=world.rita, now=NOW
        )
    assert list(caught.value.errors) == ["reason"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"verdict": "maybe"}, "verdict"),
        ({"note": "a\x00"}, "note"),
        ({"reason": "wp_" + "a" * 30}, "reason"),
    ],
)
def test_a_vote_that_cannot_stand_is_named(world: World, given: dict[str, str], field: str) -> None:
    request = world.request_in(states.SUBMITTED)
    cast = {"verdict": "approve", "reason": "", "note": "", **given}
    with pytest.raises(Invalid) as caught:
        actions.vote(request=request, version=1, by=world.rita, now=NOW, **cast)
    assert list(caught.value.errors) == [field]


def test_a_note_stays_with_staff(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    for by in (world.rita, world.rob):
        actions.vote(
            request=request, version=1, verdict="reject", reason="No.", note="Known case.", by=by, now=NOW
        )
    assert Vote.objects.filter(note="Known case.").count() == 2
    assert not any("Known case." in mail.text for mail in OutboxMessage.objects.all())
    assert not any("Known case." in str(event.data) for event in audit.trail(f"request:{request.pk}"))


def test_a_colleague_of_the_applicant_does_not_vote(db: None) -> None:
    world = World()
    alma = session(person("alma", organization="ETH"))
    carl = session(person("carl", "reviewer", organization="ETH"))
    request = world.submit(world.draft(alma), alma)
    with pytest.raises(NotPermitted) as caught:
        world.vote(request, carl)
    assert caught.value.code == "own_organization"


def test_a_colleague_votes_where_the_terms_allow_it(db: None) -> None:
    world = World(exclude_reviewer_organization=False)
    alma = session(person("alma", organization="ETH"))
    carl = session(person("carl", "reviewer", organization="ETH"))
    assert world.vote(world.submit(world.draft(alma), alma), carl)


def test_nobody_votes_on_their_own_request(world: World) -> None:
    request = world.submit(world.draft(world.rita), world.rita)
    with pytest.raises(NotPermitted) as caught:
        world.vote(request, world.rita)
    assert caught.value.code == "own_request"


def test_a_token_does_not_vote(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    with pytest.raises(NotPermitted) as caught:
        world.vote(request, token(world.rita.user, "read", "requests", "download"))  # type: ignore[arg-type]
    assert caught.value.code == "token_scope"
    assert not Vote.objects.exists()


def test_an_approval_under_a_superseded_license_waits_for_the_applicant(world: World) -> None:
    """R5: approve against a superseded license."""
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    apply(world.release, text=LICENSE_TEXT + "More.", now=NOW + DAY)
    with pytest.raises(Conflict) as caught:
        actions.vote(
            request=request, version=1, verdict="approve", reason="", note="", by=world.rob, now=NOW + DAY
        )
    assert caught.value.code == "license_changed"
    assert (caught.value.extra["given"]["number"], caught.value.extra["in_force"]["number"]) == (1, 2)
    request.refresh_from_db()
    assert request.state == states.SUBMITTED


def test_a_decision_is_told_to_other_apps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[RequestDecided] = []
    monkeypatch.setitem(events._handlers, RequestDecided, [heard.append])
    request = world.request_in(states.APPROVED)
    assert [(event.request, event.decision.outcome) for event in heard] == [(request, "approved")]


@pytest.mark.parametrize("verdict", ["approve", "reject", "request_changes"])
def test_event_of_a_decision_tells_its_parties_no_reviewers_verdict(world: World, verdict: str) -> None:
    """They may have a proof of it, which holds the whole entry."""
    request = world.request_in(states.SUBMITTED)
    for reviewer in (world.rita, world.rob):
        if request.state == states.SUBMITTED:
            request = world.vote(request, reviewer, verdict, "Why.")
    event = AuditEvent.objects.get(by="system:votes")
    assert (event.kind, set(event.data)) == (f"request.{request.state}", {"version", "reason"})
