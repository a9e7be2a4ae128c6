"""A2, G1: what one web process takes away, another one refuses at its next request, within a second."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from allauth.account.internal.userkit import user_id_to_str
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from portal.accounts.actions.roles import propose_role
from portal.accounts.models import (
    AccessToken,
    BrowserSession,
    Device,
    Organization,
    OrganizationManager,
    User,
)
from portal.accounts.scopes import DEFAULT
from tests.integration.api.bearers import of_device, personal
from tests.integration.api.world import build, person, session_of
from tests.servers.two_processes import two_processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

WITHIN_S = 1.0
CSRF = "a" * 32
HOST = {"Host": urlsplit(settings.PORTAL_URL).netloc}
PASSWORD, NEW_PASSWORD = "a long enough passphrase", "quite another long passphrase"
Refused = Callable[[], bool]


@pytest.fixture(scope="module")
def urls(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    with django_db_blocker.unblock(), two_processes(tmp_path_factory.mktemp("processes")) as addresses:
        yield addresses


class Scene:
    """What is taken away is taken in the first process; whose it was calls the second."""

    def __init__(self, urls: list[str], opened: ExitStack) -> None:
        self.here, self.there = urls
        self._opened = opened
        self.world = build()
        self.ada, self.alma = self.world.researcher, self.world.admin
        self.lead, self.reviewer = self.world.reviewers
        self.grant = self.world.granted()
        self.token, self.device = personal(self.ada, DEFAULT), of_device(self.ada, DEFAULT)

    def browser(self, user: User, url: str) -> httpx.Client:
        """Signed in as `user`, who gave the password just now."""
        made = Client()
        made.force_login(user)
        session = made.session
        session["account_authentication_methods"] = [
            {"method": "password", "at": time.time(), "reauthenticated": True}
        ]
        session["account_authentication_methods_user"] = user_id_to_str(user)
        session.save()
        cookies = {settings.SESSION_COOKIE_NAME: session.session_key, settings.CSRF_COOKIE_NAME: CSRF}
        headers = {**HOST, "X-CSRFToken": CSRF}
        client = httpx.Client(base_url=url, cookies=cookies, headers=headers, trust_env=False, timeout=30)
        return self._opened.enter_context(client)

    def bearer(self, secret: str) -> httpx.Client:
        headers = {**HOST, "Authorization": f"Bearer {secret}"}
        client = httpx.Client(base_url=self.there, headers=headers, trust_env=False, timeout=30)
        return self._opened.enter_context(client)

    def post(self, by: User, path: str, **form: str) -> None:
        """Send a form to the first process, which does what it says."""
        answer = self.browser(by, self.here).post(path, data=form)
        assert answer.status_code == 302, answer.text

    def signed_in(self) -> list[Refused]:
        """Whether each of the ways in which Ada is signed in at the second process is over; none is yet."""
        browser, bearers = (
            self.browser(self.ada, self.there),
            [self.bearer(self.token), self.bearer(self.device)],
        )
        refused: list[Refused] = [
            lambda: browser.get("/requests/").status_code == 302,
            *(lambda each=each: each.get("/api/v1/me").status_code == 401 for each in bearers),
        ]
        assert [each() for each in refused] == [False] * 3
        return refused


@pytest.fixture
def scene(urls: list[str], transactional_db: None) -> Iterator[Scene]:
    with ExitStack() as opened:
        yield Scene(urls, opened)


def soon(*refused: Refused) -> None:
    """All are refused within a second of the answer that took it away."""
    begun = time.monotonic()
    while waiting := [each for each in refused if not each()]:
        assert time.monotonic() - begun < WITHIN_S, len(waiting)


@pytest.mark.parametrize("verb", ["suspend", "revoke"])
def test_g1_a_grant_that_is_taken_away(scene: Scene, verb: str) -> None:
    """The next manifest, header and URL."""
    path, ada = f"/api/v1/grants/{scene.grant.pk}", scene.bearer(scene.token)
    key, _ = scene.world.key()
    files = {"revision": "v1", "files": scene.world.files}
    issues: list[Callable[[], Any]] = [
        lambda: ada.get(f"{path}/manifest"),
        lambda: ada.post(f"{path}/headers", json={**files, "key": key.pk}),
        lambda: ada.post(f"{path}/urls", json=files),
    ]
    assert [issue().status_code for issue in issues] == [200] * 3

    scene.post(scene.lead, f"/review/grants/{scene.grant.pk}/", verb=verb, reason="Misuse.")
    said = {"suspend": "grant_suspended", "revoke": "grant_revoked"}[verb]
    soon(*(lambda issue=issue: issue().json().get("code") == said for issue in issues))


def test_an_account_that_is_disabled(scene: Scene) -> None:
    over = scene.signed_in()
    scene.post(scene.alma, f"/people/{scene.ada.public_id}/", verb="disable", reason="Left.")
    soon(*over)


def test_everything_that_an_administrator_ends(scene: Scene) -> None:
    over = scene.signed_in()
    scene.post(scene.alma, f"/people/{scene.ada.public_id}/", verb="end", reason="Lost.")
    soon(*over)


def test_what_a_new_password_ends(scene: Scene) -> None:
    over = scene.signed_in()
    given = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    scene.post(scene.ada, "/accounts/password/change/", **given)
    soon(*over)


def test_each_way_of_being_signed_in_that_its_owner_ends(scene: Scene) -> None:
    browser, token, device = scene.signed_in()
    scene.post(scene.ada, f"/account/sessions/{BrowserSession.objects.get().pk}/end/")
    soon(browser)
    scene.post(scene.ada, f"/tokens/{AccessToken.objects.get().pk}/end/")
    soon(token)
    scene.post(scene.ada, f"/device/{Device.objects.get().pk}/end/")
    soon(device)


def test_a_role_that_is_taken_away(scene: Scene) -> None:
    """From the session, and from the token that carries it."""
    request = scene.world.submitted(scene.world.other)
    desk, token = (
        scene.browser(scene.reviewer, scene.there),
        scene.bearer(personal(scene.reviewer, ("read", "review"))),
    )
    refused: list[Refused] = [
        lambda: desk.get("/review/").status_code == 403,
        lambda: token.get(f"/api/v1/requests/{request.pk}").status_code == 404,
    ]
    assert [each() for each in refused] == [False] * 2

    second, alma = person("adam", "administrator"), session_of(scene.alma)
    change = propose_role(
        user=scene.reviewer, role="reviewer", give=False, reason="Moved.", by=alma, now=timezone.now()
    )
    scene.post(second, f"/changes/{change.pk}/", do="confirm")
    soon(*refused)


def test_who_speaks_for_an_organization_no_more(scene: Scene) -> None:
    organization = Organization.objects.create(name="Example University")
    row = OrganizationManager.objects.create(
        organization=organization, user=scene.ada, by="system:test", at=timezone.now()
    )
    page, ada = f"/organizations/{organization.pk}/", scene.browser(scene.ada, scene.there)
    assert ada.get(page).status_code == 200

    scene.post(scene.alma, page, do="unname", manager=str(row.pk))
    soon(lambda: ada.get(page).status_code == 404)


def test_a_look_at_the_site_as_another_role(scene: Scene) -> None:
    lead, here = scene.browser(scene.lead, scene.there), scene.browser(scene.lead, scene.here)
    here.cookies = lead.cookies
    began = lead.post("/look-as/", data={"role": "reviewer"})
    assert (began.status_code, began.headers["Location"]) == (302, "/")
    assert lead.get("/desk/master-agreements/new/").status_code == 403

    left = here.post("/look-as/leave/")
    assert (left.status_code, left.headers["Location"]) == (302, "/")
    soon(lambda: lead.get("/desk/master-agreements/new/").status_code == 200)
