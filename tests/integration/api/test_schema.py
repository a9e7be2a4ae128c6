"""The OpenAPI document: valid, complete, and telling the truth about who may call."""

from typing import Any

import pytest
from django.urls import URLPattern
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from portal.api.urls import urlpatterns
from tests.integration.api.matrix import MATRIX, ROLES

UNDOCUMENTED = {"api-schema", "api-missing"}


@pytest.fixture(scope="module")
def document() -> Any:
    GENERATOR_STATS.reset()
    made = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    return made


def operations(document: Any) -> dict[tuple[str, str], Any]:
    return {
        (path, method.upper()): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_a_valid_openapi_3_1_document(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    validate_schema(document)  # type: ignore[no-untyped-call]


def test_every_route_and_method_stands_in_it(document: Any) -> None:
    paths = {
        str(pattern.name): f"/api/v1/{pattern.pattern}".replace("<slug:", "{").replace(">", "}")
        for pattern in urlpatterns
        if isinstance(pattern, URLPattern)
    }
    wanted = {(paths[name], method) for name, method in MATRIX if name not in UNDOCUMENTED}
    assert set(operations(document)) == wanted


def test_every_operation_has_a_name_a_sentence_and_its_problems(document: Any) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(names)) == len(names)
    for (path, method), operation in operations(document).items():
        assert operation["description"], path
        assert {"401", "403", "404", "429", "503"} <= operation["responses"].keys(), path
        assert ("409" in operation["responses"]) == (method != "GET"), path


def test_it_says_who_may_call_as_the_matrix_does(document: Any) -> None:
    paths = {f"/api/v1/{p.pattern}".replace("<slug:", "{").replace(">", "}"): p.name for p in urlpatterns}
    for (path, method), operation in operations(document).items():
        row = MATRIX[str(paths[path]), method]
        by_role = dict(zip(ROLES, row.statuses, strict=True))
        open_to_all = {} in operation["security"]
        scopes = [need["token"] for need in operation["security"] if "token" in need]
        assert open_to_all == (by_role["nobody"] != 401), path
        for scope in ("read", "requests", "download"):
            passes = by_role[scope] != 403
            assert passes == any(not needed or scope in needed for needed in scopes), (path, scope)


@pytest.mark.django_db
def test_it_is_served_as_json_to_anybody() -> None:
    answer = APIClient().get("/api/v1/schema/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.1")


@pytest.mark.django_db
@pytest.mark.parametrize("version", ["%00", "%0d%0aSet-Cookie:x=1", "v2%22;filename=%22evil.exe"])
def test_no_version_asked_for_reaches_a_header_or_the_document(version: str) -> None:
    plain, answer = APIClient().get("/api/v1/schema/"), APIClient().get(f"/api/v1/schema/?version={version}")
    assert answer.status_code == 200
    assert answer.content == plain.content
    assert answer.headers == plain.headers
