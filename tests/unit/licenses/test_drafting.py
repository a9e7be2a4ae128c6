"""Begin a request and change its answers."""

from typing import Any

import pytest

from licenses import actions, queries, states
from licenses.models import Request, RequestVersion, Vote
from portal.accounts.principals import ANONYMOUS
from portal.core import audit
from portal.core.models import OutboxMessage
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, apply, person, release, session, token

pytestmark = pytest.mark.database


def kinds(request: Request) -> list[str]:
    return [event.kind for event in audit.trail(f"request:{request.pk}")]


def test_a_draft_keeps_its_answers_and_leaves_a_trace(world: World) -> None:
    request = world.draft()
    version = RequestVersion.objects.get(request=request)
    assert (request.state, request.version, version.answers) == (states.DRAFT, 1, ANSWERS)
    assert list(request.releases.all()) == [world.release]
    assert kinds(request) == ["request.drafted"]
    assert audit.trail(f"request:{request.pk}")[0].by == world.ada.actor
    assert not OutboxMessage.objects.exists()


def test_a_draft_keeps_the_questions_as_they_stood(world: World) -> None:
    request = world.draft()
    apply(world.release, questions=[{"id": "other", "label": "Other?"}])
    assert RequestVersion.objects.get(request=request).questions[0]["id"] == "purpose"


def test_the_same_draft_made_between_two_reads_is_returned(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: the twin commits after the key was looked for and before the facts are read."""
    read, twins = queries.facts, []

    def make_the_twin_first(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(queries, "facts", read)
        twins.append(draft())
        return read(*args, **kwargs)

    def draft() -> Request:
        return actions.draft(
            by=world.ada, release=world.release, answers=ANSWERS, now=NOW, idempotency_key="once"
        )

    monkeypatch.setattr(queries, "facts", make_the_twin_first)
    assert draft() == twins[0]
    assert Request.objects.count() == 1


def test_a_second_request_for_the_same_release_is_refused(world: World) -> None:
    world.draft()
    with pytest.raises(NotPermitted) as caught:
        world.draft()
    assert caught.value.code == "request_draft"
    assert Request.objects.count() == 1


def test_the_same_key_gives_the_same_request(world: World) -> None:
    """R1"""
    first, second = (
        actions.draft(by=world.ada, release=world.release, answers=ANSWERS, now=NOW, idempotency_key="key-1")
        for _ in range(2)
    )
    assert first == second
    assert kinds(first) == ["request.drafted"]


def test_a_key_of_somebody_else_gives_nothing_of_theirs(world: World) -> None:
    bob = session(person("bob"))
    made = [
        actions.draft(by=by, release=world.release, answers=ANSWERS, now=NOW, idempotency_key="key-1")
        for by in (world.ada, bob)
    ]
    assert made[0] != made[1]


@pytest.mark.parametrize("finished", [states.WITHDRAWN, states.REJECTED, states.LAPSED])
def test_after_a_finished_request_a_new_one_can_begin(world: World, finished: str) -> None:
    world.request_in(finished)
    assert world.draft().state == states.DRAFT


@pytest.mark.parametrize("who", ["anonymous", "unverified", "disabled", "token"])
def test_who_may_not_request_drafts_nothing(world: World, who: str) -> None:
    gone = person("gone")
    gone.is_active = False
    by, code = {
        "anonymous": (ANONYMOUS, "login_required"),
        "unverified": (session(person("una", verified=False)), "email_unverified"),
        "disabled": (session(gone), "account_disabled"),
        "token": (token(world.ada.user, "read", "download"), "token_scope"),  # type: ignore[arg-type]
    }[who]
    with pytest.raises(NotPermitted) as caught:
        actions.draft(by=by, release=world.release, answers=ANSWERS, now=NOW)
    assert caught.value.code == code
    assert not Request.objects.exists()


def test_a_token_with_the_scope_drafts(world: World) -> None:
    assert actions.draft(
        by=token(world.ada.user, "requests"),
        release=world.release,
        answers={},
        now=NOW,  # type: ignore[arg-type]
    )


def test_who_holds_a_grant_drafts_nothing(world: World) -> None:
    world.grant_in(states.ACTIVE)
    with pytest.raises(Conflict) as caught:
        world.draft()
    assert caught.value.code == "grant_live"


def test_an_answer_that_cannot_stand_makes_no_request(world: World) -> None:
    """R2"""
    with pytest.raises(Invalid) as caught:
        actions.draft(by=world.ada, release=world.release, answers={**ANSWERS, "status": "approved"}, now=NOW)
    assert list(caught.value.errors) == ["status"]
    assert not Request.objects.exists()


def test_a_draft_is_changed_in_place(world: World) -> None:
    request = world.draft()
    actions.edit(request=request, answers={"field": "nlp"}, by=world.ada, now=NOW)
    [version] = RequestVersion.objects.filter(request=request)
    assert version.answers == {"field": "nlp"}
    assert kinds(request) == ["request.drafted", "request.edited"]


def test_an_edit_that_changes_nothing_leaves_no_trace(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    assert actions.edit(request=request, answers=dict(ANSWERS), by=world.ada, now=NOW).version == 1
    assert "request.edited" not in kinds(request)


def test_an_edit_in_review_makes_a_version_and_old_votes_no_longer_count(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    world.vote(request, world.rob, "reject")
    OutboxMessage.objects.all().delete()
    request = actions.edit(request=request, answers={"purpose": "Another."}, by=world.ada, now=NOW + DAY)
    assert (request.state, request.version, request.split) == (states.SUBMITTED, 2, False)
    assert RequestVersion.objects.get(request=request, number=1).answers == ANSWERS
    assert RequestVersion.objects.get(request=request, number=2).submitted_at == NOW + DAY
    told = set(OutboxMessage.objects.values_list("to", "template"))
    assert told == {(f"{name}@example.org", "licenses/mail/review_again") for name in ("rita", "rob")}
    world.vote(request, world.rita)
    request.refresh_from_db()
    assert request.state == states.SUBMITTED, "one vote on version 2 is not two"
    assert Vote.objects.filter(request=request).count() == 3


def test_an_edit_in_review_is_complete_or_nothing(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    with pytest.raises(Invalid) as caught:
        actions.edit(request=request, answers={"field": "nlp"}, by=world.ada, now=NOW)
    assert list(caught.value.errors) == ["purpose"]
    assert RequestVersion.objects.filter(request=request).count() == 1


def test_edits_after_changes_were_asked_for_make_one_unsubmitted_version(world: World) -> None:
    request = world.request_in(states.CHANGES_REQUESTED)
    for words in ("One.", "Two."):
        request = actions.edit(request=request, answers={"purpose": words}, by=world.ada, now=NOW)
    assert (request.state, request.version) == (states.CHANGES_REQUESTED, 2)
    latest = RequestVersion.objects.get(request=request, number=2)
    assert (latest.answers, latest.submitted_at) == ({"purpose": "Two."}, None)


def test_somebody_else_edits_nothing(world: World) -> None:
    request = world.draft()
    for by in (session(person("eve")), world.rita, world.admin):
        with pytest.raises(NotPermitted) as caught:
            actions.edit(request=request, answers={}, by=by, now=NOW)
        assert caught.value.code == "not_applicant"


def test_a_release_that_is_not_on_request_takes_none(world: World) -> None:
    other = release("opt-66b", strategy="click_through")
    with pytest.raises(Conflict) as caught:
        actions.draft(by=world.ada, release=other, answers={}, now=NOW)
    assert caught.value.code == "not_on_request"
