"""A2: what one web process takes away, another one refuses at its next request, within a second."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from allauth.account.internal.userkit import user_id_to_str
from django.conf import settings
from django.test import Client
from django.utils import timezone

from portal.accounts.actions.roles import propose_role
from portal.accounts.models import User
from tests.integration.api.world import ALL_SCOPES, person, session_of, token_of
from tests.servers.two_processes import two_processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

WITHIN_S = 1.0
CSRF = "a" * 32
HOST = {"Host": urlsplit(settings.PORTAL_URL).netloc}


def browser(user: User, url: str) -> httpx.Client:
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
    return httpx.Client(base_url=url, cookies=cookies, headers=headers, trust_env=False, timeout=30)


class Scene:
    """An administrator at the first process; everybody else at the second."""

    def __init__(self, urls: list[str], opened: ExitStack) -> None:
        self.here, self.there = urls
        self._opened = opened
        self.alma = person("alma", "administrator")
        self.lena = person("lena", "legal_lead")
        self.remy = person("remy", "reviewer")

    def browser(self, user: User, url: str) -> httpx.Client:
        return self._opened.enter_context(browser(user, url))

    def disable(self, user: User) -> None:
        given = {"verb": "disable", "reason": "Left."}
        answer = self.browser(self.alma, self.here).post(f"/people/{user.public_id}/", data=given)
        assert answer.status_code == 302, answer.text

    def take(self, user: User, role: str) -> None:
        change = propose_role(
            user=user, role=role, give=False, reason="Moved.", by=session_of(self.alma), now=timezone.now()
        )
        second = person("adam", "administrator")
        answer = self.browser(second, self.here).post(f"/changes/{change.pk}/", data={"do": "confirm"})
        assert answer.status_code == 302, answer.text


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with two_processes(tmp_path) as urls, ExitStack() as opened:
        yield Scene(urls, opened)


def soon(refused: Callable[[], bool]) -> None:
    """It is refused within a second of the answer that took it away."""
    begun = time.monotonic()
    while not refused():
        assert time.monotonic() - begun < WITHIN_S


def test_what_one_process_takes_away_the_other_refuses(scene: Scene) -> None:
    """A session and a token of who is disabled; a role; a look at the site as another role."""
    reviewer, lead = scene.browser(scene.remy, scene.there), scene.browser(scene.lena, scene.there)
    lead_here = scene.browser(scene.lena, scene.here)
    lead_here.cookies = lead.cookies
    bearer = {**HOST, "Authorization": f"Bearer {token_of(scene.remy, *ALL_SCOPES)[1]}"}

    def called() -> int:
        return httpx.get(f"{scene.there}/api/v1/me", headers=bearer, trust_env=False).status_code

    assert (reviewer.get("/review/").status_code, called()) == (200, 200)
    began = lead.post("/look-as/", data={"role": "reviewer"})
    assert (began.status_code, began.headers["Location"]) == (302, "/")
    assert lead.get("/desk/master-agreements/new/").status_code == 403

    left = lead_here.post("/look-as/leave/")
    assert (left.status_code, left.headers["Location"]) == (302, "/")
    soon(lambda: lead.get("/desk/master-agreements/new/").status_code == 200)

    scene.take(scene.remy, "reviewer")
    soon(lambda: reviewer.get("/review/").status_code == 403)

    scene.disable(scene.remy)
    soon(lambda: called() == 401)
    soon(lambda: reviewer.get("/requests/").status_code == 302)
