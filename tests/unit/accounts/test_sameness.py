"""Whether somebody has an account is told by no answer: not by its text, not by what it costs.

Time is compared by what takes it: password hashes, statements of the database, mails that are queued.
"""

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import User
from portal.core.models import OutboxMessage
from tests.authenticator import Passkey
from tests.unit.accounts.conftest import MakeUser
from tests.unit.accounts.test_sessions import sign_in

pytestmark = pytest.mark.database

KNOWN, UNKNOWN = "known@example.org", "nobody@example.org"
_CHANGING = re.compile(r'(csrfmiddlewaretoken" value="|nonce-)[^"]*')


class Answer(NamedTuple):
    """What somebody sees of an answer, and what it took."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    text: str
    hashes: int
    statements: Counter[str]
    mails: int


def taken(monkeypatch: pytest.MonkeyPatch, ask: Callable[[], Any], address: str) -> Answer:
    hashed: list[str] = []
    hasher = hashers.get_hasher().__class__
    encode = hasher.encode

    def counted(self: Any, password: str, salt: str, *args: Any, **kwargs: Any) -> str:
        hashed.append(password)
        return str(encode(self, password, salt, *args, **kwargs))

    mails = OutboxMessage.objects.count()
    with monkeypatch.context() as patch, CaptureQueriesContext(connection) as queries:
        patch.setattr(hasher, "encode", counted)
        answer = ask()
    text = _CHANGING.sub("", answer.content.decode()).replace(address, "ADDRESS")
    headers = {
        name: value for name, value in answer.headers.items() if name not in ("Expires", "Content-Length")
    }
    return Answer(
        answer.status_code,
        headers,
        sorted(answer.cookies),
        text,
        len(hashed),
        Counter(query["sql"].split(" ", 1)[0] for query in queries),
        OutboxMessage.objects.count() - mails,
    )


def compare(known: Answer, unknown: Answer) -> None:
    assert known._replace(statements=Counter()) == unknown._replace(statements=Counter())
    changing = ("INSERT", "UPDATE", "DELETE", "SAVEPOINT")
    told = [{verb: each.statements[verb] for verb in changing} for each in (known, unknown)]
    assert told[0] == told[1]
    # Reading a few rows more or less is far below what a network's jitter hides.
    assert abs(known.statements["SELECT"] - unknown.statements["SELECT"]) <= 4


@pytest.fixture
def known(make_user: MakeUser) -> User:
    return make_user(KNOWN)


Ask = Callable[[str], Any]


def wrong_password(address: str) -> Any:
    return Client().post("/accounts/login/", {"login": address, "password": "not this one at all"})


def new_password(address: str) -> Any:
    return Client().post("/accounts/password/reset/", {"email": address})


def sign_up(address: str) -> Any:
    form = {
        "full_name": "Ada Lindqvist",
        "email": address,
        "organization": "University of Example",
        "country": "SE",
        "password1": "a long enough phrase",
        "password2": "a long enough phrase",
    }
    return Client().post("/accounts/signup/", form)


def both(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> list[Answer]:
    """Ask for the account that there is and for one that there is not, after others have been asked for."""
    ask("somebody.else@example.org")
    return [taken(monkeypatch, partial(ask, address), address) for address in (KNOWN, UNKNOWN)]


@pytest.mark.parametrize("ask", [wrong_password, new_password, sign_up])
def test_answers_and_costs_are_the_same(known: User, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    compare(*both(monkeypatch, ask))


@pytest.mark.parametrize("ask", [wrong_password, new_password, sign_up])
def test_disabled_account_is_like_none(known: User, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    User.objects.update(is_active=False)
    compare(*both(monkeypatch, ask))


def test_account_without_a_password_is_like_none(known: User, monkeypatch: pytest.MonkeyPatch) -> None:
    known.set_unusable_password()
    known.save()
    compare(*both(monkeypatch, wrong_password))


def test_page_after_signing_up_says_the_same(known: User) -> None:
    pages = []
    for address in (KNOWN, UNKNOWN):
        browser = Client()
        form = {"email": address}
        answer = browser.post("/accounts/signup/", {**SIGNING_UP, **form})
        page = browser.get(answer["Location"]).content.decode()
        wrong = browser.post(answer["Location"], {"code": "XXXXXX"}).content.decode()
        pages.append([_CHANGING.sub("", text).replace(address, "ADDRESS") for text in (page, wrong)])
    assert pages[0] == pages[1]


SIGNING_UP = {
    "full_name": "Ada Lindqvist",
    "organization": "University of Example",
    "country": "SE",
    "password1": "a long enough phrase",
    "password2": "a long enough phrase",
}


def test_passkey_of_nobody_is_like_one_of_somebody_else(known: User, monkeypatch: pytest.MonkeyPatch) -> None:
    Passkey("http://localhost:8000").put_on(known)
    stranger = Passkey("http://localhost:8000")
    answers = []
    for user in (known, User(pk=987654)):
        browser = Client()
        got = browser.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})
        credential = stranger.answer(got.json()["request_options"], user=user)
        answers.append(
            taken(
                monkeypatch,
                lambda browser=browser, credential=credential: browser.post(
                    "/accounts/2fa/webauthn/login/", {"credential": credential}
                ),
                KNOWN,
            )
        )
    compare(*answers)
    assert answers[0].statements["SELECT"] == answers[1].statements["SELECT"]


def test_address_of_another_account_is_added_like_a_free_one(
    known: User, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    for number, address in enumerate((KNOWN, UNKNOWN)):
        browser = Client()
        sign_in(browser, make_user(f"mallory{number}@example.org"))
        browser.get("/account/")
        browser.post("/accounts/reauthenticate/", {"password": "correct horse battery"})
        answers.append(
            taken(
                monkeypatch,
                lambda browser=browser, address=address: browser.post(
                    "/accounts/email/", {"email": address, "action_add": "1"}
                ),
                address,
            )
        )
    compare(*answers)
