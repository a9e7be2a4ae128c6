"""Two browsers of one person change the account at the same moment: neither waits for the other for ever."""

from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from portal.accounts import browsers
from portal.accounts.actions.erasing import erase
from portal.accounts.models import BrowserSession, User
from portal.accounts.principals import principal_for
from portal.core.models import AuditEvent
from tests.integration.licenses.race import crew
from tests.unit.accounts.conftest import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

CHANGE, ROUNDS = "/accounts/password/change/", 6


def browser(user: User) -> Client:
    """Signed in a moment ago, and noted."""
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    client.get("/requests/")
    return client


def test_two_browsers_change_the_password_and_one_does(transactional_db: None) -> None:
    new = "another long password"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    with crew(2) as race:
        for number in range(ROUNDS):
            user = User.objects.create_user(f"ada{number}@example.org", PASSWORD)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
            both = [browser(user), browser(user)]
            race.run(*[partial(client.post, CHANGE, form) for client in both])

            changed = AuditEvent.objects.filter(kind="account.password_changed", by=user.public_id)
            assert changed.count() == 1, number
            assert [client.get("/requests/").status_code for client in both] == [302, 302], number
            user.refresh_from_db()
            assert user.check_password(new)


def test_one_browser_erases_the_account_while_another_signs_out_the_others(transactional_db: None) -> None:
    with crew(2) as race:
        for number in range(ROUNDS):
            user = User.objects.create_user(f"bo{number}@example.org", PASSWORD)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
            browser(user), browser(user)
            by, now = principal_for(user), timezone.now()
            race.run(
                partial(erase, user=user, address=user.email, by=by, now=now),
                partial(browsers.end_others, user=user, keep="", by=by, now=now),
            )

            user.refresh_from_db()
            assert not user.is_active, number
            assert not BrowserSession.objects.filter(user=user).exists(), number
