"""A8: calls made from the schema, right and wrong ones, by each role and with a token of each scope → no 5xx,
and nothing that the schema does not say.
"""

import json
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from pytest_django.plugin import DjangoDbBlocker
from schemathesis.checks import not_a_server_error
from schemathesis.generation.meta import TestPhase
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import Client

from portal.accounts.roles import STAFF_ROLES
from portal.wsgi import application
from tests.integration.api.matrix import MATRIX, Row
from tests.integration.api.stage import Caller, Scene, Stage, keep_open, scene, set_up, undone

EXAMPLES = int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "2"))
# A token acts with a role of staff only by the scope that opens it.
CARRIED = {"token:review": ["reviewer"], "token:publish": ["release_manager"]}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def stage(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """The calls are made in one transaction, whose connection Django would close between two of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        keep_open()
        yield set_up(tmp_path_factory.mktemp("log"))
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
        transaction.set_rollback(True)


def load() -> Any:
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    loaded = schemathesis.openapi.from_dict(json.loads(json.dumps(document)))
    loaded.app = application
    return loaded


schema = load()
OPERATIONS = {result.ok().label: result.ok() for result in schema.get_all_operations()}


class Playing:
    """The scene of the operation that a test is about, made when its first call is."""

    def __init__(self, stage: Stage, until: ExitStack) -> None:
        self.stage = stage
        self._until = until
        self._played: Scene | None = None

    def __call__(self, case: schemathesis.Case[Any]) -> Scene:
        if self._played is None:
            label = case.operation.label
            self._played = self._until.enter_context(scene(self.stage, _row(*label.split(" "))))
        return self._played


@pytest.fixture
def playing(stage: Stage) -> Iterator[Playing]:
    with ExitStack() as until:
        yield Playing(stage, until)


@pytest.mark.django_db
def test_the_callers_are_who_they_are_said_to_be(stage: Stage) -> None:
    """A role whose session or token did not work would be fuzzed as nobody."""
    for caller in stage.callers:
        answer = _client(caller).get("/api/v1/me", headers=caller.headers)
        roles = (answer.json or {}).get("roles")
        carried = CARRIED.get(caller.name, [caller.name] if caller.name in STAFF_ROLES else [])
        expected = (401, None) if caller.name == "nobody" else (200, carried)
        assert (caller.name, answer.status_code, roles) == (caller.name, *expected)


def _client(caller: Caller) -> Client:
    client = Client(application)
    for name, value in caller.cookies.items():
        client.set_cookie(name, value)
    return client


def _row(method: str, path: str) -> Row:
    """A1's row of an operation of the schema."""
    name = resolve(re.sub(r"{\w+}", "1", path)).view_name
    return MATRIX[name, method.upper()]


@pytest.mark.django_db
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_a8_the_right_call_is_answered_as_the_schema_says_to_whom_it_is_for(label: str, stage: Stage) -> None:
    """Each operation comes to a 2xx with each role that A1 lets through, and with no other: what follows
    plays on things that are there, behind doors that open.
    """
    operation, row = OPERATIONS[label], _row(*label.split(" "))
    with scene(stage, row) as played:
        statuses = {caller.name: _called(operation, caller, played) for caller in stage.callers}
        # What a token of one grant may read that no grant stands for is its own tests' matter.
        known = [each for each in stage.callers if not each.grant_alone or "grant_id" in played.own]
    assert any(statuses[each.name] < 300 for each in known)
    others = [each.name for each in known if (statuses[each.name] < 300) != _passes(each, row)]
    assert others == [], statuses


def _called(operation: Any, caller: Caller, played: Scene) -> int:
    """The status of the right call, which the schema must know."""
    names = {each.name for each in operation.path_parameters}
    body = {"body": played.body, "media_type": "application/json"} if operation.body else {}
    case = operation.Case(path_parameters={name: played.own[name] for name in names}, **body)
    with undone():
        answer = case.call_and_validate(headers=caller.headers, cookies=caller.cookies, checks=CHECKS)
    return int(answer.status_code)


def _passes(caller: Caller, row: Row) -> bool:
    told = row.to(caller.column) if caller.scopes is None else row.to_token(caller.column, caller.scopes)
    return told < 300


@pytest.mark.django_db
@schema.parametrize()  # type: ignore[untyped-decorator]
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_a8_no_call_made_from_the_schema_fails_or_surprises(
    case: schemathesis.Case[Any], playing: Playing
) -> None:
    played = playing(case)
    drawn = zlib.crc32(repr((case.method, case.path, case.query, case.headers, case.body)).encode())
    made_up = dict(case.path_parameters or {})
    if _is_right(case):
        _come_closer(case, played, drawn)
    for caller, things in _turn(case, playing.stage, played, drawn):
        case.path_parameters = {name: things.get(name, value) for name, value in made_up.items()}
        with undone():
            case.call_and_validate(headers=caller.headers, cookies=caller.cookies, checks=CHECKS)


def _is_right(case: schemathesis.Case[Any]) -> bool:
    meta = case.meta
    return meta is not None and meta.generation.mode.is_positive and meta.phase.name is TestPhase.FUZZING


def _come_closer(case: schemathesis.Case[Any], played: Scene, drawn: int) -> None:
    """Let the query name what is there, and half of the bodies be the right one but for one field."""
    case.query = {name: played.said.get(name, value) for name, value in (case.query or {}).items()}
    if drawn % 2 and played.body and isinstance(case.body, dict):
        name = sorted(played.body)[drawn // 2 % len(played.body)]
        case.body = {**played.body, name: case.body.get(name, played.body[name])}


def _turn(
    case: schemathesis.Case[Any], stage: Stage, played: Scene, drawn: int
) -> list[tuple[Caller, dict[str, str]]]:
    """Who makes this call, and on what: a right one each third, by turns on the owner's things and others'.

    The many wrong ones are shared out, by what they say: the same call is always the same caller's, so that
    a failure can be made again. Each third goes to the address that was made up, which names nothing.
    """
    things = (played.own, stage.others)
    if _is_right(case):
        return [(caller, things[turn % 2]) for turn, caller in enumerate(stage.callers[drawn % 3 :: 3])]
    caller = stage.callers[drawn % len(stage.callers)]
    return [(caller, (*things, {})[drawn // len(stage.callers) % 3])]
