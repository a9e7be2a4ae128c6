"""What lies in the store for nothing is reported, and never deleted."""

import weakref
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import RoleGrant, User
from portal.accounts.roles import RELEASE_MANAGER
from portal.core import jobs
from portal.core.models import Job, OutboxMessage
from tests.stored import store_object
from tests.unit.vault.scrubbing import store_that
from weights_vault import keeper, tidy
from weights_vault.models import Revision
from weights_vault.storage import StoredObject, storage
from weights_vault.storage.port import random_name

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def manager(make_person: Callable[[str], User], now: datetime) -> User:
    user = make_person("manager@example.org")
    RoleGrant.objects.create(user=user, role=RELEASE_MANAGER, by="system:test", at=now)
    return user


def later(days: int = 8) -> datetime:
    return timezone.now() + timedelta(days=days)


def begin_upload(name: str) -> None:
    with storage().create(name, size=4) as writer:
        writer.put(0, 0, memoryview(b"half"))


def test_a_store_in_order_is_nothing_to_tell(revision: Revision, manager: User) -> None:
    assert not tidy.leftovers(later())
    tidy.look({}, later())
    assert not OutboxMessage.objects.exists()


def test_objects_without_a_row_and_old_unfinished_ones_are_told_apart(
    revision: Revision, now: datetime
) -> None:
    body, _ = keeper.new_body(4, now=now)
    body.save()
    begin_upload(body.object_name)
    lost, begun = random_name(), random_name()
    store_object(lost, b"lost")
    begin_upload(begun)
    found = tidy.leftovers(later())
    assert {each.name for each in found.unnamed} == {lost, begun}
    assert [each.name for each in found.abandoned] == [body.object_name]
    assert str(found).startswith("2 objects that no row names and 1 unfinished upload, ")


def test_a_million_objects_are_counted_and_not_kept(
    now: datetime, django_assert_max_num_queries: Any, db: None
) -> None:
    kept: list[Any] = []

    def many() -> Iterator[StoredObject]:
        for number in range(20_000):
            found = StoredObject(f"{number:040x}", 3, now - timedelta(days=30))
            kept.append(weakref.ref(found))
            yield found

    with store_that(objects=many), django_assert_max_num_queries(40):
        found = tidy.leftovers(now)
    assert (found.unnamed_count, found.size) == (20_000, 60_000)
    assert sum(each() is not None for each in kept) <= tidy.MAX_SHOWN
    assert str(found) == "20,000 objects that no row names, 60,000 bytes"


def test_the_same_names_are_the_same_in_whatever_order(now: datetime, db: None) -> None:
    names = [random_name() for _ in range(50)]

    def mark(order: Sequence[str]) -> int:
        def told() -> Iterator[StoredObject]:
            return (StoredObject(name, 3, now - timedelta(days=30)) for name in order)

        with store_that(objects=told):
            return tidy.leftovers(now).mark

    assert mark(names) == mark(names[::-1])
    assert mark(names[1:]) != mark(names)


def test_what_is_young_may_still_get_its_row(revision: Revision) -> None:
    store_object(random_name(), b"new")
    assert not tidy.leftovers(later(6))
    assert tidy.leftovers(later(8))


def test_managers_are_told_once_and_again_when_something_is_added(manager: User, db: None) -> None:
    first = random_name()
    store_object(first, b"lost")
    for _ in range(3):
        tidy.look({}, later())
    [mail] = OutboxMessage.objects.all()
    assert (mail.to, first in mail.text) == (manager.email, True)
    store_object(random_name(), b"more")
    tidy.look({}, later())
    assert OutboxMessage.objects.count() == 2


def test_nothing_is_deleted(manager: User, db: None) -> None:
    name = random_name()
    store_object(name, b"lost")
    tidy.look({}, later())
    assert storage().size(name) == 4


def test_the_job_is_on_the_schedule(now: datetime, db: None) -> None:
    jobs.arm_schedule(now)
    assert Job.objects.get(key=f"periodic:{tidy.LOOK}").every_s == 86_400


def test_the_days_are_a_setting(settings: Any, db: None) -> None:
    store_object(random_name(), b"lost")
    settings.LEFTOVER_DAYS = 30
    assert not tidy.leftovers(later(8))
