"""ASVS 1.2.4: what people type is a parameter of a statement, never a part of it."""

from typing import Any

import pytest
from django.db import connection

from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World

HOSTILE = "zorn' OR 1=1; DROP TABLE x --%s %(a)s \\\" `zorn"
SEARCHES = {
    "/review/": ("rosa", ["text", "organization"]),
    "/review/grants/": ("rosa", ["organization", "person"]),
    "/people/": ("alma", ["text"]),
    "/organizations/": ("alma", ["text"]),
    "/ledger/": ("mika", ["person"]),
    "/audit/": ("otto", ["words", "person", "subject"]),
}


@pytest.mark.parametrize(
    ("address", "field"), [(each, one) for each in SEARCHES for one in SEARCHES[each][1]]
)
def test_a_word_that_is_searched_stands_in_no_statement(
    open_as: OpenAs, world: World, address: str, field: str
) -> None:
    asked: list[tuple[str, Any]] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    client = open_as(SEARCHES[address][0])
    with connection.execute_wrapper(keep):
        answer = client.get(address, {field: HOSTILE})
    assert answer.status_code == 200
    assert [sql for sql, _ in asked if "zorn" in sql.lower()] == []
    assert any("zorn" in str(params).lower() for _, params in asked), "nothing was searched for"
