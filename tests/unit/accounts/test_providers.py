"""Signing in with an account elsewhere, against a real OpenID provider on this machine."""

import re
from collections.abc import Iterator
from typing import Any

import environ
import httpx
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core import mail
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.core import jobs
from portal.core.models import AuditEvent
from portal.settings.providers import configured, origins
from tests.servers import oidc
from tests.unit.accounts.conftest import PASSWORD, MakeUser
from tests.unit.accounts.test_sessions import principal, sign_in

pytestmark = pytest.mark.database

BEGIN, SIGN_UP, CONNECTIONS = (
    "/accounts/oidc/orcid/login/",
    "/accounts/3rdparty/signup/",
    "/accounts/3rdparty/",
)
PERSON = {
    "full_name": "Ada Lindqvist",
    "email": "ada@example.edu",
    "organization": "University of Example",
    "country": "SE",
    "password1": "a long enough phrase",
    "password2": "a long enough phrase",
}


@pytest.fixture
def orcid(settings: Any) -> Iterator[oidc.Provider]:
    with oidc.provider() as made:
        app = {"provider_id": "orcid", "name": "ORCID", "client_id": oidc.CLIENT, "secret": oidc.SECRET}
        app["settings"] = {"server_url": made.url, "oauth_pkce_enabled": True}  # type: ignore[assignment]
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
        yield made


def come_back(client: Client, process: str = "login") -> Any:
    """Go to the provider as a browser does, and come back with what it says."""
    begun = client.post(f"{BEGIN}?process={process}")
    sent = httpx.get(begun["Location"], follow_redirects=False)
    path = sent.headers["location"].partition("testserver")[2]
    return client.get(path)


def connected(user: User) -> SocialAccount:
    made: SocialAccount = SocialAccount.objects.create(user=user, provider="orcid", uid="0000-0002-1825-0097")
    return made


def test_nothing_is_offered_where_nothing_is_configured(client: Client, db: None) -> None:
    assert "Continue with" not in client.get("/accounts/login/").content.decode()
    assert client.post(BEGIN).status_code == 404


def test_new_person_says_who_they_are_and_verifies_the_address_by_code(
    client: Client, orcid: oidc.Provider, db: None
) -> None:
    orcid.claims.update(email="ada@example.edu", email_verified=True, name="Somebody")
    assert "Continue with ORCID" in client.get("/accounts/login/").content.decode()
    assert come_back(client)["Location"] == SIGN_UP
    assert "ada@example.edu" in client.get(SIGN_UP).content.decode()
    answer = client.post(SIGN_UP, PERSON)
    assert answer["Location"].startswith("/accounts/confirm-email/")
    assert principal(client).user is None
    assert not EmailAddress.objects.get().verified
    jobs.run_due(worker="test", now=timezone.now())
    code = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", str(mail.outbox[-1].body), re.MULTILINE)
    assert code is not None
    client.post(answer["Location"], {"code": code.group(1)})
    found = principal(client)
    assert found.user == User.objects.get(email="ada@example.edu")
    assert found.email_verified
    kept = SocialAccount.objects.get()
    assert (kept.provider, kept.uid, kept.extra_data) == ("orcid", "0000-0002-1825-0097", {})
    assert not SocialToken.objects.exists()


def test_address_of_somebody_links_nothing_and_tells_nothing(
    client: Client, orcid: oidc.Provider, ada: User
) -> None:
    orcid.claims.update(email=ada.email, email_verified=True)
    come_back(client)
    answer = client.post(SIGN_UP, {**PERSON, "email": ada.email})
    assert answer["Location"].startswith("/accounts/confirm-email/")
    assert principal(client).user is None
    assert not SocialAccount.objects.exists()


def test_connected_account_signs_in(client: Client, orcid: oidc.Provider, ada: User) -> None:
    connected(ada)
    come_back(client)
    assert principal(client).user == ada


def test_nothing_more_is_kept_at_later_sign_ins(client: Client, orcid: oidc.Provider, ada: User) -> None:
    kept = connected(ada)
    orcid.claims.update(email="elsewhere@example.edu", name="Somebody")
    come_back(client)
    kept.refresh_from_db()
    assert (principal(client).user, kept.extra_data) == (ada, {})


def test_second_factor_is_asked_for_all_the_same(client: Client, orcid: oidc.Provider, ada: User) -> None:
    connected(ada)
    TOTP.activate(ada, generate_totp_secret())
    assert come_back(client)["Location"].startswith("/accounts/2fa/authenticate/")
    assert principal(client).user is None


def test_a2_disabled_account_is_not_signed_in(client: Client, orcid: oidc.Provider, ada: User) -> None:
    connected(ada)
    User.objects.update(is_active=False)
    come_back(client)
    assert principal(client).user is None


def test_it_proves_nothing_for_what_binds_others(client: Client, orcid: oidc.Provider, ada: User) -> None:
    connected(ada)
    come_back(client)
    answer = client.post("/tokens/", {"name": "x", "scopes": "read", "days": "7"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")


def test_connecting_and_disconnecting_need_proof(client: Client, orcid: oidc.Provider, ada: User) -> None:
    sign_in(client, ada)
    assert come_back(client, "connect")["Location"].startswith("/accounts/reauthenticate/")
    assert not SocialAccount.objects.exists()
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    come_back(client, "connect")
    kept = SocialAccount.objects.get(user=ada)
    assert kept.uid in client.get(CONNECTIONS).content.decode()
    client.post(CONNECTIONS, {"account": kept.pk})
    assert not SocialAccount.objects.exists()
    kinds = AuditEvent.objects.filter(kind__startswith="account.provider_", by=ada.public_id)
    assert [event.kind for event in kinds.order_by("index")] == [
        "account.provider_connected",
        "account.provider_disconnected",
    ]


def test_nobody_disconnects_another(
    client: Client, orcid: oidc.Provider, make_user: MakeUser, ada: User
) -> None:
    kept = connected(ada)
    sign_in(client, make_user("mallory@example.org"))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post(CONNECTIONS, {"account": kept.pk})
    assert SocialAccount.objects.filter(pk=kept.pk).exists()


def test_answer_that_this_browser_did_not_ask_for_is_refused(
    client: Client, orcid: oidc.Provider, ada: User
) -> None:
    connected(ada)
    begun = client.post(f"{BEGIN}?process=login")
    path = httpx.get(begun["Location"]).headers["location"].partition("testserver")[2]
    victim = Client()
    assert victim.get(path).status_code in (200, 401)
    assert principal(victim).user is None


def test_a_look_at_the_address_begins_nothing(client: Client, orcid: oidc.Provider, db: None) -> None:
    page = client.get(BEGIN)
    assert (page.status_code, "Continue with ORCID" in page.content.decode()) == (200, True)
    assert client.get("/accounts/3rdparty/login/error/").status_code == 401


def test_environment_names_the_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORCID_CLIENT_ID", "OIDC_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    assert configured(environ.Env()) == []
    values = {
        "ORCID_CLIENT_ID": "APP-1",
        "ORCID_CLIENT_SECRET": "s",
        "OIDC_NAME": "Example",
        "OIDC_CLIENT_ID": "x",
        "OIDC_CLIENT_SECRET": "y",
        "OIDC_SERVER": "https://login.example.org/realm",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    apps = configured(environ.Env())
    assert [app["name"] for app in apps] == ["ORCID", "Example"]
    assert origins(apps) == ["https://orcid.org", "https://login.example.org"]
