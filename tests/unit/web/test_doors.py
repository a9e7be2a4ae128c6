"""What holds for every page: no cache, no script from elsewhere, no POST without a token, error pages."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client

from licenses.models import Request
from portal.web.views import errors
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release

PUBLIC = ["/", "/about/", "/releases/opt-175b/", "/accounts/login/", "/accounts/signup/"]
PRIVATE = [
    "/",
    "/requests/",
    "/grants/",
    "/keys/",
    "/tokens/",
    "/releases/opt-66b/request/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/add/",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_page_answers(open_as: OpenAs, address: str) -> None:
    assert open_as().get(address).status_code == 200


@pytest.mark.parametrize("address", PRIVATE)
def test_no_cache_keeps_a_page_that_shows_what_is_ones_own(open_as: OpenAs, address: str) -> None:
    answer = open_as("ada").get(address)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("address", [*PUBLIC, *PRIVATE])
def test_pages_hold_no_inline_script_or_style_and_the_browser_is_told_so(
    open_as: OpenAs, address: str
) -> None:
    answer = open_as("ada").get(address, follow=True)
    page = answer.content.decode()

    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
    assert not re.search(r"<(script|link|img|use|iframe)[^>]+(src|href)=\"(https?:)?//", page)


@pytest.mark.parametrize(
    "address", ["/requests/{}/withdraw/", "/requests/{}/edit/", "/tokens/", "/theme/", "/accounts/logout/"]
)
def test_a_post_without_the_forms_token_is_refused(open_as: OpenAs, submitted: Request, address: str) -> None:
    client = open_as("ada", enforce_csrf_checks=True)
    answer = client.post(address.format(submitted.pk), {"theme": "dark"})

    submitted.refresh_from_db()
    assert answer.status_code == 403
    assert "Please send it again" in answer.content.decode()
    assert submitted.state == "submitted"


@pytest.mark.parametrize("address", ["/requests/{}/withdraw/", "/requests/{}/sign/", "/theme/"])
def test_looking_at_a_page_changes_nothing(open_as: OpenAs, submitted: Request, address: str) -> None:
    open_as("ada").get(address.format(submitted.pk))

    submitted.refresh_from_db()
    assert submitted.state == "submitted"


@pytest.mark.parametrize("chosen", ["light", "dark", "system"])
def test_the_appearance_is_kept_in_a_cookie_without_script(open_as: OpenAs, chosen: str) -> None:
    client = open_as()
    answer = client.post("/theme/", {"theme": chosen, "next": "/about/"})

    assert answer["Location"] == "/about/"
    assert (f'data-theme="{chosen}"' in client.get("/").content.decode()) == (chosen != "system")


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "",
        "foo",
        "about",
        "[",
        "//[",
        "/a\r\nb",
        "/\0",
        "http://[::1",
        "//\N{KELVIN SIGN}[",
    ],
)
def test_the_appearance_leads_back_to_this_site_alone(open_as: OpenAs, back: str) -> None:
    assert open_as().post("/theme/", {"theme": "dark", "next": back})["Location"] == "/"


@pytest.mark.parametrize("octets", [b"%FF", b"/%FF", b"/%ED%A0%80", b"%5B"])
def test_an_address_that_is_no_text_leads_to_the_releases(open_as: OpenAs, octets: bytes) -> None:
    form = "application/x-www-form-urlencoded"
    answer = open_as().post("/theme/", b"theme=dark&next=" + octets, content_type=form)

    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_an_unknown_appearance_is_ignored(open_as: OpenAs) -> None:
    client = open_as()
    client.cookies["theme"] = '"><script>'

    assert "<script>" not in client.get("/").content.decode()
    assert "theme" not in client.post("/theme/", {"theme": "neon"}).cookies


def test_an_unknown_page_is_a_404_in_the_design_of_the_site(open_as: OpenAs) -> None:
    answer = open_as().get("/nothing/here/")
    page = answer.content.decode()

    assert answer.status_code == 404
    assert "not_found" in page
    assert "To the releases" in page


def test_a_problem_shows_its_code_and_the_next_step(open_as: OpenAs) -> None:
    page = open_as("ada").get("/review/").content.decode()

    assert "403 · role_required" in page
    assert "Ask an administrator" in page


def test_a_forbidden_page_is_in_the_design_of_the_site(rf: Any, open_as: OpenAs) -> None:
    request = open_as("ada").get("/").wsgi_request

    assert errors.forbidden(request, Exception()).status_code == 403


def test_a_server_error_page_asks_nothing_of_the_database(rf: Any) -> None:
    answer = errors.server_error(rf.get("/"))

    assert answer.status_code == 500
    assert "The fault is ours" in answer.content.decode()


@pytest.mark.parametrize("address", ["/", "/about/", "/releases/opt-175b/"])
def test_each_page_names_whom_to_write_to(open_as: OpenAs, settings: Any, address: str) -> None:
    settings.CONTACT_EMAIL = "weights-help@example.org"
    page = open_as().get(address).content.decode()

    foot = page[page.index('<footer class="foot">') :]
    assert '<a href="mailto:weights-help@example.org">weights-help@example.org</a>' in foot


def test_the_page_about_the_portal_says_what_to_write_about(open_as: OpenAs, settings: Any) -> None:
    settings.CONTACT_EMAIL = "weights-help@example.org"
    page = open_as().get("/about/").content.decode()

    assert "mailto:weights-help@example.org" in page[: page.index('<footer class="foot">')]


def test_the_pages_of_failures_name_whom_to_write_to(rf: Any, settings: Any) -> None:
    settings.CONTACT_EMAIL = "weights-help@example.org"
    broken = errors.server_error(rf.get("/"))
    try:
        raise OperationalError("deadlock")
    except OperationalError:
        busy = errors.server_error(rf.get("/"))

    assert (broken.status_code, busy.status_code) == (500, 503)
    for answer in (broken, busy):
        assert 'write to <a href="mailto:weights-help@example.org">' in answer.content.decode()


def test_who_is_not_signed_in_is_led_to_sign_in_and_back(open_as: OpenAs) -> None:
    assert open_as().get("/keys/")["Location"] == "/accounts/login/?next=/keys/"


def test_a_disabled_account_is_signed_out_at_once(world: World, open_as: OpenAs) -> None:
    """A2."""
    client = open_as("ada")
    ada = world.people["ada"]
    ada.is_active = False
    ada.save()

    assert client.get("/keys/").status_code == 302


def test_the_navigation_differs_by_role(open_as: OpenAs, big: Release) -> None:
    assert "/review/" not in open_as("ada").get("/").content.decode()
    assert "/review/" in open_as("rosa").get("/").content.decode()


def test_the_about_page_shows_the_root_key(open_as: OpenAs) -> None:
    assert re.search(r"wp1-[a-z2-7-]+", open_as().get("/about/").content.decode())


def test_a_method_that_a_page_does_not_have_is_refused(client: Client, db: None) -> None:
    assert client.post("/about/").status_code == 405
    assert client.get("/theme/").status_code == 405


def test_static_files_are_collected_as_production_serves_them(settings: Any, tmp_path: Path) -> None:
    """A font, icon or sheet that another one names and that is not there stops the collecting."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

    call_command("collectstatic", interactive=False, verbosity=0)

    assert list(tmp_path.glob("web/css/tokens.*.css"))
