"""The order in which rows are locked (portal/accounts/presence.py), read from what is sent to PostgreSQL."""

import re
from collections.abc import Callable

import pytest
from allauth.account.internal.userkit import user_id_to_str
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.accounts.actions.erasing import erase
from portal.accounts.actions.exporting import note_export
from portal.accounts.actions.people import disable, end_access
from portal.accounts.actions.roles import grant_role, propose_role
from portal.accounts.changes import confirm
from portal.accounts.exports import note_download, propose_export
from portal.accounts.models import AccessToken, User
from portal.accounts.principals import Principal, principal_for, system_principal
from portal.accounts.tokens import end_token
from portal.core.problems import Conflict, NotPermitted
from tests.unit.accounts.conftest import NOW, MakeUser
from tests.unit.accounts.test_sessions import sign_in

pytestmark = pytest.mark.database

OPERATOR = system_principal("test")


def locked(act: Callable[[], object]) -> list[str]:
    """The tables whose rows `act` locks by asking for it, in order; on SQLite, all that it reads."""
    with transaction.atomic(), CaptureQueriesContext(connection) as told:
        act()
    asked = [each["sql"] for each in told if each["sql"].startswith("SELECT")]
    if connection.vendor == "postgresql":
        asked = [sql for sql in asked if re.search(r"FOR (NO KEY )?UPDATE", sql)]
    return [sql.partition(" FROM ")[2].split()[0].strip('"') for sql in asked]


@pytest.fixture
def staff(make_user: MakeUser) -> list[Principal]:
    """Two administrators."""
    made = [make_user(f"{name}@example.org") for name in ("alma", "adam")]
    for user in made:
        grant_role(user=user, role="administrator", by=OPERATOR, now=NOW)
    return [principal_for(user, mfa=True, passkey=True) for user in made]


def test_sessions_are_locked_before_a_password_is_reset(ada: User, client: Client) -> None:
    """A new password ends them."""
    sign_in(client, ada)
    uid = user_id_to_str(ada)
    tables = locked(lambda: Client().post(f"/accounts/password/reset/key/{uid}-x/", {}))
    assert tables.index("django_session") < tables.index("accounts_user")


@pytest.mark.parametrize("verb", [disable, end_access])
def test_sessions_are_locked_before_their_account(
    ada: User, staff: list[Principal], client: Client, verb: Callable[..., object]
) -> None:
    """As a request that changes the account does, which holds its own session first."""
    sign_in(client, ada)
    tables = locked(lambda: verb(user=ada, reason="Left.", by=staff[0], now=NOW))
    assert tables.index("django_session") < tables.index("accounts_user")


@pytest.mark.parametrize(
    "verb",
    [
        lambda ada: erase(user=ada, address=ada.email, by=principal_for(ada), now=NOW),
        lambda ada: call_command("remove_factors", ada.email),
    ],
    ids=["erase", "remove_factors"],
)
def test_what_opens_an_account_is_locked_before_it(
    ada: User, client: Client, verb: Callable[[User], object]
) -> None:
    """As signing in does: the session, the second factor with its counter or code, then the account."""
    sign_in(client, ada)
    tables = locked(lambda: verb(ada))
    last = len(tables) - 1 - tables[::-1].index("accounts_user")
    assert tables.index("django_session") < tables.index("mfa_authenticator") < last


def test_what_was_proposed_about_them_is_locked_before_their_account(
    ada: User, staff: list[Principal]
) -> None:
    """As confirming it does."""
    propose_role(user=ada, role="auditor", give=True, reason="Why.", by=staff[0], now=NOW)
    tables = locked(lambda: erase(user=ada, address=ada.email, by=principal_for(ada), now=NOW))
    assert tables.index("accounts_twopersonchange") < tables.index("accounts_user")


def test_account_is_locked_where_a_role_is_taken(ada: User, staff: list[Principal]) -> None:
    grant_role(user=ada, role="auditor", by=OPERATOR, now=NOW)
    change = propose_role(user=ada, role="auditor", give=False, reason="Why.", by=staff[0], now=NOW)
    if connection.vendor == "postgresql":
        assert "accounts_user" in locked(lambda: confirm(change=change, by=staff[1], now=NOW))
    else:
        confirm(change=change, by=staff[1], now=NOW)
    assert not ada.role_grants.exists()


def test_account_is_locked_where_the_console_gives_a_role(ada: User) -> None:
    """Else an erasure that is under way leaves an erased account with a role."""
    tables = locked(lambda: grant_role(user=ada, role="auditor", by=OPERATOR, now=NOW))
    assert tables[0] == "accounts_user"
    User.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(Conflict):
        grant_role(user=ada, role="reviewer", by=OPERATOR, now=NOW)
    assert list(ada.role_grants.values_list("role", flat=True)) == ["auditor"]


def test_who_left_since_ends_no_token(ada: User) -> None:
    """Their session had begun before the account was disabled."""
    by = principal_for(ada)
    token = AccessToken.objects.create(
        user=ada,
        name="x",
        digest="a" * 64,
        scopes=["read"],
        created_at=NOW,
        expires_at=NOW.replace(year=2027),
    )
    User.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(NotPermitted):
        end_token(token=token, by=by, now=NOW)
    token.refresh_from_db()
    assert token.ended_at is None


def test_who_left_since_takes_nothing_along(ada: User, staff: list[Principal]) -> None:
    alma, adam = staff
    change = propose_export(what="audit", reason="Why.", by=alma, now=NOW)
    confirm(change=change, by=adam, now=NOW)
    session = principal_for(ada)
    note_download(what="audit", by=alma, now=NOW)
    note_export(user=ada, by=session, now=NOW)
    User.objects.update(is_active=False)
    for take in (
        lambda: note_download(what="audit", by=alma, now=NOW),
        lambda: note_export(user=ada, by=session, now=NOW),
    ):
        with pytest.raises(NotPermitted) as caught:
            take()
        assert caught.value.code == "account_disabled"
