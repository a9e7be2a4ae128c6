"""Whom the terms keep apart: colleagues of those who ask. And who was staff once, and is it no more."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress

from licenses import actions, policies, queries, states
from licenses.models import Request
from licenses.queries.messages import audience
from portal.accounts.actions import people, roles
from portal.accounts.actions.details import correct_details
from portal.accounts.models import Organization, User
from portal.accounts.principals import Principal, system_principal
from portal.core.models import OutboxMessage
from tests.unit.licenses.world import NOW, World, apply, person, session

pytestmark = pytest.mark.database


def lab(world: World) -> Organization:
    """Colleagues are barred; the lab's mail domain is known."""
    apply(world.release, exclude_reviewer_organization=True)
    return Organization.objects.create(name="Lab X", domains=["lab-x.example"])


def at_lab(user: User) -> Principal:
    EmailAddress.objects.create(user=user, email=f"{user.pk}@Lab-X.example", verified=True)
    return session(user)


def of_lab(user: User) -> Principal:
    user.organization = Organization.objects.get(name="Lab X")
    user.save()
    return session(user)


PLACES: dict[str, Callable[[User], Principal]] = {"an address": at_lab, "a claim": of_lab}


@pytest.mark.parametrize("reviewer", PLACES)
@pytest.mark.parametrize("applicant", PLACES)
def test_neither_side_leaves_the_rule_of_colleagues_by_naming_nothing(
    world: World, applicant: str, reviewer: str
) -> None:
    request = world.submit(world.draft())
    lab(world)
    PLACES[applicant](world.ada.person)
    colleague = PLACES[reviewer](person("rex", "reviewer"))
    judged_by(world, request, colleague, may=False)
    judged_by(world, request, world.rob, may=True)


def judged_by(world: World, request: Request, reviewer: Principal, *, may: bool) -> None:
    """The rule, the list of those who may vote, what awaits them, and the review page agree."""
    case = queries.request_case(reviewer, request, NOW)
    assert bool(policies.may_vote(case, "reject")) is may
    assert (reviewer.user in queries.eligible_reviewers(request)) is may
    awaiting = queries.queue(reviewer, queries.QueueFilters(awaiting_me=True))
    assert (request in awaiting) is may
    others = queries.review(world.auditor, request.pk, NOW).staff.others
    assert (reviewer.person.get_full_name() in others) is may
    assert queries.review(reviewer, request.pk, NOW).case == case


def test_a_request_stays_of_the_organization_it_was_sent_under(world: World) -> None:
    ada = world.ada.person
    ada.email, ada.organization = "ada@lab-x.example", lab(world)
    ada.save()
    EmailAddress.objects.filter(user=ada).update(email=ada.email)
    world.ada = session(ada)
    request = world.submit(world.draft())
    correct_details(
        user=ada, full_name=ada.full_name, organization="Elsewhere", country="CH", by=world.ada, now=NOW
    )
    EmailAddress.objects.filter(user=ada).update(email="ada@example.org")
    request.refresh_from_db()
    judged_by(world, request, of_lab(person("rex", "reviewer")), may=False)


def disabled(world: World, user: User) -> None:
    people.disable(user=user, reason="Left.", by=world.admin, now=NOW)


def demoted(world: World, user: User) -> None:
    role, by = user.role_grants.get().role, system_principal("test")
    roles.remove_role(user=user, role=role, by=by, now=NOW)


ENDS = pytest.mark.parametrize("ends", [disabled, demoted])


@ENDS
def test_the_vote_of_who_is_no_reviewer_any_more_counts_no_more(
    world: World, ends: Callable[[World, User], None]
) -> None:
    request = world.submit(world.draft())
    world.vote(request, world.rita)
    ends(world, world.rita.person)
    assert world.vote(request, world.rob).state == states.SUBMITTED
    [row] = queries.queue(world.rosa)
    assert row.votes_cast == 1
    assert request.votes.count() == 2, "what was cast stays written"
    assert world.vote(request, world.rosa).state == states.APPROVED


@ENDS
def test_what_was_decided_stays_decided(world: World, ends: Callable[[World, User], None]) -> None:
    request = world.request_in(states.APPROVED)
    ends(world, world.rita.person)
    request.refresh_from_db()
    assert request.state == states.APPROVED


@ENDS
def test_the_applicants_words_go_to_who_is_staff_now(
    world: World, ends: Callable[[World, User], None]
) -> None:
    request = world.request_in(states.SUBMITTED)
    actions.assign(request=request, to=world.rita.user, by=world.rosa, now=NOW)
    ends(world, world.rita.person)
    actions.say(request=request, text="Is anybody there?", by=world.ada, now=NOW)
    mailed = OutboxMessage.objects.filter(template__endswith="message_received").values_list("to", flat=True)
    assert sorted(mailed) == ["rob@example.org", "rosa@example.org"]


def test_no_stand_in_is_mailed_who_could_not_take_part(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    actions.assign(request=request, to=world.rita.user, by=world.rosa, now=NOW)
    today = NOW.date()
    actions.be_away(starts_on=today, ends_on=today, cover=world.rob.user, by=world.rita, now=NOW)
    said = actions.say(request=request, text="Hello.", by=world.ada, now=NOW)
    said.request.refresh_from_db()
    assert audience(said) == [world.rob.user]
    actions.recuse(request=request, reason="Friends.", by=world.rob, now=NOW)
    assert world.rob.user not in audience(said)
    assert audience(said)
