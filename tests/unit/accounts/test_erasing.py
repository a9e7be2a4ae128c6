"""Erasing an account: what goes, what stays, who may, and that the log is never touched. R12"""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress

from portal.accounts import tokens
from portal.accounts.actions.erasing import ERASED_MAIL, ERASED_NAME, bars_of, erase
from portal.accounts.actions.roles import grant_role, remove_role
from portal.accounts.exports import propose_export
from portal.accounts.forgetting import forget_mail
from portal.accounts.models import AccessToken, RoleGrant, User
from portal.accounts.principals import Principal, principal_for, system_principal
from portal.core.jobs import run_due
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.accounts.conftest import NOW, PASSWORD, MakeUser

pytestmark = pytest.mark.database


def test_the_account_stays_without_a_person(ada: User, session: Principal) -> None:
    number = ada.public_id
    erased = erase(user=ada, address=" Ada@Example.org ", by=session, now=NOW)

    assert (erased.public_id, erased.full_name, erased.is_active) == (number, ERASED_NAME, False)
    assert (erased.country, erased.organization, erased.check_password(PASSWORD)) == ("", None, False)
    assert "example.org" not in erased.email
    assert not EmailAddress.objects.filter(user=erased).exists()


def test_the_address_is_free_again(ada: User, session: Principal, make_user: MakeUser) -> None:
    erase(user=ada, address=ada.email, by=session, now=NOW)

    assert make_user().pk != ada.pk


def test_tokens_are_over(ada: User, session: Principal) -> None:
    _, secret = tokens.create_token(
        user=ada, name="cluster", scopes=["read"], lifetime=timedelta(days=1), by=session, now=NOW
    )
    erase(user=ada, address=ada.email, by=session, now=NOW)

    assert tokens.authenticate(secret, NOW) is None
    assert not AccessToken.objects.exists()


def test_a_last_mail_goes_to_the_old_address_and_is_then_forgotten(ada: User, session: Principal) -> None:
    erase(user=ada, address=ada.email, by=session, now=NOW)
    last = OutboxMessage.objects.get(template=ERASED_MAIL)
    assert last.to == "ada@example.org"
    forget_mail({}, now=NOW)
    last.refresh_from_db()
    assert last.to == "ada@example.org"

    run_due(worker="test", now=NOW + timedelta(days=400), limit=10)
    forget_mail({}, now=NOW)

    assert not OutboxMessage.objects.filter(to="ada@example.org").exists()
    assert OutboxMessage.objects.get(pk=last.pk).text == ""


def test_the_log_keeps_every_line_and_one_more(ada: User, session: Principal) -> None:
    """R12."""
    tokens.create_token(
        user=ada, name="cluster", scopes=["read"], lifetime=timedelta(days=1), by=session, now=NOW
    )
    before = list(AuditEvent.objects.values())
    erase(user=ada, address=ada.email, by=session, now=NOW)
    after = list(AuditEvent.objects.values())

    assert after[: len(before)] == before
    assert after[-1]["kind"] == "account.erased"


def test_another_address_erases_nothing(ada: User, session: Principal) -> None:
    with pytest.raises(Invalid):
        erase(user=ada, address="bo@example.org", by=session, now=NOW)

    ada.refresh_from_db()
    assert ada.is_active


def test_nobody_else_and_no_token(ada: User, make_user: MakeUser) -> None:
    other = principal_for(make_user("bo@example.org"))
    token = principal_for(ada, scopes=frozenset({"read", "requests", "download"}), token_id="tok_x")
    for by in (other, token):
        with pytest.raises(NotPermitted):
            erase(user=ada, address=ada.email, by=by, now=NOW)


def test_staff_give_up_their_roles_first(ada: User, session: Principal) -> None:
    RoleGrant.objects.create(user=ada, role="reviewer", by="system:test", at=NOW)

    assert len(bars_of(ada, NOW)) == 1
    with pytest.raises(Conflict) as refused:
        erase(user=ada, address=ada.email, by=session, now=NOW)
    assert refused.value.code == "erasure_barred"


def test_an_export_that_was_proposed_names_nobody_any_more(ada: User, session: Principal) -> None:
    grant_role(user=ada, role="legal_lead", by=system_principal("test"), now=NOW)
    reads = principal_for(ada, mfa=True)
    change = propose_export(what="queue", reason="For the yearly report.", by=reads, now=NOW)
    assert ada.email in change.summary
    remove_role(user=ada, role="legal_lead", by=system_principal("test"), now=NOW)
    erase(user=ada, address=ada.email, by=session, now=NOW)
    change.refresh_from_db()
    assert (change.summary, change.reason) == ("", "For the yearly report.")
