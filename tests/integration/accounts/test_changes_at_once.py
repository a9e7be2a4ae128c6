"""Changes of two, and administrators against each other, at the same moment: each round one wins."""

from functools import partial

import pytest

from portal.accounts import changes
from portal.accounts.actions.people import disable, enable
from portal.accounts.actions.roles import grant_role, propose_role
from portal.accounts.models import RoleGrant, User
from portal.accounts.principals import Principal, principal_for, system_principal
from portal.core.models import AuditEvent
from tests.integration.licenses.race import codes, crew
from tests.unit.accounts.conftest import NOW, PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

OPERATOR, ROUNDS = system_principal("test"), 12


@pytest.fixture
def staff(transactional_db: None) -> dict[str, Principal]:
    """Two administrators and two legal leads, in browsers."""
    roles = {"alma": "administrator", "adam": "administrator", "lena": "legal_lead", "liv": "legal_lead"}
    made = {}
    for name, role in roles.items():
        user = User.objects.create_user(f"{name}@example.org", PASSWORD, full_name=name.capitalize())
        grant_role(user=user, role=role, by=OPERATOR, now=NOW)
        made[name] = principal_for(user, mfa=True, passkey=True)
    return made


def test_a_change_is_decided_once_however_many_decide_it(staff: dict[str, Principal]) -> None:
    bo = User.objects.create_user("bo@example.org", PASSWORD)
    alma, adam, lena, liv = staff.values()
    decide = [
        (changes.confirm, adam),
        (changes.confirm, lena),
        (changes.refuse, liv),
        (changes.withdraw, alma),
    ]
    with crew(len(decide)) as race:
        for number in range(ROUNDS):
            RoleGrant.objects.filter(user=bo).delete()
            before = AuditEvent.objects.filter(kind="role.granted").count()
            change = propose_role(user=bo, role="auditor", give=True, reason="Why.", by=alma, now=NOW)
            acts = [
                partial(verb, change=changes.change_for(by, change.pk), by=by, now=NOW) for verb, by in decide
            ]
            refused = codes(race.run(*acts))
            change.refresh_from_db()

            assert refused == [f"change_{change.state}"] * 3, number
            given = int(change.state == "confirmed")
            assert RoleGrant.objects.filter(user=bo).count() == given
            assert AuditEvent.objects.filter(kind="role.granted").count() == before + given


def test_the_same_is_proposed_once_however_many_propose_it(staff: dict[str, Principal]) -> None:
    bo = User.objects.create_user("bo@example.org", PASSWORD)
    with crew(4) as race:
        for _ in range(ROUNDS):
            acts = [
                partial(propose_role, user=bo, role="auditor", give=True, reason="Why.", by=by, now=NOW)
                for by in (staff["alma"], staff["adam"]) * 2
            ]
            assert codes(race.run(*acts)) == ["already_proposed"] * 3
            changes.TwoPersonChange.objects.all().delete()


def test_two_administrators_do_not_disable_each_other(staff: dict[str, Principal]) -> None:
    alma, adam = staff["alma"], staff["adam"]
    with crew(2) as race:
        for _ in range(ROUNDS):
            acts = [
                partial(disable, user=whom.person, reason="Why.", by=by, now=NOW)
                for by, whom in ((alma, adam), (adam, alma))
            ]
            assert codes(race.run(*acts)) == ["account_disabled"]
            for user in (alma.person, adam.person):
                enable(user=user, by=OPERATOR, now=NOW)


def test_two_administrators_do_not_take_each_others_role(staff: dict[str, Principal]) -> None:
    alma, adam, lena, liv = staff.values()
    with crew(2) as race:
        for _ in range(ROUNDS):
            acts = []
            for by, whom, second in ((alma, adam, lena), (adam, alma, liv)):
                change = propose_role(
                    user=whom.person, role="administrator", give=False, reason="Why.", by=by, now=NOW
                )
                acts.append(partial(changes.confirm, change=change, by=second, now=NOW))
            assert codes(race.run(*acts)) == ["proposer_gone"]
            assert RoleGrant.objects.filter(role="administrator").count() == 1
            changes.TwoPersonChange.objects.all().delete()
            for user in (alma.person, adam.person):
                grant_role(user=user, role="administrator", by=OPERATOR, now=NOW)
