"""Name, organization and country: corrected by their owner in a browser, logged without the values."""

from datetime import datetime

import pytest
from django.test import Client

from portal.accounts.actions.details import correct_details
from portal.accounts.models import Organization, RoleGrant, User
from portal.accounts.principals import ANONYMOUS, Principal, principal_for, system_principal
from portal.accounts.roles import REVIEWER
from portal.core import audit
from portal.core.models import AuditEvent
from portal.core.problems import Invalid, NotPermitted
from tests.unit.accounts.conftest import NOW, MakeUser

SAID = {"full_name": "Ada Lovelace", "organization": "Example University", "country": "GB"}


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    home = Organization.objects.create(name="Example University")
    return make_user(full_name="Ada Lovelace", organization=home, country="GB")


def correct(user: User, by: Principal, now: datetime = NOW, **changes: str) -> User:
    return correct_details(user=user, **{**SAID, **changes}, by=by, now=now)


def details(user: User) -> tuple[str, str, str]:
    user = User.objects.get(pk=user.pk)
    return user.full_name, str(user.organization), user.country


@pytest.mark.database
def test_correction_is_kept_and_returned(ada: User, session: Principal) -> None:
    given = correct(ada, session, full_name=" Ada  King ", organization="Example  Institute", country="FR")

    assert details(ada) == ("Ada King", "Example Institute", "FR")
    assert (given.full_name, str(given.organization), given.country) == details(ada)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"full_name": "Ada King"}, ["full_name"]),
        ({"organization": "Example Institute"}, ["organization"]),
        ({"country": "FR"}, ["country"]),
        (
            {"full_name": "Ada King", "organization": "Example Institute", "country": "FR"},
            ["full_name", "organization", "country"],
        ),
    ],
)
def test_a7_log_names_the_fields_that_changed_and_no_value(
    ada: User, session: Principal, changes: dict[str, str], fields: list[str]
) -> None:
    correct(ada, session, **changes)

    event = audit.trail(f"user:{ada.public_id}").get()
    assert (event.kind, event.by, event.at) == ("account.details_corrected", ada.public_id, NOW)
    assert event.data == {"fields": fields}


@pytest.mark.database
@pytest.mark.parametrize(
    "same", [{}, {"organization": "example  UNIVERSITY"}, {"full_name": " Ada  Lovelace"}]
)
def test_nothing_is_written_when_nothing_changes(ada: User, session: Principal, same: dict[str, str]) -> None:
    correct(ada, session, **same)

    assert not AuditEvent.objects.exists()
    assert details(ada) == tuple(SAID.values())
    assert Organization.objects.count() == 1


def test_a_correction_compares_with_the_row_not_with_a_copy_read_before(
    ada: User, session: Principal
) -> None:
    User.objects.filter(pk=ada.pk).update(country="FR")  # another tab, since `ada` was read

    correct(ada, session)

    assert details(ada) == tuple(SAID.values())
    assert AuditEvent.objects.get().data == {"fields": ["country"]}


def test_known_organization_is_joined_and_an_old_one_stays(ada: User, session: Principal) -> None:
    other = Organization.objects.create(name="Example Institute")

    correct(ada, session, organization="EXAMPLE institute")

    assert User.objects.get(pk=ada.pk).organization == other
    assert Organization.objects.filter(name="Example University").exists()


def test_only_the_owner_in_a_browser_corrects(ada: User, make_user: MakeUser) -> None:
    other = make_user("bo@example.org")
    disabled = make_user("cy@example.org", is_active=False)
    refused = [
        ("login_required", ada, ANONYMOUS),
        ("login_required", ada, system_principal("test")),
        ("not_permitted", ada, principal_for(other, mfa=True)),
        ("token_scope", ada, principal_for(ada, scopes=frozenset(["read", "requests", "download"]))),
        ("account_disabled", disabled, principal_for(disabled)),
    ]
    for code, user, by in refused:
        with pytest.raises(NotPermitted) as caught:
            correct(user, by, country="FR")
        assert caught.value.code == code
    assert details(ada) == tuple(SAID.values())
    assert not AuditEvent.objects.exists()


@pytest.mark.database
def test_m4_staff_do_not_change_their_own_organization(ada: User) -> None:
    RoleGrant.objects.create(user=ada, role=REVIEWER, by="system:test", at=NOW)
    with pytest.raises(NotPermitted) as caught:
        correct(ada, principal_for(ada, mfa=True), full_name="Ada King", organization="Somewhere else")
    assert caught.value.code == "staff_organization"
    assert details(ada) == tuple(SAID.values())
    assert Organization.objects.count() == 1

    correct(ada, principal_for(ada, mfa=True), full_name="Ada King", organization="example UNIVERSITY")
    assert details(ada)[0] == "Ada King"


def test_m4_staff_without_an_organization_name_their_first(ada: User) -> None:
    RoleGrant.objects.create(user=ada, role=REVIEWER, by="system:test", at=NOW)
    User.objects.filter(pk=ada.pk).update(organization=None)
    correct(ada, principal_for(ada), organization="Example Institute")
    assert details(ada)[1] == "Example Institute"


def test_an_account_without_a_verified_address_is_refused(make_user: MakeUser) -> None:
    user = make_user("new@example.org", verified=False)
    with pytest.raises(NotPermitted, match="email_unverified"):
        correct(user, principal_for(user))


WRONG = {
    "no name": {"full_name": " "},
    "line break": {"full_name": "Ada\nBcc: eve@example.org"},
    "not printable": {"organization": "A\tB\x00"},
    "direction mark": {"full_name": "Ada \u202eecalevoL"},
    "secret": {"full_name": "wp_0123456789abcdefghijABCDEFGHIJ"},
    "too long": {"organization": "x" * 201},
    "no organization": {"organization": ""},
    "no such country": {"country": "XX"},
    "no country": {"country": ""},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a5_what_sign_up_would_not_take_is_refused_here_too(
    ada: User, session: Principal, client: Client, wrong: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as caught:
        correct(ada, session, **wrong)
    at_sign_up = client.post("/accounts/signup/", {**SAID, "email": "new@example.org", **wrong})

    assert list(caught.value.errors) == list(wrong)
    assert set(wrong) <= set(at_sign_up.context["form"].errors)
    assert details(ada) == tuple(SAID.values())
    assert Organization.objects.count() == 1


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_r10_failing_audit_write_changes_nothing(
    ada: User, session: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OSError("no audit")

    monkeypatch.setattr("portal.core.audit.record", fail)
    with pytest.raises(OSError, match="no audit"):
        correct(ada, session, full_name="Ada King", organization="Example Institute", country="FR")

    assert details(ada) == tuple(SAID.values())
    assert Organization.objects.count() == 1
