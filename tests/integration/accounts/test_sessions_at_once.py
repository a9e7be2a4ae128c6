"""Two browsers of one person change the account at the same moment: neither waits for the other for ever."""

from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from portal.accounts.models import User
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
