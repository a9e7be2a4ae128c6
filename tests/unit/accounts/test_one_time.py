"""A4: what is good for one use is used once, however many use it at the same moment."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.test import Client
from django.utils import timezone

from portal.accounts.brakes import PAGES
from portal.accounts.models import User
from portal.core import audit, jobs
from tests.authenticator import Passkey
from tests.integration.licenses.race import crew
from tests.unit.accounts.conftest import MakeUser
from tests.unit.accounts.test_passkeys import PORTAL, SIGN_IN, begin
from tests.unit.accounts.test_second_factor import code_now
from tests.unit.accounts.test_sessions import principal, sign_in
from tests.unit.accounts.test_sign_up import code_in_last_mail, sign_up

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

AT_ONCE = 50


@pytest.fixture(autouse=True)
def _no_limit_stands_before_it(settings: Any) -> None:
    """What is used already is what refuses it, not how often it was tried."""
    settings.LIMITS = {use.limit: "1000/m" for uses in PAGES.values() for use in uses}


@pytest.fixture(autouse=True)
def _standing_clock() -> Iterator[None]:
    """A code must not grow old between its making and its use."""
    with time_machine.travel(timezone.now(), tick=False):
        yield


def at_once(function: Callable[[int], object]) -> list[Any]:
    """Call `function(number)` in many threads at the same moment; return what they returned."""
    with crew(AT_ONCE) as race:
        return race.run(*(partial(function, number) for number in range(AT_ONCE)))


def half_signed_in(user: User) -> list[Client]:
    """Browsers in which the password was given, and the second factor is asked for."""
    browsers = [Client() for _ in range(AT_ONCE)]
    for browser in browsers:
        sign_in(browser, user)
    return browsers


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


@pytest.mark.parametrize("kind", ["recovery code", "code of the app"])
def test_a4_second_factor_opens_one_session(make_user: MakeUser, kind: str) -> None:
    user, secret = make_user(), generate_totp_secret()
    TOTP.activate(user, secret)
    codes = RecoveryCodes.activate(user)
    code = codes.get_unused_codes()[0] if kind == "recovery code" else code_now(secret)
    browsers = half_signed_in(user)
    answers = at_once(
        lambda number: browsers[number].post("/accounts/2fa/authenticate/", {"code": code}).status_code
    )
    assert sorted(answers) == [200] * (AT_ONCE - 1) + [302]
    assert [principal(browser).user for browser in browsers].count(user) == 1


def test_a4_answer_of_a_passkey_signs_in_once(client: Client, make_user: MakeUser) -> None:
    user, key = make_user(), Passkey(PORTAL)
    key.put_on(user)
    answer = key.answer(begin(client), user=user)
    cookie = client.cookies["sessionid"].value

    def send(number: int) -> Any:
        browser = Client()
        browser.cookies["sessionid"] = cookie
        return browser.post(SIGN_IN, {"credential": answer}).status_code

    assert set(at_once(send)) <= {200, 302}
    assert kinds(user).count("account.signed_in") == 1


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
