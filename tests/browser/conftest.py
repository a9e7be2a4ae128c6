"""Chromium against a live portal in this process; Debian's browser, nothing downloaded."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.app_settings import TOTP_PERIOD
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from playwright.sync_api import Browser, Error, Page
from pytest_django.live_server_helper import LiveServer

from portal.core.keys import ensure_embedded_keys
from tests.unit.web.world import PASSWORD, World, make_world

# Playwright runs an event loop in this thread; the ORM calls of the tests are synchronous all the same.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": shutil.which("chromium"), "args": ["--no-sandbox"]}


@pytest.fixture(autouse=True)
def _fresh_rate_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _slow_typist(settings: Any) -> None:
    """A code may be of the half minute before: it must not grow old between its making and its use."""
    settings.MFA_TOTP_TOLERANCE = 1


@pytest.fixture(scope="session", autouse=True)
def _keys() -> None:
    ensure_embedded_keys()


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def open_as(browser: Browser, live_server: LiveServer, world: World) -> Iterator[OpenPage]:
    """open_as("ada") → a page of a browser of her own, signed in through the form.

    Further arguments are the context's: color_scheme, viewport, java_script_enabled, …
    """
    contexts = []

    def open_page(name: str | None = None, **settings: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, **settings)
        contexts.append(context)
        page = context.new_page()
        if name is not None:
            page.goto("/accounts/login/")
            page.get_by_label("Email").fill(world.people[name].email)
            page.get_by_label("Password").fill(PASSWORD)
            page.locator("main").get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/")
        return page

    yield open_page
    for context in contexts:
        context.close()


def code_now(secret: str) -> str:
    """What an authenticator app shows in this half minute."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // TOTP_PERIOD))


def keep_picture(page: Page, path: Path) -> None:
    """Keep the whole page as people see it. Chromium refuses a capture now and then, and takes the next."""
    try:
        page.screenshot(path=path, full_page=True)
    except Error as error:
        if "Unable to capture screenshot" not in error.message:
            raise
        page.screenshot(path=path, full_page=True)


def prove_it_is_you(page: Page) -> None:
    """Answer the portal's question for the password."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
