"""The review page's reading: the same facts as the policies are given elsewhere, in few queries."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from pytest_django import DjangoAssertNumQueries

from licenses import actions, queries, states
from licenses.models import Grant, Party, Request
from portal.accounts.matrix import QUEUE_READ
from portal.accounts.models import Organization, User
from portal.accounts.principals import Principal
from portal.accounts.staff import people_who
from portal.core.problems import NotFound
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, apply, person, session

pytestmark = pytest.mark.database

LONG = (
    "We investigate interpretability of transformers: memorization, hallucination, calibration,"
    " counterfactual robustness and multilingual generalization."
)
Change = Callable[[World, Request], object]


def party(request: Request, name: str, role: str, state: str, *roles: str, known: bool = True) -> Principal:
    user = person(name, *roles, organization="ETH")
    Party.objects.create(
        request=request,
        role=role,
        email=user.email,
        full_name=user.full_name,
        user=user if known else None,
        state=state,
        state_at=NOW,
        asked_at=NOW,
    )
    return session(user)


def by_address(applicant: Principal, *colleagues: User) -> None:
    """All of them have a verified address at the ETH's domain; none of them names it."""
    Organization.objects.create(name="ETH", domains=["eth.example"])
    for user in (applicant.person, *colleagues):
        EmailAddress.objects.create(user=user, email=f"{user.pk}@ETH.example", verified=True)


def appealed(world: World, request: Request) -> None:
    world.vote(request, world.rita, "reject")
    world.vote(request, world.rob, "reject")
    actions.appeal(request=request, text="Again.", by=world.ada, now=NOW)


CHANGES: dict[str, Change] = {
    "nothing": lambda world, request: None,
    "recused": lambda world, request: actions.recuse(
        request=request, reason="Friends.", by=world.rosa, now=NOW
    ),
    "appealed": appealed,
    "a newer license": lambda world, request: apply(world.release, text="# New\n\nOther words.\n"),
    "barred colleagues": lambda world, request: (
        apply(world.release, exclude_reviewer_organization=True),
        party(request, "carl", "co_applicant", "joined"),
        person("ruth", "reviewer", organization="ETH"),
    ),
    "a party who reviews": lambda world, request: party(
        request, "rick", "co_applicant", "joined", "reviewer"
    ),
    "a reviewer asked": lambda world, request: party(
        request, "ross", "signatory", "invited", "reviewer", known=False
    ),
    "one who left": lambda world, request: party(request, "rudy", "co_applicant", "declined", "reviewer"),
    "one who never joined": lambda world, request: party(
        request, "rolf", "co_applicant", "declined", "reviewer", known=False
    ),
    "a colleague by address": lambda world, request: (
        apply(world.release, exclude_reviewer_organization=True),
        by_address(world.ada, person("ralf", "reviewer"), person("remy", "auditor")),
    ),
    "a question": lambda world, request: actions.ask(
        request=request, text="Which corpus?", by=world.rita, now=NOW
    ),
}


def readers(world: World) -> list[Principal]:
    return [session(user) for user in people_who(QUEUE_READ)]


@pytest.mark.parametrize("change", CHANGES)
def test_the_page_judges_by_the_same_facts_as_the_actions(world: World, change: str) -> None:
    request = world.request_in(states.SUBMITTED)
    CHANGES[change](world, request)
    request.refresh_from_db()
    for reader in readers(world):
        expected = queries.request_case(reader, request, NOW)
        try:
            found = queries.review(reader, request.pk, NOW)
        except NotFound:
            assert expected.of_team
            continue
        assert found.case == expected


@pytest.mark.parametrize("state", [state for state in states.REQUEST_STATES if state != states.DRAFT])
def test_the_same_in_every_state(world: World, state: str) -> None:
    request = world.request_in(state)
    if request.submitted_at is None:
        with pytest.raises(NotFound):
            queries.review(world.rosa, request.pk, NOW)
        return
    assert queries.review(world.rosa, request.pk, NOW).case == queries.request_case(world.rosa, request, NOW)


@pytest.mark.parametrize("change", CHANGES)
def test_who_else_may_vote_is_who_is_eligible(world: World, change: str) -> None:
    request = world.request_in(states.SUBMITTED)
    CHANGES[change](world, request)
    request.refresh_from_db()
    names = sorted(user.get_full_name() for user in queries.eligible_reviewers(request))
    found = queries.review(world.auditor, request.pk, NOW)
    assert found.staff.others == names


def test_everything_that_was_said_is_there(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    party(request, "carl", "co_applicant", "joined")
    actions.note(request=request, text="Known.", by=world.rita, now=NOW)
    actions.say(request=request, text="Hello.", by=world.ada, now=NOW)
    actions.recuse(request=request, reason="Friends.", by=world.rosa, now=NOW)
    world.vote(request, world.rita, "request_changes", "Which corpus?")
    record = queries.review(world.rob, request.pk, NOW).record
    assert [line.first for line in (*record.notes, *record.messages, *record.recusals)] == [
        "Known.",
        "Hello.",
        "Friends.",
    ]
    assert [(vote.name, vote.word, vote.first) for vote in record.votes] == [
        ("Rita Example", "request_changes", "Which corpus?")
    ]
    assert [(line.word, line.number) for line in record.decisions] == [("changes_requested", 1)]
    assert [(line.name, line.second, line.word) for line in record.parties] == [
        ("Carl Example", "co_applicant", "joined")
    ]


def test_what_was_taken_away_comes_first(world: World) -> None:
    first = world.grant_in(states.REVOKED)
    request = actions.draft(by=world.ada, release=world.release, answers=ANSWERS, now=NOW + DAY)
    world.submit(request)
    for reviewer in (world.rita, world.rob):
        world.vote(request, reviewer)
    [second] = world.sign(request, now=NOW + DAY)
    assert queries.review(world.rosa, request.pk, NOW).grants == [first, second]
    assert Grant.objects.count() == 2


def test_very_similar_answers_of_others_are_found(db: None) -> None:
    world = World()
    eve, mallory = session(person("eve")), session(person("mallory"))
    copied = LONG.replace("interpretability", "explanation")
    for by, text in (
        (eve, copied),
        (mallory, "Something else entirely, about protein folding."),
        (world.ada, LONG),
    ):
        request = actions.draft(by=by, release=world.release, answers={"purpose": text}, now=NOW)
        world.submit(request, by)
    found = queries.review(world.rita, request.pk, NOW)
    assert [other.applicant for other in found.history.similar] == [eve.user]


def test_short_answers_are_similar_to_nothing(db: None) -> None:
    world = World()
    eve = session(person("eve"))
    world.submit(world.draft(eve), eve)
    assert queries.review(world.rita, world.request_in(states.SUBMITTED).pk, NOW).history.similar == []


def test_a_history_of_any_length_costs_the_same(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    house = Organization.objects.create(name="Large")
    for number in range(30):
        someone = session(person(f"someone{number}", organization="Large"))
        world.submit(world.draft(someone), someone)
    assert world.ada.user is not None
    world.ada.user.organization = house
    world.ada.user.save()
    request = world.request_in(states.SUBMITTED)
    with django_assert_max_num_queries(7):
        found = queries.review(world.rosa, request.pk, NOW)
    assert len(found.history.colleagues) == 20
    assert found.head.people == 31


def test_an_address_that_is_not_verified_is_said(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    assert queries.review(world.rita, request.pk, NOW).head.applicant_verified
    EmailAddress.objects.filter(user=world.ada.user).update(verified=False)
    assert not queries.review(world.rita, request.pk, NOW).head.applicant_verified
