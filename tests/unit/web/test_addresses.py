"""Addresses that name nothing: no octet in an id reaches the database, on either database."""

import pytest
from django.urls import URLPattern

from portal.api import urls as api_urls
from portal.web import urls as web_urls
from tests.unit.web.conftest import OpenAs

pytestmark = pytest.mark.database

NO_ID = ["%00", "a%00b", "%ED%A0%80", "%C3%A9", "%0A", "..%2f.."]
PAGES = [
    "/releases/{}/", "/releases/{}/request/", "/licenses/{}/", "/requests/{}/", "/requests/{}/edit/",
    "/grants/{}/", "/keys/{}/remove/", "/tokens/{}/end/", "/pending/{}/", "/review/{}/", "/review/grants/{}/",
]  # fmt: skip


@pytest.mark.parametrize("id", NO_ID)
def test_a_page_of_what_can_be_no_id_is_not_found(open_as: OpenAs, id: str) -> None:
    client = open_as("rosa")
    assert {client.get(page.format(id)).status_code for page in PAGES} == {404}


@pytest.mark.parametrize("id", NO_ID)
def test_an_endpoint_of_what_can_be_no_id_is_not_found(open_as: OpenAs, id: str) -> None:
    for path in ("releases", "licenses", "requests", "grants", "keys", "pending-actions"):
        answer = open_as("rosa").get(f"/api/v1/{path}/{id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


@pytest.mark.parametrize("pattern", [*web_urls.urlpatterns, *api_urls.urlpatterns], ids=str)
def test_whatever_varies_in_an_address_is_a_slug(pattern: URLPattern) -> None:
    converters = getattr(pattern.pattern, "converters", {})
    assert {type(converter).__name__ for converter in converters.values()} <= {"SlugConverter"}
