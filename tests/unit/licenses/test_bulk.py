"""R9: one verdict on many requests."""

import pytest
from django.db import OperationalError, transaction

from licenses import actions, queries, states
from licenses.actions import bulk
from licenses.models import Decision, Recusal, Request, Vote
from portal.accounts.principals import Principal
from portal.core.models import AuditEvent
from portal.core.problems import Invalid
from tests.unit.licenses.world import ANSWERS, NOW, World, person, session

pytestmark = pytest.mark.database


def submitted(world: World, count: int, organization: str = "") -> list[Request]:
    """Requests of as many people, in the order in which they were sent."""
    made = []
    for number in range(count):
        applicant = session(person(f"p{number}{organization}", organization=organization))
        made.append(world.submit(world.draft(applicant), applicant))
    return made


def ballots(requests: list[Request], verdict: str = "approve", reason: str = "") -> list[actions.Ballot]:
    return [actions.Ballot(request, request.version, verdict, reason) for request in requests]


def cast(requests: list[Request], by: Principal, **said: str) -> list[actions.Outcome]:
    return actions.vote_many(votes=ballots(requests, **said), by=by, now=NOW)


def test_97_of_100_are_approved_and_3_are_reported_with_their_reasons(world: World) -> None:
    """R9."""
    requests = submitted(world, 100)
    withdrawn, edited, recused = requests[10], requests[50], requests[99]
    read = ballots(requests)
    actions.withdraw(request=withdrawn, by=session(withdrawn.applicant), now=NOW)
    by = session(edited.applicant)
    actions.edit(request=edited, answers={**ANSWERS, "field": "nlp"}, by=by, now=NOW)
    Recusal.objects.create(request=recused, reviewer=world.rita.person, reason="A friend.", at=NOW)
    Request.objects.exclude(pk=withdrawn.pk).update(quorum=1)

    outcomes = actions.vote_many(votes=read, by=world.rita, now=NOW)

    assert [outcome.request for outcome in outcomes] == requests
    assert sum(outcome.done for outcome in outcomes) == 97
    refused = {outcome.request.pk: outcome.problem.code for outcome in outcomes if outcome.problem}
    assert refused == {
        withdrawn.pk: "state_changed",
        edited.pk: "vote_on_old_version",
        recused.pk: "recused",
    }
    assert Request.objects.filter(state=states.APPROVED).count() == 97
    assert Decision.objects.count() == Vote.objects.count() == 97
    assert AuditEvent.objects.filter(kind="request.approved").count() == 97


def test_each_is_a_transaction_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """R9: what fails in the middle is rolled back alone, with its vote and its line of the log."""
    requests = submitted(world, 3)
    real = bulk.vote

    def fails_on_the_second(**given: object) -> Request:
        with transaction.atomic():
            done = real(**given)  # type: ignore[arg-type]
            if given["request"] == requests[1]:
                raise OperationalError("deadlock detected")
        return done

    monkeypatch.setattr(bulk, "vote", fails_on_the_second)
    outcomes = cast(requests, world.rita)

    assert [outcome.problem.code if outcome.problem else "" for outcome in outcomes] == [
        "",
        "unavailable",
        "",
    ]
    assert set(Vote.objects.values_list("request", flat=True)) == {requests[0].pk, requests[2].pk}
    assert AuditEvent.objects.filter(kind="request.voted").count() == 2


def test_a_second_click_casts_nothing_twice(world: World) -> None:
    requests = submitted(world, 2)
    for _ in range(2):
        assert all(outcome.done for outcome in cast(requests, world.rita))
    assert Vote.objects.count() == 2


def test_a_refusal_without_a_reason_is_refused_for_each(world: World) -> None:
    outcomes = cast(submitted(world, 2), world.rita, verdict="reject")
    assert [outcome.problem.code for outcome in outcomes if outcome.problem] == ["vote_invalid"] * 2
    assert not Vote.objects.exists()


def test_who_may_not_vote_gets_the_reason_for_each(world: World) -> None:
    outcomes = cast(submitted(world, 2), world.admin)
    assert [outcome.problem.code for outcome in outcomes if outcome.problem] == ["role_required"] * 2


def test_more_than_a_hundred_or_one_twice_is_refused_whole(world: World) -> None:
    [request] = submitted(world, 1)
    for many in ([request] * 2, [Request() for _ in range(101)]):
        with pytest.raises(Invalid):
            cast(many, world.rita)
    assert not Vote.objects.exists()


def test_the_second_of_two_people_decides(world: World) -> None:
    requests = submitted(world, 3)
    cast(requests, world.rita)
    assert not Decision.objects.exists()
    outcomes = cast(requests, world.rob)
    assert {outcome.request.state for outcome in outcomes} == {states.APPROVED}
    assert not queries.queue(world.rosa).exists()
