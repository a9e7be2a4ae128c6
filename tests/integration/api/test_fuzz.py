"""A8: calls made from the schema, right and wrong ones → no 5xx, and nothing that the schema does not say."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from licenses.models import Agreement
from portal.wsgi import application
from tests.integration.api.world import ALL_SCOPES, World, session_of, token_of
from weights_vault.actions.keys import propose_removal

EXAMPLES = 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The calls are made in the test's own transaction, whose connection Django would close between two."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


def load() -> Any:
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    loaded = schemathesis.openapi.from_dict(json.loads(json.dumps(document)))
    loaded.app = application
    return loaded


schema = load()


@pytest.fixture
def secret(world: World, one_connection: None) -> str:
    return token_of(world.researcher, *ALL_SCOPES)[1]


@pytest.fixture
def ids(world: World) -> dict[str, str]:
    """One of everything that an address can name, all of it the caller's own."""
    grant, (key, _) = world.granted(), world.key()
    # As its job leaves it: one that is not made yet is a 503 with the time to come back.
    Agreement.objects.update(pdf=b"%PDF-1.7", sha256="0" * 64, level="B-B", made_at=timezone.now())
    waiting = propose_removal(by=session_of(world.researcher), key=key, now=timezone.now())
    return {
        "slug": world.release.slug,
        "license_id": world.license.pk,
        "request_id": grant.request_id,
        "grant_id": grant.pk,
        "key_id": key.pk,
        "action_id": waiting.pk,
    }


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
    case: schemathesis.Case[Any], secret: str, ids: dict[str, str]
) -> None:
    cache.clear()
    headers = {"Authorization": f"Bearer {secret}"}
    case.call_and_validate(headers=headers, checks=CHECKS)
    if case.path_parameters:
        case.path_parameters = {name: ids[name] for name in case.path_parameters}
        case.call_and_validate(headers=headers, checks=CHECKS)
