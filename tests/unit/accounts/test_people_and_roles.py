"""Who may manage people, and that each change is atomic and in the log."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from portal.accounts.actions.erasing import erase
from portal.accounts.actions.people import create_person, disable, enable, end_access
from portal.accounts.actions.roles import grant_role, remove_role
from portal.accounts.models import AccessToken, RoleGrant, User
from portal.accounts.principals import ANONYMOUS, Principal, principal_for, system_principal
from portal.accounts.roles import ADMINISTRATOR, RELEASE_MANAGER, REVIEWER
from portal.core import audit
from portal.core.models import AuditEvent
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.accounts.conftest import NOW, PASSWORD, MakeUser

OPERATOR = system_principal("test")

CHANGES: dict[str, Callable[[User, Principal], object]] = {
    "grant_role": lambda user, by: grant_role(user=user, role=REVIEWER, by=by, now=NOW),
    "remove_role": lambda user, by: remove_role(user=user, role=REVIEWER, by=by, now=NOW),
    "disable": lambda user, by: disable(user=user, reason="left", by=by, now=NOW),
    "enable": lambda user, by: enable(user=user, by=by, now=NOW),
    "create_person": lambda user, by: create_person(
        email="new@example.org",
        password=PASSWORD,
        full_name="N",
        country="US",
        organization=None,
        by=by,
        now=NOW,
    ),
}


@pytest.fixture
def administrator(make_user: MakeUser) -> User:
    user = make_user("root@example.org")
    grant_role(user=user, role=ADMINISTRATOR, by=OPERATOR, now=NOW)
    return user


def log(user: User) -> list[tuple[str, str]]:
    return [(event.kind, event.by) for event in audit.trail(f"user:{user.public_id}")]


BY_ADMINISTRATORS = {name: change for name, change in CHANGES.items() if "role" not in name}


@pytest.mark.parametrize("change", BY_ADMINISTRATORS.values(), ids=BY_ADMINISTRATORS)
def test_only_an_administrator_in_a_browser_with_a_factor_manages_people(
    change: Callable[[User, Principal], object],
    ada: User,
    administrator: User,
    make_user: MakeUser,
    settings: Any,
) -> None:
    settings.STAFF_MFA = "any"
    reviewer = make_user("reviewer@example.org")
    grant_role(user=reviewer, role=REVIEWER, by=OPERATOR, now=NOW)
    refused = {
        "login_required": ANONYMOUS,
        "not_permitted": principal_for(reviewer, mfa=True),
        "token_scope": principal_for(administrator, scopes=frozenset(["read"])),
        "mfa_required": principal_for(administrator),
    }
    for code, by in refused.items():
        with pytest.raises(NotPermitted) as caught:
            change(ada, by)
        assert caught.value.code == code
    change(ada, principal_for(administrator, mfa=True))


@pytest.mark.database
def test_role_is_granted_and_removed_once(ada: User) -> None:
    for _ in range(2):
        grant_role(user=ada, role=REVIEWER, by=OPERATOR, now=NOW)
    for _ in range(2):
        remove_role(user=ada, role=REVIEWER, by=OPERATOR, now=NOW)
    assert log(ada) == [("role.granted", "system:test"), ("role.removed", "system:test")]


def test_unknown_role_is_refused(ada: User) -> None:
    with pytest.raises(Invalid):
        grant_role(user=ada, role="owner", by=OPERATOR, now=NOW)
    assert not RoleGrant.objects.exists()


@pytest.mark.database
def test_database_itself_refuses_unknown_roles_and_mixed_case_addresses(ada: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.create(user=ada, role="owner", by="x", at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="Ada2@Example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="ada@example.org")


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_r10_failing_audit_write_changes_nothing(
    change: Callable[[User, Principal], object], make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user(is_active=change is not CHANGES["enable"])
    if change is CHANGES["remove_role"]:
        grant_role(user=user, role=REVIEWER, by=OPERATOR, now=NOW)
    before = list(User.objects.values()), list(RoleGrant.objects.values()), list(AccessToken.objects.values())

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError("no audit")

    monkeypatch.setattr("portal.core.audit.record", fail)
    with pytest.raises(OSError, match="no audit"):
        change(user, OPERATOR)
    after = list(User.objects.values()), list(RoleGrant.objects.values()), list(AccessToken.objects.values())
    assert after == before


def test_made_person_signs_in_with_a_verified_address(db: None) -> None:
    user = create_person(
        email="Grace@Example.org", password=PASSWORD, full_name="Grace", country="US", organization=None,
        by=OPERATOR, now=NOW,
    )  # fmt: skip
    assert principal_for(user).email_verified
    assert user.check_password(PASSWORD)
    assert log(user) == [("account.created", "system:test")]
    CHANGES["create_person"](user, OPERATOR)
    with pytest.raises(Conflict, match="email_taken"):
        CHANGES["create_person"](user, OPERATOR)


@pytest.mark.django_db
def test_a_person_whose_name_reads_like_an_address_is_not_made() -> None:
    with pytest.raises(Invalid) as caught:
        create_person(
            email="new@example.org",
            password=PASSWORD,
            full_name="Visit evil.com now",
            country="US",
            organization=None,
            by=OPERATOR,
            now=NOW,
        )
    assert list(caught.value.errors) == ["full_name"]
    assert not User.objects.exists()


def test_administrator_does_not_disable_their_own_account(administrator: User) -> None:
    with pytest.raises(Conflict, match="own_account"):
        disable(user=administrator, reason="x", by=principal_for(administrator, mfa=True), now=NOW)


def test_role_command_grants_lists_and_removes(ada: User) -> None:
    output = StringIO()
    call_command("role", "grant", "Ada@example.org", RELEASE_MANAGER, stdout=output)
    call_command("role", "list", stdout=output)
    call_command("role", "remove", "ada@example.org", RELEASE_MANAGER, stdout=output)
    lines = output.getvalue().splitlines()
    assert lines[0] == "ada@example.org: release_manager granted"
    assert lines[1].startswith("release_manager  ada@example.org")
    assert lines[2] == "ada@example.org: release_manager removed"
    assert not RoleGrant.objects.exists()


def test_the_console_is_a_way_back_from_administrators_who_are_all_gone(
    ada: User, administrator: User, make_user: MakeUser
) -> None:
    gone = [administrator, make_user("adam@example.org")]
    grant_role(user=gone[1], role="administrator", by=OPERATOR, now=NOW)
    call_command("role", "grant", ada.email, "administrator")
    assert principal_for(ada).roles == frozenset()

    for user in gone:
        call_command("account", "disable", user.email.upper())
    call_command("role", "grant", ada.email, "administrator")
    assert principal_for(ada).roles == {"administrator"}
    assert log(administrator)[-1][0] == "account.disabled"

    call_command("account", "enable", administrator.email, reason="Found again.")
    administrator.refresh_from_db()
    assert administrator.is_active
    (event,) = audit.tell(AuditEvent.objects.filter(kind="account.enabled"))
    assert audit.told(event, "reason", "") == "Found again."
    with pytest.raises(CommandError, match="No account has"):
        call_command("account", "enable", "nobody@example.org")


def test_role_command_names_a_missing_account(db: None) -> None:
    with pytest.raises(CommandError, match=r"No account has the address nobody@example.org"):
        call_command("role", "grant", "nobody@example.org", REVIEWER)


@pytest.mark.parametrize(("act", "kind"), [(enable, "account.enabled"), (end_access, "account.access_ended")])
def test_why_an_administrator_acts_is_kept(
    ada: User, administrator: User, act: Callable[..., object], kind: str
) -> None:
    """The page asks for it with each of them, and says that it is kept."""
    User.objects.filter(pk=ada.pk).update(is_active=False)
    act(user=ada, reason="She is back.", by=principal_for(administrator, mfa=True), now=NOW)
    (event,) = audit.tell(AuditEvent.objects.filter(kind=kind))
    assert audit.told(event, "reason", "") == "She is back."


def test_an_erased_account_is_not_enabled_again(ada: User, administrator: User) -> None:
    """An erasure is for good: enabled, the empty account would stand for somebody whom nobody knows."""
    erase(user=ada, address=ada.email, by=principal_for(ada), now=NOW)
    with pytest.raises(Conflict) as refusal:
        enable(user=ada, by=principal_for(administrator, mfa=True), now=NOW)
    assert refusal.value.code == "account_erased"
    ada.refresh_from_db()
    assert not ada.is_active
