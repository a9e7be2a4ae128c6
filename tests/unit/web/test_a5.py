"""A5: what acts elsewhere, put into every field of every form, does nothing on the pages that show it after,
in the log's sentences and in the heads of mails. Generated from the rows of A7; what people say on the most
travelled pages is followed further in test_hostile_text.py, mails and documents in tests/unit/licenses.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django.plugin import DjangoDbBlocker

from portal.core.models import OutboxMessage
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_a7 import ROWS
from tests.unit.web.world import World, make_world
from weights_vault.models import Release

FACTOR = 7357
HOSTILE = (
    f"<script>alert(1)</script>{{{{{FACTOR}*{FACTOR}}}}}\"'><img src=x>",
    "javascript:alert(1)",
    f"{{{{{FACTOR}*{FACTOR}}}}}\r\nBcc: victim@example.org\r\n\r\n<script>alert(1)</script>",
)
ACTING = ("<script>alert", "<img src=x", 'href="javascript:', f"{FACTOR**2}", f"{FACTOR**2:,}")


@pytest.fixture(scope="module")
def stood(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def world(stood: World, db: None) -> World:
    """Made once; what a test does to it is undone after it."""
    return stood


@pytest.mark.parametrize("name", ROWS)
def test_a5_nothing_acts_that_is_typed_into_a_field(
    world: World, open_as: OpenAs, big: Release, name: str
) -> None:
    names, form = ROWS[name].make(world, big)
    address = reverse(name, args=names)
    reader, otto = ROWS[name].reader, open_as("otto")
    for field in fields_of(open_as(reader), address, form):
        for text in HOSTILE:
            cache.clear()
            point = transaction.savepoint()
            client = open_as(reader)
            answer = client.post(address, {**form, field: text})
            pages = [answer]
            if answer.status_code == 302:
                pages += [*shown_after(client, answer, address), otto.get("/audit/")]
            assert (field, text, acting(pages)) == (field, text, [])
            for to, subject in OutboxMessage.objects.values_list("to", "subject"):
                assert not {"\r", "\n"} & set(to + subject)
            transaction.savepoint_rollback(point)


def fields_of(client: Client, address: str, form: dict[str, Any]) -> list[str]:
    """The fields that the row fills, and the others of the form that an empty one is answered with."""
    point = transaction.savepoint()
    context = client.post(address, {}).context or {}
    transaction.savepoint_rollback(point)
    found = [*form, *getattr(context.get("form"), "fields", ())]
    return list(dict.fromkeys(found))


def shown_after(client: Client, answer: Any, address: str) -> list[Any]:
    """The page that it was sent from, and the one that it leads to."""
    led = str(answer.get("Location", ""))
    return [client.get(each) for each in dict.fromkeys((address, led)) if each.startswith("/")]


def acting(pages: list[Any]) -> list[str]:
    """What acts on some of the pages; none of them is an error of ours."""
    assert max(page.status_code for page in pages) < 500
    texts = [page.content.decode() for page in pages if page.get("Content-Type", "").startswith("text/html")]
    return [word for word in ACTING if any(word in text for text in texts)]
