"""A1: every address × every method × every role, against `matrix.py`. A new route without a row fails here.

A7: each row that changes something names the audit event that it leaves, and a test takes each at its word.
"""

from typing import Any

import pytest
from django.urls import URLPattern, reverse
from rest_framework.test import APIClient

from portal.accounts.models import User
from portal.api.urls import urlpatterns
from portal.core.models import AuditEvent
from tests.integration.api.matrix import MATRIX, ROLES
from tests.integration.api.world import ALL_SCOPES, World, in_browser, with_token

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROUTES = {str(pattern.name): pattern for pattern in urlpatterns if isinstance(pattern, URLPattern)}
CASES = [
    pytest.param(name, method, index, id=f"{name}-{method}-{role}")
    for name, method in MATRIX
    for index, role in enumerate(ROLES)
]


def client_of(role: str, world: World) -> APIClient:
    people = {
        "owner": world.researcher, "other": world.other, "reviewer": world.reviewers[1],
        "legal": world.reviewers[0], "manager": world.manager, "auditor": world.auditor, "admin": world.admin,
    }  # fmt: skip
    if role == "nobody":
        return APIClient()
    if role in ALL_SCOPES:
        return with_token(world.researcher, role)
    return in_browser(people[role])


def call(role: str, name: str, method: str, world: World, ids: dict[str, str]) -> Any:
    wanted = {key: value for key, value in ids.items() if key in ROUTES[name].pattern.converters}
    path = reverse(name, kwargs=wanted) if name != "api-missing" else "/api/v1/nowhere"
    send = getattr(client_of(role, world), method.lower())
    return send(path) if method == "GET" else send(path, MATRIX[name, method].body(world, ids))


def handled(name: str, method: str) -> bool:
    view = ROUTES[name].callback.view_class  # type: ignore[attr-defined]
    return hasattr(view, method.lower())


def test_every_route_and_method_has_a_row() -> None:
    served = {(name, method) for name in ROUTES for method in METHODS if handled(name, method)}
    assert served == set(MATRIX)
    assert all(len(row.statuses) == len(ROLES) for row in MATRIX.values())


def test_every_route_has_a_name_of_its_own() -> None:
    assert len(ROUTES) == len(urlpatterns)


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "method", "index"), CASES)
def test_a1_each_role_gets_what_the_table_says(world: World, name: str, method: str, index: int) -> None:
    row = MATRIX[name, method]
    answer = call(ROLES[index], name, method, world, row.arrange(world))
    assert answer.status_code == row.statuses[index], answer.content
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"]
        assert answer.json()["next_step"]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "method"), list(MATRIX))
def test_a1_a_disabled_person_gets_what_nobody_gets(world: World, name: str, method: str) -> None:
    """A2: in a session that was open, and with a token; where nobody needs to be known, with the reason."""
    ids = MATRIX[name, method].arrange(world)
    wanted = {key: value for key, value in ids.items() if key in ROUTES[name].pattern.converters}
    path = reverse(name, kwargs=wanted) if name != "api-missing" else "/api/v1/nowhere"
    session, token = in_browser(world.manager), with_token(world.manager, "read", "requests", "download")
    User.objects.filter(pk=world.manager.pk).update(is_active=False)
    body = {} if method == "GET" else MATRIX[name, method].body(world, ids)
    answers = [getattr(client, method.lower())(path, body) for client in (session, APIClient(), token)]
    assert answers[0].status_code == answers[1].status_code == MATRIX[name, method].statuses[0]
    assert (answers[2].status_code, answers[2].json()["code"]) == (403, "account_disabled")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "method"), [key for key, row in MATRIX.items() if row.audit], ids=lambda part: str(part)
)
def test_a7_what_changes_something_leaves_its_audit_event(world: World, name: str, method: str) -> None:
    row = MATRIX[name, method]
    ids = row.arrange(world)
    before = set(AuditEvent.objects.values_list("pk", flat=True))
    answer = call(row.caller, name, method, world, ids)
    assert answer.status_code < 300, answer.content
    assert row.audit in AuditEvent.objects.exclude(pk__in=before).values_list("kind", flat=True)


def test_a7_every_method_that_can_change_something_names_its_event() -> None:
    silent = {
        key for key, row in MATRIX.items() if key[1] != "GET" and not row.audit and key[0] != "api-missing"
    }
    assert not silent


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ROUTES.keys() - {"api-missing"}))
def test_other_methods_are_405_for_everybody(world: World, name: str) -> None:
    ids = dict.fromkeys(ROUTES[name].pattern.converters, "x")
    for method in METHODS:
        if handled(name, method):
            continue
        for client in (APIClient(), with_token(world.researcher), in_browser(world.manager)):
            answer = getattr(client, method.lower())(reverse(name, kwargs=ids))
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
