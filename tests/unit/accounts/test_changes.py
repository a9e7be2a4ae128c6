"""Changes of two: one proposes, another confirms; never alone, never of oneself, once."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from portal.accounts import changes
from portal.accounts.actions.people import disable
from portal.accounts.actions.roles import grant_role, propose_role, remove_role
from portal.accounts.changes import change_for, confirm, refuse, visible_to, waiting_for, withdraw
from portal.accounts.models import RoleGrant, TwoPersonChange, User
from portal.accounts.principals import Principal, principal_for, system_principal
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import Conflict, Invalid, NotFound, NotPermitted
from tests.unit.accounts.conftest import NOW, MakeUser

pytestmark = pytest.mark.database

OPERATOR = system_principal("test")
SECOND = timedelta(seconds=1)


@pytest.fixture
def staff(make_user: MakeUser) -> dict[str, Principal]:
    """Two administrators, a legal lead and a reviewer, in browsers."""
    roles = {"alma": "administrator", "adam": "administrator", "lena": "legal_lead", "remy": "reviewer"}
    made = {}
    for name, role in roles.items():
        user = make_user(f"{name}@example.org", full_name=name.capitalize())
        grant_role(user=user, role=role, by=OPERATOR, now=NOW)
        made[name] = principal_for(user, mfa=True)
    return made


def proposed(ada: User, by: Principal, role: str = "auditor", give: bool = True) -> TwoPersonChange:
    return propose_role(user=ada, role=role, give=give, reason="They audit us.", by=by, now=NOW)


def roles_of(user: User) -> list[str]:
    return list(RoleGrant.objects.filter(user=user).values_list("role", flat=True))


def kinds(change: TwoPersonChange) -> list[str]:
    return list(AuditEvent.objects.filter(subject=f"change:{change.pk}").values_list("kind", flat=True))


@pytest.mark.parametrize("second", ["adam", "lena"])
def test_a_role_is_given_once_another_confirms(ada: User, staff: dict[str, Principal], second: str) -> None:
    change = proposed(ada, staff["alma"])
    assert roles_of(ada) == []

    confirm(change=change, by=staff[second], now=NOW)

    assert roles_of(ada) == ["auditor"]
    assert kinds(change) == ["change.proposed", "change.confirmed"]
    granted = AuditEvent.objects.filter(kind="role.granted", subject=f"user:{ada.public_id}").get()
    assert granted.by == staff[second].actor


def test_a_role_is_taken_once_another_confirms(ada: User, staff: dict[str, Principal]) -> None:
    grant_role(user=ada, role="auditor", by=OPERATOR, now=NOW)
    confirm(change=proposed(ada, staff["alma"], give=False), by=staff["lena"], now=NOW)
    assert roles_of(ada) == []


def test_nobody_confirms_what_they_proposed(ada: User, staff: dict[str, Principal]) -> None:
    change = proposed(ada, staff["alma"])
    for decide in (confirm, refuse):
        with pytest.raises(NotPermitted) as refusal:
            decide(change=change, by=staff["alma"], now=NOW)
        assert refusal.value.code == "own_change"
    assert roles_of(ada) == []


def test_the_database_itself_wants_two(ada: User, staff: dict[str, Principal]) -> None:
    change = proposed(ada, staff["alma"])
    alone = {"state": "confirmed", "decided_by": staff["alma"].person, "decided_at": NOW}
    with pytest.raises(IntegrityError), transaction.atomic():
        TwoPersonChange.objects.filter(pk=change.pk).update(**alone)


def test_nobody_confirms_or_proposes_what_is_about_themselves(staff: dict[str, Principal]) -> None:
    change = proposed(staff["lena"].person, staff["alma"], role="administrator")
    for attempt in (
        lambda: confirm(change=change, by=staff["lena"], now=NOW),
        lambda: proposed(staff["alma"].person, staff["alma"]),
    ):
        with pytest.raises(NotPermitted):
            attempt()


@pytest.mark.parametrize("who", ["remy", "lena"])
def test_only_administrators_propose_roles(ada: User, staff: dict[str, Principal], who: str) -> None:
    with pytest.raises(NotPermitted):
        proposed(ada, staff[who])
    assert not TwoPersonChange.objects.exists()


def test_who_may_not_confirm_sees_nothing_of_it(ada: User, staff: dict[str, Principal]) -> None:
    change = proposed(ada, staff["alma"])
    for other in (staff["remy"], principal_for(ada), principal_for(staff["lena"].person, scopes=frozenset())):
        assert not visible_to(other)
        with pytest.raises(NotFound):
            change_for(other, change.pk)
        with pytest.raises(NotPermitted):
            confirm(change=change, by=other, now=NOW)
    assert waiting_for(staff["lena"], NOW) == [change]
    assert waiting_for(staff["alma"], NOW) == []


def test_a3_who_has_no_second_factor_decides_nothing(
    ada: User, staff: dict[str, Principal], settings: object
) -> None:
    settings.STAFF_MFA = "any"  # type: ignore[attr-defined]
    change = proposed(ada, staff["alma"])
    with pytest.raises(NotPermitted) as refusal:
        confirm(change=change, by=principal_for(staff["lena"].person), now=NOW)
    assert refusal.value.code == "mfa_required"


def test_the_portal_itself_is_no_second_person(ada: User, staff: dict[str, Principal]) -> None:
    with pytest.raises(NotPermitted):
        confirm(change=proposed(ada, staff["alma"]), by=OPERATOR, now=NOW)


@pytest.mark.parametrize(
    ("first", "state"), [(confirm, "confirmed"), (refuse, "refused"), (withdraw, "withdrawn")]
)
def test_a_change_is_decided_once(ada: User, staff: dict[str, Principal], first: object, state: str) -> None:
    change = proposed(ada, staff["alma"])
    first(change=change, by=staff["alma" if first is withdraw else "lena"], now=NOW)  # type: ignore[operator]
    for decide in (confirm, refuse):
        with pytest.raises(Conflict) as refusal:
            decide(change=change, by=staff["adam"], now=NOW)
        assert refusal.value.code == f"change_{state}"
    assert AuditEvent.objects.filter(kind="role.granted", subject=f"user:{ada.public_id}").count() == (
        state == "confirmed"
    )


def test_after_72_hours_it_is_over_whether_or_not_the_job_ran(ada: User, staff: dict[str, Principal]) -> None:
    change, over = proposed(ada, staff["alma"]), NOW + changes.LIFETIME
    with pytest.raises(Conflict) as refusal:
        confirm(change=change, by=staff["lena"], now=over)
    assert refusal.value.code == "change_expired"
    for _ in range(2):
        changes.expire({}, over)
    assert kinds(change) == ["change.proposed", "change.expired"]
    confirm(change=proposed(ada, staff["alma"]), by=staff["lena"], now=NOW + changes.LIFETIME - SECOND)


def test_the_same_is_not_proposed_twice_at_a_time(ada: User, staff: dict[str, Principal]) -> None:
    change = proposed(ada, staff["alma"])
    with pytest.raises(Conflict) as refusal:
        proposed(ada, staff["adam"])
    assert refusal.value.code == "already_proposed"
    withdraw(change=change, by=staff["alma"], now=NOW)
    proposed(ada, staff["adam"])


def test_what_somebody_proposed_who_may_not_any_more_does_not_happen(
    ada: User, staff: dict[str, Principal]
) -> None:
    change = proposed(ada, staff["alma"])
    remove_role(user=staff["alma"].person, role="administrator", by=OPERATOR, now=NOW)
    with pytest.raises(Conflict) as refusal:
        confirm(change=change, by=staff["lena"], now=NOW)
    assert refusal.value.code == "proposer_gone"
    assert roles_of(ada) == []


def test_nobody_who_was_disabled_since_is_given_a_role(ada: User, staff: dict[str, Principal]) -> None:
    change = proposed(ada, staff["alma"])
    disable(user=ada, reason="Left.", by=staff["adam"], now=NOW)
    with pytest.raises(Conflict) as refusal:
        confirm(change=change, by=staff["lena"], now=NOW)
    assert refusal.value.code == "account_disabled"
    change.refresh_from_db()
    assert change.state == TwoPersonChange.State.PROPOSED


def test_those_who_may_confirm_are_mailed_and_who_proposed_hears_of_it(
    ada: User, staff: dict[str, Principal]
) -> None:
    change = proposed(ada, staff["alma"])
    asked = OutboxMessage.objects.filter(template__endswith="change_proposed")
    assert sorted(asked.values_list("to", flat=True)) == ["adam@example.org", "lena@example.org"]
    assert f"/changes/{change.pk}/" in asked[0].text
    refuse(change=change, by=staff["lena"], now=NOW)
    told = OutboxMessage.objects.get(template__endswith="change_decided")
    assert told.to == "alma@example.org"
    assert "refused by Lena" in told.text


def test_mails_name_who_has_no_name_by_their_address(ada: User, staff: dict[str, Principal]) -> None:
    User.objects.update(full_name="")
    for each in staff.values():
        each.person.refresh_from_db()
    refuse(change=proposed(ada, staff["alma"]), by=staff["lena"], now=NOW)
    (told,) = OutboxMessage.objects.filter(template__endswith="change_decided")
    assert told.text.startswith("Hello alma@example.org,")
    assert "refused by lena@example.org" in told.text
    asked = OutboxMessage.objects.get(template__endswith="change_proposed", to="lena@example.org")
    assert asked.text.startswith("Hello lena@example.org,")


@pytest.mark.parametrize("reason", ["", " ", "x" * 1001, "wp_" + "0" * 40 + "000000"])
def test_a_proposal_says_why_and_holds_no_secret(ada: User, staff: dict[str, Principal], reason: str) -> None:
    with pytest.raises(Invalid):
        propose_role(user=ada, role="auditor", give=True, reason=reason, by=staff["alma"], now=NOW)


def test_the_console_gives_roles_alone_while_there_are_fewer_than_two_administrators(
    ada: User, make_user: MakeUser, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_user("root@example.org")
    for user in (root, ada):
        call_command("role", "grant", user.email, "administrator")
        assert roles_of(user) == ["administrator"]
    assert AuditEvent.objects.filter(kind="role.granted", by="system:console").count() == 2

    call_command("role", "grant", ada.email, "reviewer")

    assert roles_of(ada) == ["administrator"]
    assert "is proposed" in capsys.readouterr().out
    change = TwoPersonChange.objects.get()
    assert (change.proposer, change.proposed_by) == ("system:console", None)
    confirm(change=change, by=principal_for(root, mfa=True), now=change.proposed_at)
    assert roles_of(ada) == ["administrator", "reviewer"]
