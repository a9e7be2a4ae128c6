"""R12: somebody has their account erased while they, or others, act: one waits for the other, none is refused
for a deadlock, and nothing is written by a person who is gone."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db.models import Value
from django.db.models.functions import Concat

from licenses import actions, states
from licenses.actions.reaccepting import want_reacceptance
from licenses.models import Acceptance, Grant, Request
from portal.accounts import pending, tokens
from portal.accounts.actions.details import correct_details
from portal.accounts.actions.erasing import ERASED_NAME, erase
from portal.accounts.models import AccessToken, PendingAction, User
from portal.accounts.principals import Principal
from portal.core.models import AuditEvent
from tests.integration.licenses.race import codes, crew
from tests.unit.licenses.team import Team
from tests.unit.licenses.test_mastering import propose, sign
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, license_of, person, release, session

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

ROUNDS = 4
LATER = NOW + 400 * DAY  # the world's grants have ended by then
GONE = ([], ["account_disabled"], ["erasure_barred"], ["pending_action_expired"])

Act = Callable[[], object]


@pytest.fixture
def world(transactional_db: None) -> World:
    return World(max_co_applicants=3)


def erasing(by: Principal, now: Any = LATER) -> Act:
    return partial(erase, user=User.objects.get(pk=by.person.pk), address=by.person.email, by=by, now=now)


def revoking(world: World) -> Act:
    return partial(
        actions.revoke, grant=world.grant_in(states.ACTIVE), reason="Why.", by=world.rita, now=LATER
    )


def suspending(world: World) -> Act:
    return partial(
        actions.suspend, grant=world.grant_in(states.ACTIVE), reason="Why.", by=world.rita, now=LATER
    )


def closing(world: World) -> Act:
    return partial(world.close_out, world.grant_in(states.ACTIVE), by=world.ada, now=LATER)


def writing(world: World) -> Act:
    request = world.request_in(states.REJECTED)
    return partial(actions.say, request=request, text="One more thing.", by=world.ada, now=LATER)


def signing(world: World) -> Act:
    return partial(world.sign, world.request_in(states.APPROVED))


def drafting(world: World) -> Act:
    return partial(actions.draft, by=world.ada, release=world.release, answers=ANSWERS, now=LATER)


def renewing(world: World) -> Act:
    return partial(actions.renew, request=world.request_in(states.SIGNED), by=world.ada, now=LATER)


def confirming(world: World) -> Act:
    grant = world.grant_in(states.ACTIVE)
    action = actions.propose_close_out(
        grant=grant, copies=0, method="None was made.", destroyed_on=LATER.date(), by=world.ada, now=LATER
    )
    return partial(pending.confirm, action=action, by=world.ada, now=LATER)


def proposing(world: World) -> Act:
    return partial(
        actions.propose_close_out,
        grant=world.grant_in(states.ACTIVE),
        copies=0, method="None was made.", destroyed_on=LATER.date(), by=world.ada, now=LATER,
    )  # fmt: skip


def correcting(world: World) -> Act:
    world.request_in(states.REJECTED)
    said = {"full_name": "Ada Lovelace", "organization": "Lab", "country": "CH"}
    return partial(correct_details, user=world.ada.person, by=world.ada, now=LATER, **said)


def making_a_token(world: World) -> Act:
    world.request_in(states.REJECTED)
    return partial(
        tokens.create_token,
        user=world.ada.person,
        name="cluster",
        scopes=["read"],
        lifetime=DAY,
        by=world.ada,
        now=LATER,
    )


@pytest.mark.parametrize(
    "preparing",
    [
        revoking,
        suspending,
        closing,
        writing,
        drafting,
        renewing,
        confirming,
        proposing,
        correcting,
        making_a_token,
    ],
)
def test_an_erasure_and_something_else_wait_for_each_other(
    world: World, preparing: Callable[[World], Act]
) -> None:
    with crew(2) as race:
        for _ in range(ROUNDS):
            world.ada = _another_ada()
            act = preparing(world)
            assert codes(race.run(act, erasing(world.ada))) in GONE
            _nothing_came_after(world.ada.person)


def test_a_team_signs_while_one_of_it_has_gone(world: World) -> None:
    """Who accepts looks at everybody who did: a request is locked before any of their accounts."""
    with crew(2) as race:
        for _ in range(ROUNDS):
            _free("ada", "cora", "cyd", "sig")
            world.ada = session(person("ada"))
            team = Team(world)
            request = team.approved()
            team.accept(request, world.ada)
            [grant] = team.accept(request, team.cora)
            actions.revoke(grant=grant, reason="Why.", by=world.rita, now=NOW)
            accept = partial(team.accept, Request.objects.get(pk=request.pk), team.cyd)
            assert codes(race.run(accept, erasing(team.cora, NOW))) == []
            assert Acceptance.objects.filter(request=request).count() == 3


def test_an_agreement_is_signed_while_its_signatory_goes(world: World) -> None:
    """It is signed by somebody, or it is asked of nobody any more."""
    with crew(2) as race:
        for _ in range(ROUNDS):
            _free("sina")
            sina = session(person("sina"))
            master = propose(world)
            refused = codes(race.run(partial(sign, master, sina), erasing(sina, NOW)))
            master.refresh_from_db()
            assert refused == ([] if master.signed_at else ["account_disabled"])
            asked = "sina@example.org" if master.signed_at else User.objects.get(pk=sina.person.pk).email
            assert master.signatory_email == asked


@pytest.mark.parametrize("preparing", [writing, signing])
def test_a_name_is_corrected_while_its_owner_acts(world: World, preparing: Callable[[World], Act]) -> None:
    with crew(2) as race:
        for number in range(ROUNDS):
            world.ada = _another_ada()
            act = preparing(world)
            said = {"full_name": "Ada Example", "organization": f"Lab {number}", "country": "CH"}
            correct = partial(correct_details, user=world.ada.person, by=world.ada, now=NOW, **said)
            assert codes(race.run(act, correct)) == []


def test_two_windows_accept_for_two_grants_of_one_request(transactional_db: None) -> None:
    """Each waits for both grants, in one order; the second finds them moved."""
    world = World()
    other = release("opt-66b")
    for number in range(ROUNDS):
        world.ada = _another_ada()
        request = actions.draft(by=world.ada, release=world.release, also=[other], answers=ANSWERS, now=NOW)
        world.license = license_of(world.release)
        world.submit(request)
        world.vote(request, world.rita)
        grants = world.sign(world.vote(request, world.rob))
        version = actions.publish_license_version(
            license=world.license.license, text=f"Text {number}.", effective_at=NOW,
            reaccept_by=NOW + 30 * DAY, by=world.rita, now=NOW,
        )  # fmt: skip
        want_reacceptance(version=version, now=NOW)
        accept = partial(
            actions.reaccept, typed_name="Ada Example", license_sha256=version.sha256, by=world.ada, now=NOW
        )
        with crew(2) as race:
            assert codes(race.run(*(partial(accept, grant=grant) for grant in grants))) == ["state_changed"]
        assert {grant.license_version for grant in Grant.objects.filter(request=request)} == {version}


def _nothing_came_after(user: User) -> None:
    """The last line of theirs in the log is that they were erased, if they were."""
    kinds = list(
        AuditEvent.objects.filter(by=user.public_id).order_by("index").values_list("kind", flat=True)
    )
    if "account.erased" in kinds:
        assert not Request.objects.filter(applicant=user, state__in=states.OPEN_STATES).exists()
        assert kinds[-1] == "account.erased"
        user.refresh_from_db()
        assert (user.full_name, user.is_active) == (ERASED_NAME, False)
        assert not AccessToken.objects.filter(user=user).exists()
        assert not PendingAction.objects.filter(user=user).exclude(payload={}).exists()


def _another_ada() -> Principal:
    _free("ada")
    return session(person("ada"))


def _free(*names: str) -> None:
    """Make room for another person of each name."""
    for email in (f"{name}@example.org" for name in names):
        User.objects.filter(email=email).update(email=Concat("public_id", Value("@example.org")))
        EmailAddress.objects.filter(email=email).delete()
