"""What erasing a person leaves of requests, decisions, agreements and grants. R12"""

import pytest

from licenses import actions, states
from licenses.models import Acceptance, Decision, Grant, Message, Party, Request, RequestVersion
from portal.accounts.actions.erasing import ERASED_NAME, bars_of, erase
from portal.core.models import AuditEvent
from portal.core.problems import Conflict
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World

pytestmark = pytest.mark.database

PROOF = {"references": [{"name": "Grace", "email": "grace@uni.example.edu", "relation": "Adviser"}]}


def erase_ada(world: World, now: object = NOW) -> None:
    erase(user=world.ada.person, address=world.ada.person.email, by=world.ada, now=now)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [states.DRAFT, states.SUBMITTED, states.CHANGES_REQUESTED, states.APPROVED])
def test_an_open_request_stands_in_the_way(world: World, state: str) -> None:
    request = world.request_in(state)

    assert [bar.path for bar in bars_of(world.ada.person, NOW)] == [f"/requests/{request.pk}/"]
    with pytest.raises(Conflict):
        erase_ada(world)


@pytest.mark.parametrize("state", [states.ACTIVE, states.SUSPENDED])
def test_a_grant_that_holds_stands_in_the_way_until_it_ends(world: World, state: str) -> None:
    grant = world.grant_in(state)

    assert [bar.path for bar in bars_of(world.ada.person, NOW)] == [f"/grants/{grant.pk}/"]
    assert bars_of(world.ada.person, grant.ends_at) == []


def test_a_request_that_came_to_nothing_is_emptied(world: World) -> None:
    request = world.draft()
    actions.edit(request=request, answers=ANSWERS, evidence=PROOF, by=world.ada, now=NOW)
    actions.invite(
        request=request,
        role="co_applicant",
        email="colleague@example.org",
        full_name="A Colleague",
        by=world.ada,
        now=NOW,
    )
    actions.withdraw(request=request, by=world.ada, now=NOW)
    erase_ada(world)
    version = RequestVersion.objects.get(request=request)

    assert (version.answers, version.evidence) == ({}, {})
    assert Party.objects.get().full_name == ERASED_NAME
    assert "colleague" not in Party.objects.get().email


def test_what_was_decided_and_signed_stays_and_names_no_reference(world: World) -> None:
    request = world.draft()
    actions.edit(request=request, answers=ANSWERS, evidence=PROOF, by=world.ada, now=NOW)
    world.submit(request)
    actions.say(request=request, text="One more thing.", by=world.ada, now=NOW)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    [grant] = world.sign(Request.objects.get(pk=request.pk))
    lines = list(AuditEvent.objects.values())
    erase_ada(world, grant.ends_at + DAY)
    version = RequestVersion.objects.get(request=request)

    assert (version.answers, version.evidence) == (ANSWERS, {})
    assert Decision.objects.get().outcome == "approved"
    assert Acceptance.objects.get().typed_name == "Ada Example"
    assert Message.objects.get().text == "One more thing."
    assert Grant.objects.get().user.public_id == world.ada.person.public_id
    assert list(AuditEvent.objects.values())[: len(lines)] == lines


def test_the_search_finds_the_person_no_more(world: World) -> None:
    request = world.request_in(states.REJECTED)
    erase_ada(world)
    request.refresh_from_db()

    assert "ada" not in request.search_text.split()
