"""A1: every address × every method × every role, against `matrix.py`. A new route without a row fails here.

A7: each row that changes something names the audit event that it leaves, and a test takes each at its word.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, reverse
from pytest_django.plugin import DjangoDbBlocker
from rest_framework.test import APIClient

from portal.accounts.models import Organization, OrganizationManager, User
from portal.accounts.scopes import SCOPES, offered
from portal.api.urls import urlpatterns
from portal.core.models import AuditEvent
from tests.integration.api.bearers import of_device, personal
from tests.integration.api.matrix import CARRIED_BY, MATRIX, ROLES
from tests.integration.api.stage import undone
from tests.integration.api.world import World, build, in_browser, person, session_of, with_secret, with_token

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROUTES = {str(pattern.name): pattern for pattern in urlpatterns if isinstance(pattern, URLPattern)}
OWNERS_TOKENS = ("read", "requests", "download")
Token = tuple[str, str, tuple[str, ...]]  # personal or a device's; whose, by their column; its scopes


@pytest.fixture(scope="module")
def stood(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def people(stood: World) -> dict[str, User]:
    """By their columns; the speaker manages the organization that the owner belongs to."""
    organization, speaker = Organization.objects.create(name="Example University"), person("omar")
    User.objects.filter(pk__in=[speaker.pk, stood.researcher.pk]).update(organization=organization)
    OrganizationManager.objects.create(
        organization=organization, user=speaker, by="system:test", at=speaker.date_joined
    )
    return {
        "owner": stood.researcher, "other": stood.other, "reviewer": stood.reviewers[1],
        "legal": stood.reviewers[0], "manager": stood.manager, "auditor": stood.auditor,
        "admin": stood.admin, "speaker": speaker,
    }  # fmt: skip


@pytest.fixture(scope="module")
def secrets(people: Mapping[str, User]) -> dict[Token, str]:
    """Tokens and devices of everybody with all the scopes that they can give, and with each that matters to
    what they act as: by itself, and beside `read`.
    """
    made = {}
    for role, user in people.items():
        scopes = offered(session_of(user).roles)
        chosen_of = {"owner": [(each,) for each in scopes]} | {
            staff: [(carrying,), ("read", carrying)] for staff, carrying in CARRIED_BY.items()
        }
        for chosen in (*chosen_of.get(role, ()), scopes):
            made["personal", role, chosen] = personal(user, chosen)
            made["device", role, chosen] = of_device(user, chosen)
    return made


@pytest.fixture
def world(stood: World, people: object, secrets: object, db: None) -> World:
    """Made once; what a test does to it is undone after it."""
    return stood


def client_of(role: str, people: Mapping[str, User]) -> APIClient:
    if role == "nobody":
        return APIClient()
    return with_token(people["owner"], role) if role in OWNERS_TOKENS else in_browser(people[role])


def call(client: APIClient, name: str, method: str, world: World, ids: dict[str, str]) -> Any:
    wanted = {key: value for key, value in ids.items() if key in ROUTES[name].pattern.converters}
    path = reverse(name, kwargs=wanted) if name != "api-missing" else "/api/v1/nowhere"
    send = getattr(client, method.lower())
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


@pytest.mark.parametrize(("name", "method"), MATRIX)
def test_a1_each_role_gets_what_the_table_says(
    world: World, people: Mapping[str, User], name: str, method: str
) -> None:
    row = MATRIX[name, method]
    ids, answers = row.arrange(world), {}
    for role in (*ROLES, "speaker"):
        with undone():
            answers[role] = call(client_of(role, people), name, method, world, ids)
    assert statuses(answers) == {role: row.to(role) for role in answers}
    assert [said for said in answers.values() if said.status_code >= 400 and not is_problem(said)] == []


@pytest.mark.parametrize(("name", "method"), MATRIX)
def test_a1_each_token_gets_what_its_scopes_open(
    world: World, secrets: Mapping[Token, str], name: str, method: str
) -> None:
    """Of a person, and of a machine on which they signed in: the same."""
    row = MATRIX[name, method]
    ids, answers = row.arrange(world), {}
    for token, secret in secrets.items():
        with undone():
            answers[token] = call(with_secret(secret), name, method, world, ids)
    assert statuses(answers) == {token: row.to_token(token[1], token[2]) for token in secrets}
    assert [said for said in answers.values() if said.status_code >= 400 and not is_problem(said)] == []


@pytest.mark.parametrize(("name", "method"), MATRIX)
def test_a3_staff_without_a_passkey_are_anybody_or_refused(
    world: World, people: Mapping[str, User], settings: Any, name: str, method: str
) -> None:
    row = MATRIX[name, method]
    ids, answers = row.arrange(world), {}
    settings.STAFF_MFA = "passkey"
    for role in ("reviewer", "legal", "manager", "auditor", "admin"):
        with undone():
            answers[role] = call(client_of(role, people), name, method, world, ids).status_code
    assert {role: status for role, status in answers.items() if status not in (403, row.to("other"))} == {}


def test_a1_the_tokens_have_every_scope_in_both_forms(world: World, secrets: Mapping[Token, str]) -> None:
    alone = {(form, scopes[0]) for form, _, scopes in secrets if len(scopes) == 1}
    assert alone == {(form, scope) for form in ("personal", "device") for scope in SCOPES}


def statuses(answers: Mapping[Any, Any]) -> dict[Any, int]:
    return {who: answer.status_code for who, answer in answers.items()}


def is_problem(answer: Any) -> bool:
    """It says what is wrong in a form that programs read, with what to do next."""
    body = answer.json() if answer.headers["Content-Type"] == "application/problem+json" else {}
    return bool(body.get("code") and body.get("next_step"))


@pytest.mark.parametrize(("name", "method"), MATRIX)
def test_a1_a_disabled_person_gets_what_nobody_gets(world: World, name: str, method: str) -> None:
    """A2: in a session that was open, and with a token; where nobody needs to be known, with the reason."""
    row, clients = MATRIX[name, method], (in_browser(world.manager), APIClient(), with_token(world.manager))
    ids = row.arrange(world)
    User.objects.filter(pk=world.manager.pk).update(is_active=False)
    answers = [call(client, name, method, world, ids) for client in clients]
    assert answers[0].status_code == answers[1].status_code == row.to("nobody")
    assert (answers[2].status_code, answers[2].json()["code"]) == (403, "account_disabled")


@pytest.mark.parametrize(("name", "method"), [key for key, row in MATRIX.items() if row.audit])
def test_a7_what_changes_something_leaves_its_audit_event(
    world: World, people: Mapping[str, User], name: str, method: str
) -> None:
    row = MATRIX[name, method]
    ids = row.arrange(world)
    before = set(AuditEvent.objects.values_list("pk", flat=True))
    answer = call(client_of(row.caller, people), name, method, world, ids)
    assert answer.status_code < 300, answer.content
    assert row.audit in AuditEvent.objects.exclude(pk__in=before).values_list("kind", flat=True)


def test_a7_every_method_that_can_change_something_names_its_event() -> None:
    silent = {
        key for key, row in MATRIX.items() if key[1] != "GET" and not row.audit and key[0] != "api-missing"
    }
    assert not silent


@pytest.mark.parametrize("name", sorted(ROUTES.keys() - {"api-missing"}))
def test_other_methods_are_405_for_everybody(world: World, name: str) -> None:
    ids = dict.fromkeys(ROUTES[name].pattern.converters, "x")
    for method in METHODS:
        if handled(name, method):
            continue
        for client in (APIClient(), with_token(world.researcher), in_browser(world.manager)):
            answer = getattr(client, method.lower())(reverse(name, kwargs=ids))
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
