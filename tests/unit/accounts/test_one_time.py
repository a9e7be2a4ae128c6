"""A4: what is good for one use is used once, however many use it at the same moment."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.core import audit, jobs
from tests.unit.accounts.conftest import MakeUser
from tests.unit.accounts.test_sessions import principal, sign_in
from tests.unit.accounts.test_sign_up import code_in_last_mail, sign_up

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

AT_ONCE = 12


def at_once(function: Callable[[int], object]) -> list[object]:
    """Call `function(number)` in many threads at the same moment; return what they returned."""
    start, results = threading.Barrier(AT_ONCE), list[object]()

    def run(number: int) -> None:
        start.wait()
        try:
            results.append(function(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == AT_ONCE
    return results


def kinds(user: User) -> list[str]:
    return [event.kind for event in audit.trail(f"user:{user.public_id}")]


def test_a4_reset_link_sets_one_password(make_user: MakeUser) -> None:
    user = make_user()
    Client().post("/accounts/password/reset/", {"email": user.email})
    jobs.run_due(worker="test", now=timezone.now())
    found = re.search(r"(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert found is not None
    browsers = [Client() for _ in range(AT_ONCE)]
    forms = [browser.get(found.group(1))["Location"] for browser in browsers]

    def reset(number: int) -> Any:
        password = f"password of thread {number}"
        return browsers[number].post(forms[number], {"password1": password, "password2": password})

    answers = at_once(reset)
    assert sorted(answer.status_code for answer in answers) == [200] * (AT_ONCE - 1) + [302]
    assert kinds(user).count("account.password_reset") == 1


def test_a4_recovery_code_opens_one_session(make_user: MakeUser) -> None:
    user = make_user()
    TOTP.activate(user, generate_totp_secret())
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    browsers = [Client() for _ in range(AT_ONCE)]
    for browser in browsers:
        sign_in(browser, user)
    at_once(lambda number: browsers[number].post("/accounts/2fa/authenticate/", {"code": code}))
    assert [principal(browser).user for browser in browsers].count(user) == 1


def test_a4_verification_code_counts_once(client: Client) -> None:
    sign_up(client)
    code = code_in_last_mail()
    cookie = client.cookies["sessionid"].value

    def verify(number: int) -> Any:
        browser = Client()
        browser.cookies["sessionid"] = cookie
        return browser.post("/accounts/confirm-email/", {"code": code}).status_code

    assert set(at_once(verify)) <= {200, 302}
    user = User.objects.get()
    assert EmailAddress.objects.get().verified
    assert kinds(user).count("account.email_verified") == 1
    assert kinds(user).count("account.signed_in") == 1
