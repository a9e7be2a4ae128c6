"""What every answer says to browsers, caches and other sites; every route of the URLconf."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

from portal.web.middleware import FOR_PROGRAMS
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World

pytestmark = pytest.mark.django_db
HOST = "weights.example.org"
FORWARDED = {"HTTP_HOST": HOST, "secure": True}
VALUES = {"uidb36": "1", "key": "abc-def", "content_type_id": "1", "object_id": "1", "app_label": "core"}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Every address of the URLconf, with something in its places."""
    for entry in resolver.url_patterns:
        for form, names in normalize(entry.pattern.regex.pattern):
            path = prefix + form % {name: VALUES.get(name, "x") for name in names}
            if isinstance(entry, URLResolver):
                yield from routes(entry, path)
            else:
                assert isinstance(entry, URLPattern)
                yield "/" + path


def every_path() -> list[str]:
    return sorted(
        {*routes(get_resolver()), "/static/web/portal.js", "/nothing/here/", "/api/v1/nothing", "/accounts"}
    )


@pytest.fixture
def production(settings: Any) -> None:
    """The settings of production that answers depend on."""
    settings.ALLOWED_HOSTS = [HOST]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^api/", r"^identity/o/api/", r"^delivery/"]
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.COOKIE_PREFIX = "__Host-"
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


def policy(text: str) -> dict[str, list[str]]:
    parts = [part.split() for part in text.split(";") if part.strip()]
    return {name: values for name, *values in parts}


def faults(path: str, answer: Any) -> list[str]:
    """What is wrong with the headers of one answer."""
    headers, found = answer.headers, []
    rules = policy(headers.get("Content-Security-Policy", ""))
    if "unsafe" in str(rules) or "nonce" in str(rules) or "*" in str(rules):
        found.append("CSP lets too much run")
    for name in ("default-src", "object-src", "base-uri", "frame-ancestors"):
        if rules.get(name) != ["'none'"]:
            found.append(f"CSP: {name} is {rules.get(name)}")
    if rules.get("script-src") != ["'self'"] or rules.get("style-src") != ["'self'"]:
        found.append("CSP: scripts and styles of others")
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    }
    found += [f"{name}: {headers.get(name)}" for name, value in wanted.items() if headers.get(name) != value]
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        found.append("no Permissions-Policy")
    if not path.startswith("/static/") and "no-store" not in headers.get("Cache-Control", ""):
        found.append(f"Cache-Control: {headers.get('Cache-Control')}")
    found += [f"{name} tells of the machine" for name in ("Server", "X-Powered-By") if name in headers]
    found += [f"{name} lets others read" for name in headers if name.startswith("Access-Control-Allow")]
    if answer.status_code in (301, 302, 307, 308) and not re.match(r"/(?!/)", headers["Location"]):
        found.append(f"leads elsewhere: {headers['Location']}")
    kind = headers.get("Content-Type", "")
    if kind.startswith("text/") and "charset=" not in kind.lower():
        found.append(f"Content-Type without a charset: {kind}")
    for name, morsel in answer.cookies.items():
        if morsel.value and not (
            name.startswith("__Host-") and morsel["secure"] and morsel["httponly"] and morsel["path"] == "/"
            and morsel["samesite"] == "Lax" and not morsel["domain"]
        ):  # fmt: skip
            found.append(f"cookie {name}: {morsel.OutputString()}")
    return found


@pytest.mark.parametrize("who", [None, "rosa", "mika"])
def test_every_answer_has_every_header(
    production: None, world: World, open_as: OpenAs, who: str | None
) -> None:
    client = Client() if who is None else open_as(who)
    wrong = {}
    for path in every_path():
        answer = client.get(path, **FORWARDED)
        for closer in answer._resource_closers:  # static files; close() would close the database, too
            closer()
        assert answer.status_code < 500 or "Retry-After" in answer.headers, path
        if found := faults(path, answer):
            wrong[f"{path} {answer.status_code}"] = found
    assert wrong == {}


def test_answers_to_forms_have_them_too(production: None, world: World) -> None:
    wrong = {}
    for path in every_path():
        answer = Client(enforce_csrf_checks=True).post(path, **FORWARDED)
        if found := faults(path, answer):
            wrong[f"{path} {answer.status_code}"] = found
    assert wrong == {}


def test_an_unknown_host_is_refused_and_says_nothing(production: None) -> None:
    answer = Client().get("/", HTTP_HOST="evil.example", secure=True)
    assert answer.status_code == 400
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert b"evil" not in answer.content


def test_people_are_led_to_https_and_programs_are_refused(production: None) -> None:
    """A redirect would hide that a token goes over the wire in the clear, at each call."""
    page = Client().get("/releases/x/", HTTP_HOST=HOST)
    assert (page.status_code, page["Location"]) == (301, f"https://{HOST}/releases/x/")
    for prefix in FOR_PROGRAMS:
        answer = Client().get(f"{prefix}v1/me", HTTP_HOST=HOST)
        assert (answer.status_code, answer.json()["code"]) == (403, "https_required")


@pytest.mark.parametrize(
    "evil",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "https:evil.example", "javascript:1",
     "http://weights.example.org@evil.example/",
     "\thttps://evil.example", "https://weights.example.org.evil.example/"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/logout/", "/theme/", "/accounts/signup/"])
def test_next_leads_to_no_other_site(
    production: None, world: World, open_as: OpenAs, path: str, evil: str
) -> None:
    for client in (Client(), open_as("ada")):
        for answer in (
            client.get(path, {"next": evil}, **FORWARDED),
            client.post(path, {"next": evil, "theme": "dark"}, **FORWARDED),
        ):
            assert "evil.example" not in answer.headers.get("Location", "")
            assert "javascript:" not in answer.headers.get("Location", "")


def test_signing_out_clears_what_the_browser_keeps(production: None, world: World, open_as: OpenAs) -> None:
    answer = open_as("ada").post("/accounts/logout/", **FORWARDED)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_scripts_read_no_cookie_and_no_page_has_a_script_of_its_own(production: None, world: World) -> None:
    answer = Client().get("/accounts/login/", **FORWARDED)
    assert re.findall(rb"<script(?![^>]*\ssrc=)[^>]*>", answer.content) == []
    assert re.findall(rb"\son[a-z]+=", answer.content) == []
    assert django_settings.CSRF_COOKIE_HTTPONLY
