"""A2: what changes about a person shows at the next request of each of their sessions."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client, RequestFactory
from django.utils import timezone

from portal.accounts.actions.people import disable
from portal.accounts.actions.roles import grant_role, remove_role
from portal.accounts.models import User
from portal.accounts.principals import ANONYMOUS, Principal, principal_for, principal_of, system_principal
from portal.accounts.roles import ADMINISTRATOR, REVIEWER
from portal.accounts.sessions import forget_sessions
from portal.accounts.tokens import authenticate, create_token
from portal.core import audit, jobs
from tests.unit.accounts.conftest import NOW, PASSWORD, MakeUser

OPERATOR = system_principal("test")
NEW_PASSWORD = "another long password"


def sign_in(client: Client, user: User, password: str = PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": user.email, "password": password})


def principal(client: Client) -> Principal:
    """Who the next request of this browser is."""
    from django.contrib.auth import get_user

    request = RequestFactory().get("/")
    request.session = client.session
    request.user = get_user(request)
    return principal_of(request)


def test_signed_in_browser_is_its_person(client: Client, ada: User) -> None:
    assert principal(client) == ANONYMOUS
    assert sign_in(client, ada).status_code == 302
    found = principal(client)
    assert (found.user, found.actor, found.is_session) == (ada, ada.public_id, True)
    assert (found.mfa, found.roles, found.email_verified) == (False, frozenset(), True)


def test_wrong_password_and_unknown_address_get_the_same_answer(client: Client, ada: User) -> None:
    wrong = sign_in(client, ada, "wrong password")
    unknown = client.post("/accounts/login/", {"login": "nobody@example.org", "password": "wrong password"})
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert principal(client) == ANONYMOUS


def test_unverified_person_is_asked_for_the_code_first(client: Client, make_user: MakeUser) -> None:
    sign_in(client, make_user(verified=False))
    assert principal(client) == ANONYMOUS
    jobs.run_due(worker="test", now=timezone.now())
    assert len(mail.outbox) == 1


def test_a2_disabled_person_is_nobody_at_the_next_request(client: Client, ada: User) -> None:
    sign_in(client, ada)
    disable(user=ada, reason="left", by=OPERATOR, now=NOW)
    assert principal(client) == ANONYMOUS
    sign_in(client, ada)
    assert principal(client) == ANONYMOUS


def test_a2_password_change_ends_the_other_sessions_and_tokens(client: Client, ada: User) -> None:
    other = Client()
    sign_in(client, ada)
    sign_in(other, ada)
    token, secret = create_token(
        user=ada,
        name="x",
        scopes=["read"],
        lifetime=timedelta(days=1),
        by=principal(client),
        now=timezone.now(),
    )
    answer = client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert answer.status_code == 302
    assert principal(other) == ANONYMOUS
    assert authenticate(secret, timezone.now()) is None
    token.refresh_from_db()
    assert token.ended_at is not None
    kinds = [event.kind for event in audit.trail(f"user:{ada.public_id}")]
    assert {"account.password_changed", "token.ended"} <= set(kinds)
    jobs.run_due(worker="test", now=timezone.now())
    assert "password has been changed" in str(mail.outbox[-1].body)


def test_password_reset_link_comes_from_the_settings_and_works_once(
    client: Client, ada: User, settings: Any
) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    jobs.run_due(worker="test", now=timezone.now())
    found = re.search(rf"{settings.PORTAL_URL}(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert found is not None, mail.outbox[0].body
    page = client.get(found.group(1), follow=True)
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post(page.redirect_chain[-1][0], form)
    ada.refresh_from_db()
    assert ada.check_password(NEW_PASSWORD)
    assert Client().get(found.group(1), follow=True).context["token_fail"]


def test_no_enumeration_reset_of_an_unknown_address_looks_the_same(client: Client, ada: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": ada.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_a2_role_is_there_and_gone_at_the_next_request(client: Client, ada: User) -> None:
    sign_in(client, ada)
    grant_role(user=ada, role=REVIEWER, by=OPERATOR, now=NOW)
    assert principal(client).roles == {REVIEWER}
    remove_role(user=ada, role=REVIEWER, by=OPERATOR, now=NOW)
    assert principal(client).roles == frozenset()


def test_who_is_an_administrator_says_a_role_alone(make_user: MakeUser) -> None:
    """The pages of people, who can confirm, and whether the console acts alone: all count these rows."""
    root = make_user("root@example.org", is_staff=True, is_superuser=True)
    assert principal_for(root).roles == frozenset()
    grant_role(user=root, role=ADMINISTRATOR, by=OPERATOR, now=NOW)
    assert principal_for(root).roles == {ADMINISTRATOR}
    root.is_active = False
    assert principal_for(root).roles == frozenset()


def test_system_acts_under_its_own_name() -> None:
    assert (OPERATOR.actor, OPERATOR.is_session, OPERATOR.user) == ("system:test", False, None)


@pytest.mark.django_db
def test_a7_signing_in_and_out_is_in_the_log(client: Client, ada: User) -> None:
    sign_in(client, ada)
    client.post("/accounts/logout/")
    kinds = [event.kind for event in audit.trail(f"user:{ada.public_id}")]
    assert kinds == ["account.signed_in", "account.signed_out"]


def test_sessions_that_are_over_are_forgotten(client: Client, ada: User) -> None:
    sign_in(client, ada)
    [session] = Session.objects.all()
    forget_sessions({}, session.expire_date)
    assert Session.objects.count() == 1
    forget_sessions({}, session.expire_date + timedelta(seconds=1))
    assert Session.objects.count() == 0
