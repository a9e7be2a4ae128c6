"""Wrong answers of a provider sign nobody in; right ones, only whom they name. With a real provider."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.hashers import MD5PasswordHasher as Hasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm

from portal.accounts.models import User
from portal.accounts.principals import LOOKING
from portal.accounts.roles import RESEARCHER
from portal.core.models import AuditEvent
from tests.servers import oidc
from tests.unit.accounts.conftest import PASSWORD
from tests.unit.accounts.test_providers import (
    BEGIN,
    PERSON,
    SIGN_UP,
    come_back,
    connected,
    orcid,
)
from tests.unit.accounts.test_sessions import principal, sign_in

pytestmark = pytest.mark.database
__all__ = ["orcid"]  # a fixture

OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _brings_its_key(said: oidc.Provider) -> None:
    """In the token's own header (ASVS 9.1.3)."""
    said.signs_with = OTHER
    said.header["jwk"] = RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True)


WRONG: dict[str, Callable[[oidc.Provider], Any]] = {
    "signed by another key": lambda said: setattr(said, "signs_with", OTHER),
    "not signed": lambda said: setattr(said, "signs_with", None),
    "brings its key": _brings_its_key,
    "key of no such name": lambda said: said.header.update(kid="another"),
    "for another portal": lambda said: setattr(said, "audience", "another"),
    "of another issuer": lambda said: setattr(said, "issuer", "https://orcid.org"),
    "no identity": lambda said: setattr(said, "gives_identity", False),
    "two people": lambda said: said.said_apart.update(sub="0000-0001-5109-3700"),
    "nobody": lambda said: said.claims.clear(),
    "no text": lambda said: said.claims.update(sub=["0000-0002-1825-0097"]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_answer_signs_nobody_in(client: Client, orcid: oidc.Provider, ada: User, wrong: str) -> None:
    connected(ada)
    begun = client.post(f"{BEGIN}?process=login")
    WRONG[wrong](orcid)
    sent = httpx.get(begun["Location"], follow_redirects=False)
    answer = client.get(sent.headers["location"].partition("testserver")[2])
    assert (answer.status_code, principal(client).user) == (401, None)
    assert "Nothing was changed here" in answer.content.decode()


def test_provider_that_does_not_answer_is_told_in_words(
    client: Client, orcid: oidc.Provider, settings: Any, db: None
) -> None:
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    app["settings"] = {"server_url": "http://127.0.0.1:9", "oauth_pkce_enabled": True}
    assert client.post(BEGIN).status_code == 401
    orcid.issuer = "https://orcid.org"
    app["settings"] = {"server_url": orcid.url, "oauth_pkce_enabled": True}
    assert client.post(BEGIN).status_code == 401


@pytest.mark.parametrize("said", [[], None, "x", 1])
def test_configuration_that_is_none_is_told_in_words(
    client: Client, orcid: oidc.Provider, db: None, said: Any
) -> None:
    with patch.object(orcid, "configuration", lambda: said):
        assert client.post(BEGIN).status_code == 401


def test_answer_of_one_provider_is_none_of_another(
    client: Client, orcid: oidc.Provider, settings: Any, ada: User
) -> None:
    """Mix-up: neither a state nor a person of one provider counts at another, were they of one name."""
    connected(ada)
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] = [app, {**app, "provider_id": "oidc"}]
    begun = client.post(f"{BEGIN}?process=login")
    path = httpx.get(begun["Location"]).headers["location"].partition("testserver")[2]
    assert client.get(path.replace("/orcid/", "/oidc/")).status_code == 401
    begun = client.post(f"{BEGIN.replace('orcid', 'oidc')}?process=login")
    path = httpx.get(begun["Location"]).headers["location"].partition("testserver")[2]
    assert client.get(path)["Location"] == SIGN_UP
    assert principal(client).user is None


def test_a4_answer_is_used_once(client: Client, orcid: oidc.Provider, ada: User) -> None:
    connected(ada)
    begun = client.post(f"{BEGIN}?process=login")
    path = httpx.get(begun["Location"]).headers["location"].partition("testserver")[2]
    assert client.get(path).status_code == 302
    client.post("/accounts/logout/")
    assert client.get(path).status_code == 401
    assert principal(client).user is None


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:a"])
def test_the_way_back_stays_here(client: Client, orcid: oidc.Provider, ada: User, to: str) -> None:
    connected(ada)
    begun = client.post(BEGIN, query_params={"process": "login", "next": to})
    path = httpx.get(begun["Location"]).headers["location"].partition("testserver")[2]
    assert client.get(path)["Location"] == "/"


def test_connected_account_has_its_line_in_the_log_or_is_not(
    client: Client, orcid: oidc.Provider, ada: User
) -> None:
    """R10."""
    sign_in(client, ada)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    with (
        patch("portal.accounts.providers.audit.record", side_effect=OSError("no log")),
        pytest.raises(OSError, match="no log"),
    ):
        come_back(client, "connect")
    assert not SocialAccount.objects.exists()


def test_who_signed_up_with_anothers_address_does_not_come_back_once_they_have_it(
    client: Client, orcid: oidc.Provider, db: None
) -> None:
    """Mallory makes an account with Ada's address, and connects it; Ada later sets a password by mail."""
    come_back(client)
    client.post(SIGN_UP, PERSON)
    made = User.objects.get(email=PERSON["email"])
    key = f"{user_pk_to_url_str(made)}-{default_token_generator.make_token(made)}"
    owner = Client()
    opened = owner.get(f"/accounts/password/reset/key/{key}/")["Location"]
    owner.post(opened, {"password1": "a phrase of Ada alone", "password2": "a phrase of Ada alone"})
    EmailAddress.objects.filter(user=made).update(verified=True)  # the code came to her, too
    assert come_back(Client())["Location"] == SIGN_UP
    assert not SocialAccount.objects.exists()
    disconnected = AuditEvent.objects.filter(kind="account.provider_disconnected", by=made.public_id)
    assert disconnected.count() == 1
    # Nor does the browser that waited for the code since then.
    for path in ("/accounts/confirm-email/", "/accounts/login/", "/"):
        client.get(path)
    client.post("/accounts/confirm-email/", {"code": "WRONG1"})
    client.post("/accounts/confirm-email/", {"action": "resend"})
    assert principal(client).user is None


def test_known_address_costs_what_an_unknown_one_costs(
    client: Client, orcid: oidc.Provider, ada: User
) -> None:
    """Nothing tells who has an account: the password is hashed, and rows are written, for both."""
    seen = {}
    for number, address in enumerate((ada.email, "new@example.org")):
        browser, orcid.claims["sub"] = Client(), str(number)
        come_back(browser)
        with (
            patch.object(Hasher, "encode", autospec=True, side_effect=Hasher.encode) as hashed,
            CaptureQueriesContext(connection) as asked,
        ):
            answer = browser.post(SIGN_UP, {**PERSON, "email": address})
        written = sum(each["sql"].startswith("INSERT") for each in asked.captured_queries)
        seen[address] = (answer.status_code, answer["Location"], sorted(answer.headers), hashed.call_count)
        assert written >= 8, address
    assert seen[ada.email] == seen["new@example.org"]
    assert seen[ada.email][3] == 1
    assert SocialAccount.objects.count() == 1


def test_who_looks_as_another_role_connects_nothing(client: Client, orcid: oidc.Provider, ada: User) -> None:
    sign_in(client, ada)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    begun = client.post(f"{BEGIN}?process=connect")
    path = httpx.get(begun["Location"]).headers["location"].partition("testserver")[2]
    session = client.session
    until = timezone.now().timestamp() + 60
    session[LOOKING] = {"role": RESEARCHER, "user": ada.public_id, "until": until}
    session.save()
    assert client.get(path).status_code == 403
    assert not SocialAccount.objects.exists()
