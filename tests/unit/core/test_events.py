"""Events: handled at once, in the publisher's transaction."""

from dataclasses import dataclass

import pytest
from django.db import transaction

from portal.core import audit, events
from portal.core.models import AuditEvent
from tests.unit.core.test_audit import NOW


@dataclass(frozen=True)
class Happened:
    what: str


@dataclass(frozen=True)
class Unrelated:
    what: str


@pytest.fixture(autouse=True)
def _no_other_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_handlers", events.defaultdict(list))


@transaction.atomic
def record_and_publish() -> None:
    audit.record("x.done", by="system:test", subject="x:1", now=NOW)
    events.publish(Happened("x"))


@pytest.mark.django_db
def test_subscribers_of_the_type_are_called_in_order() -> None:
    heard: list[str] = []
    events.subscribe(Happened)(lambda event: heard.append(f"a {event.what}"))
    events.subscribe(Happened)(lambda event: heard.append(f"b {event.what}"))
    events.subscribe(Unrelated)(lambda event: heard.append("never"))
    events.publish(Happened("x"))
    assert heard == ["a x", "b x"]


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_r10_failing_subscriber_undoes_the_publisher() -> None:
    @events.subscribe(Happened)
    def fail(event: Happened) -> None:
        raise ValueError("cannot")

    with pytest.raises(ValueError, match="cannot"):
        record_and_publish()
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_a_transaction_is_a_mistake_of_ours() -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        events.publish(Happened("x"))
