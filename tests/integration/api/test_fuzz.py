"""A8: calls made from the schema, right and wrong ones, by each role and with a token of each scope → no 5xx,
and nothing that the schema does not say.
"""

import json
import os
import re
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
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
from tests.integration.api.stage import Caller, Stage, set_up, undone

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
    ends = (request_started, request_finished)
    with django_db_blocker.unblock(), transaction.atomic():
        for signal in ends:
            signal.disconnect(close_old_connections)
        yield set_up(tmp_path_factory.mktemp("log"))
        for signal in ends:
            signal.connect(close_old_connections)
        transaction.set_rollback(True)


def load() -> Any:
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    loaded = schemathesis.openapi.from_dict(json.loads(json.dumps(document)))
    loaded.app = application
    return loaded


schema = load()


@pytest.mark.django_db
def test_the_callers_are_who_they_are_said_to_be(stage: Stage) -> None:
    """A role whose session or token did not work would be fuzzed as nobody."""
    for caller in stage.callers:
        answer = _client(caller).get("/api/v1/me", headers=caller.headers)
        roles = (answer.json or {}).get("roles")
        carried = CARRIED.get(caller.name, [caller.name] if caller.name in STAFF_ROLES else [])
        expected = (401, None) if caller.name == "nobody" else (200, carried)
        assert (caller.name, answer.status_code, roles) == (caller.name, *expected)


@pytest.mark.django_db
def test_every_part_of_an_address_is_the_id_of_something(stage: Stage) -> None:
    parts = {part for path in schema.raw_schema["paths"] for part in re.findall(r"{(\w+)}", path)}
    assert [parts - things.keys() for things in stage.things] == [set(), set()]


@pytest.mark.django_db
def test_every_address_that_reads_answers_somebody(stage: Stage) -> None:
    """Else the calls that A8 makes of it would all end at the door."""
    reading = [path for path, methods in schema.raw_schema["paths"].items() if "get" in methods]
    assert [path for path in reading if not _answers(path, stage)] == []


def _answers(path: str, stage: Stage) -> bool:
    query = {"old": 0} if path.endswith("/consistency") else {}
    for caller in stage.callers:
        client = _client(caller)
        for things in stage.things:
            with undone():
                address = path.format(**things)
                if client.get(address, headers=caller.headers, query_string=query).status_code == 200:
                    return True
    return False


def _client(caller: Caller) -> Client:
    client = Client(application)
    for name, value in caller.cookies.items():
        client.set_cookie(name, value)
    return client


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
    case: schemathesis.Case[Any], stage: Stage
) -> None:
    made_up = dict(case.path_parameters or {})
    for caller, things in _turn(case, stage):
        case.path_parameters = {name: things.get(name, value) for name, value in made_up.items()}
        with undone():
            case.call_and_validate(headers=caller.headers, cookies=caller.cookies, checks=CHECKS)


def _turn(case: schemathesis.Case[Any], stage: Stage) -> list[tuple[Caller, dict[str, str]]]:
    """Who makes this call, and on what: for a right one everybody, on their own and on others' things.

    The many wrong ones are shared out, by what they say: the same call is always the same caller's, so that
    a failure can be made again. Each third goes to the address that was made up, which names nothing.
    """
    pairs = [(caller, things) for caller in stage.callers for things in stage.things]
    meta = case.meta
    if meta is not None and meta.generation.mode.is_positive and meta.phase.name is TestPhase.FUZZING:
        return pairs
    said = repr((case.method, case.path, case.query, case.headers, case.body)).encode()
    share = zlib.crc32(said)
    caller, things = pairs[share % len(pairs)]
    return [(caller, things if share % 3 else {})]
