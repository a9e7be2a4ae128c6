"""Events of before: what they say of people becomes commitments, and pages say what they said."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from licenses import actions, queries, states
from licenses.models import Grant, MasterMember, Request
from portal.accounts.models import User
from portal.core import audit
from portal.core.append_only import AUDIT_LOG, protect, unprotect
from portal.core.models import AuditDisclosure, AuditEvent
from tests.unit.licenses.test_mastering import signed
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database, pytest.mark.slow]

BEFORE = [("core", "0005_limits")]
WHY = "Commercial use, Ada Example."


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    yield World()
    after()


def as_before() -> None:
    """Bring the log to what an older portal wrote: values in the lines, nothing beside them, no place yet."""
    told = {event.pk: audit.plain(event) for event in audit.tell(AuditEvent.objects.all())}
    MigrationExecutor(connection).migrate(BEFORE)
    with connection.cursor() as cursor:
        for statement in unprotect(connection, AUDIT_LOG[0]):
            cursor.execute(statement)
    for index, data in told.items():
        AuditEvent.objects.filter(pk=index).update(data=data)
    AuditDisclosure.objects.all().delete()
    with connection.cursor() as cursor:
        for statement in protect(connection, *AUDIT_LOG):
            cursor.execute(statement)


def after() -> None:
    executor = MigrationExecutor(connection)
    now = executor.loader.graph.leaf_nodes()
    if executor.migration_plan(now):
        executor.migrate(now)


def suspended(world: World) -> tuple[Request, Grant]:
    request = world.request_in(states.SIGNED)
    [grant] = request.grants.all()
    actions.suspend(grant=grant, reason=WHY, by=world.rita, now=NOW + timedelta(days=1))
    return request, grant


def details(request: Request, reader: Any) -> list[str]:
    return [entry.detail for entry in queries.timeline(request, reader)]


def test_pages_say_what_they_said_and_the_log_says_it_no_more_and_is_append_only_again(world: World) -> None:
    request, _ = suspended(world)
    before = details(request, world.ada)
    as_before()
    assert WHY in str(AuditEvent.objects.get(kind="grant.suspended").data)
    after()
    event = AuditEvent.objects.get(kind="grant.suspended")

    assert WHY in before
    assert details(request, world.ada) == before
    assert audit.is_commitment(event.data["reason"])
    row = AuditDisclosure.objects.get(event=event.pk)
    assert (row.value, row.about) == (WHY, world.ada.person.public_id)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.filter(kind="grant.suspended").update(by="usr_b")


def test_of_whom_was_erased_nothing_is_kept_and_fractions_become_words(world: World) -> None:
    suspended(world)
    ada = world.ada.person.public_id
    as_before()
    AuditEvent.objects.create(kind="account.erased", by=ada, subject=f"user:{ada}", at=NOW)
    AuditEvent.objects.create(
        kind="alert.raised", by="system:ledger", subject="grant:grt_a", at=NOW, data={"measured": 1.5}
    )
    after()

    assert not AuditDisclosure.objects.filter(about=ada).exists()
    assert audit.wording(AuditEvent.objects.get(kind="grant.suspended"), "reason") == audit.ERASED
    assert AuditEvent.objects.get(kind="alert.raised").data == {"measured": "1.5"}


def ended_master(world: World) -> str:
    """An agreement that Sina signed, two members taken out of it, then ended; returns Sina's public id."""
    master = signed(world, "bo", "cy")
    for member in master.members.all():
        actions.remove_member(member=member, reason=f"{member.full_name} left.", by=world.rita, now=NOW)
    actions.end_master(master=master, reason="Sina asked for it.", by=world.rita, now=NOW + DAY)
    return str(User.objects.get(email="sina@example.org").public_id)


def test_words_about_members_and_signatories_go_with_their_erasure(world: World) -> None:
    sina = ended_master(world)
    as_before()
    # Bo was erased before there was anything beside the log.
    MasterMember.objects.filter(email="bo@example.org").update(email="member-1@erased.invalid")
    after()

    told = set(AuditDisclosure.objects.filter(field="reason").values_list("value", flat=True))
    assert told == {"cy left.", "Sina asked for it."}
    audit.forget(sina)
    assert audit.wording(AuditEvent.objects.get(kind="master.ended"), "reason") == audit.ERASED


def test_forth_again_commits_to_no_commitment(world: World) -> None:
    suspended(world)
    written = list(AuditEvent.objects.order_by("index").values())
    MigrationExecutor(connection).migrate(BEFORE)
    after()

    assert list(AuditEvent.objects.order_by("index").values()) == written
