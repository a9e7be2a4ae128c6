"""Wrong passwords: in the log, bounded; limited, without locking out whose password it is."""

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from portal.accounts.guesses import NO_ACCOUNT
from portal.accounts.models import User
from portal.core import audit
from portal.core.models import AuditEvent
from tests.unit.accounts.conftest import PASSWORD, MakeUser
from tests.unit.accounts.test_sessions import principal, sign_in

pytestmark = pytest.mark.django_db
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
WRONG = "a wrong password"
PER_ACCOUNT, PER_ADDRESS = 5, 20
TOO_MANY = "There were too many wrong passwords"


def guess(email: str, password: str = WRONG, address: str = HERE) -> Any:
    """What the page says after signing in from `address`; None when it went through."""
    form = {"login": email, "password": password}
    answer = Client(REMOTE_ADDR=address).post("/accounts/login/", form)
    assert (answer.status_code == 429) == ("There were too many wrong passwords" in answer.content.decode())
    return None if answer.status_code == 302 else answer.content.decode()


def log() -> list[tuple[str, str, str, object]]:
    events = AuditEvent.objects.filter(kind__endswith="failed").order_by("index")
    return [(event.kind, event.by, event.subject, event.data) for event in events]


def test_l3_stranger_elsewhere_locks_nobody_out(ada: User) -> None:
    for _ in range(PER_ACCOUNT + 1):
        refused = guess(ada.email, address=ELSEWHERE)
    assert TOO_MANY in refused
    assert TOO_MANY in guess(ada.email, PASSWORD, ELSEWHERE)
    assert guess(ada.email, PASSWORD, HERE) is None


def test_l3_another_account_behind_the_same_address_still_signs_in(ada: User, make_user: MakeUser) -> None:
    for _ in range(PER_ACCOUNT + 1):
        guess(ada.email)
    assert guess(make_user("bo@example.org").email, PASSWORD) is None


def test_l3_one_address_guesses_at_few_accounts_a_minute(ada: User) -> None:
    for number in range(PER_ADDRESS):
        assert TOO_MANY not in guess(f"nobody{number}@example.org")
    assert TOO_MANY in guess(ada.email, PASSWORD)
    assert guess(ada.email, PASSWORD, ELSEWHERE) is None


def test_l3_a_network_of_ipv6_addresses_counts_as_one(ada: User) -> None:
    for number in range(PER_ACCOUNT):
        guess(ada.email, address=f"2001:db8::{number}")
    assert TOO_MANY in guess(ada.email, PASSWORD, "2001:db8::ffff")
    assert guess(ada.email, PASSWORD, "2001:db8:1::1") is None


def test_l3_second_factor_is_limited_wherever_the_codes_come_from(ada: User) -> None:
    TOTP.activate(ada, generate_totp_secret())
    for number in range(PER_ACCOUNT + 1):
        client = Client(REMOTE_ADDR=f"198.51.100.{number}")
        sign_in(client, ada)
        answer = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert answer.status_code == 429


def test_a7_wrong_password_is_in_the_log_of_its_account(ada: User) -> None:
    guess(ada.email.upper())
    event = audit.trail(f"user:{ada.public_id}").get()
    assert (event.kind, event.by, event.data) == ("account.sign_in_failed", "anonymous", {"so_far": 1})


def test_a7_wrong_password_of_who_is_signed_in_is_theirs(client: Client, ada: User) -> None:
    client.force_login(ada)
    client.post("/accounts/reauthenticate/", {"password": WRONG})
    assert log() == [("account.sign_in_failed", ada.public_id, f"user:{ada.public_id}", {"so_far": 1})]


def test_g8_what_was_typed_is_not_kept_where_it_is_no_accounts_address(db: None) -> None:
    guess("grace@example.org")
    guess("a-password-in-the-wrong-field@x.org")
    assert log() == [("account.sign_in_failed", "anonymous", NO_ACCOUNT, {"so_far": 1})]


def test_log_of_guesses_is_bounded_and_tells_how_many(ada: User) -> None:
    for number in range(101):
        guess(ada.email, address=f"198.51.100.{number}")
        guess(f"nobody{number}@example.org", address=f"203.0.113.{number}")
    assert [data for _, _, subject, data in log() if subject == NO_ACCOUNT] == [
        {"so_far": 1}, {"so_far": 10}, {"so_far": 100},
    ]  # fmt: skip
    assert len(log()) == 6


def test_right_password_and_refused_attempts_are_no_guesses(ada: User) -> None:
    guess(ada.email, PASSWORD)
    for _ in range(PER_ACCOUNT + 5):
        guess(ada.email)
    assert [data for *_, data in log()] == [{"so_far": 1}]


def test_a7_wrong_code_after_the_right_password_is_in_the_log(client: Client, ada: User) -> None:
    TOTP.activate(ada, generate_totp_secret())
    sign_in(client, ada)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert principal(client).user is None
    assert log() == [("account.second_factor_failed", "anonymous", f"user:{ada.public_id}", {"so_far": 1})]
