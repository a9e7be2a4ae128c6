"""Signing up and in with an account elsewhere, in Chromium. It lets a form lead, by redirects too, no further
than the policy of its page says; a provider stands on another origin."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from portal.accounts.models import User
from portal.core import jobs
from portal.settings.providers import origins
from tests.browser.conftest import OpenPage, prove_it_is_you
from tests.servers import oidc


@pytest.fixture
def elsewhere(settings: Any, live_server: LiveServer) -> Iterator[oidc.Provider]:
    """A provider that is set up as portal/settings/base.py does it."""
    with oidc.provider() as made:
        app = {"provider_id": "orcid", "name": "ORCID", "client_id": oidc.CLIENT, "secret": oidc.SECRET}
        app["settings"] = {"server_url": made.url, "oauth_pkce_enabled": True}  # type: ignore[assignment]
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
        directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        leads = {**directives, "form-action": ["'self'", *origins([app])]}
        settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": leads}
        settings.PORTAL_URL = live_server.url
        yield made


def test_the_policy_of_the_page_lets_its_form_lead_to_the_provider(
    open_as: OpenPage, elsewhere: oidc.Provider
) -> None:
    elsewhere.claims["email"] = "lin@people.example.org"
    page = open_as()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Continue with ORCID").press("Enter")
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    page.get_by_label("Full name").fill("Lin Example")
    page.get_by_label("Organization").fill("University of Example")
    page.get_by_label("Country").select_option("SE")
    for label in ("Password", "Password (again)"):
        page.get_by_label(label, exact=True).fill("a long enough phrase")
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(re.compile("/accounts/confirm-email/"))
    jobs.run_due(worker="test", now=timezone.now())
    code = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", str(mail.outbox[-1].body), re.MULTILINE)
    assert code is not None
    page.locator("main [name=code]").fill(code.group(1))
    page.locator("main [name=code]").press("Enter")
    expect(page.locator(".menu > summary")).to_be_visible()
    assert SocialAccount.objects.get().user == User.objects.get(email="lin@people.example.org")


def test_an_account_is_connected_after_the_password(open_as: OpenPage, elsewhere: oidc.Provider) -> None:
    page = open_as("ada")
    page.goto("/accounts/3rdparty/")
    page.get_by_role("button", name="Connect ORCID").click()
    prove_it_is_you(page)
    expect(page.get_by_label("ORCID: 0000-0002-1825-0097")).to_be_visible()
    page.locator(".menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Continue with ORCID").click()
    expect(page.locator(".menu > summary")).to_be_visible()
