"""ASVS 3.5.3: to look changes nothing, on any address."""

from typing import Any, Final

from django.core.cache import cache
from django.db import connection

from tests.unit.web.conftest import OpenAs
from tests.unit.web.matrix import GET, looked
from tests.unit.web.own_things import things_of
from tests.unit.web.test_headers import every_path
from tests.unit.web.test_matrix import address
from tests.unit.web.world import World

# That somebody is there, how often an address was asked, and the portal's own document, which is made for
# whoever asks first.
OF_LOOKS: Final = (
    '"django_session"',
    '"accounts_browsersession"',
    '"core_limituse"',
    '"weights_vault_trustrecord"',
)


def test_a_get_of_any_address_writes_no_row(open_as: OpenAs, world: World) -> None:
    """Each page of the portal by somebody who may see it, on things that are there; then all others."""
    things, written, shown = things_of(world), [], 0

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and not any(each in sql for each in OF_LOOKS):
            written.append(f"{path}: {sql[:80]}")
        return execute(sql, params, many, context)

    seen = {}
    for name in GET:
        readers = [each for each, word in looked(name).items() if word == "page" and each in world.people]
        seen[address(name, things)] = readers[0] if readers else "rosa"
    for path, reader in {**dict.fromkeys(every_path(), "rosa"), **seen}.items():
        cache.clear()
        client = open_as(reader)
        with connection.execute_wrapper(keep):
            answer = client.get(path)
        shown += answer.status_code == 200 and path in seen
        for closer in answer._resource_closers:  # static files; close() would close the database, too
            closer()
    assert written == []
    assert shown > len(GET) // 2
