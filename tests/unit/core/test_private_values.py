"""What the log says of people: commitments in it, values beside it, and what is said after an erasure."""

import ast
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from portal.core import audit
from portal.core.models import AuditDisclosure, AuditEvent
from weights_vault.sealed.log.entry import commit

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SAID = "Ada Example shared it."
ROOT = Path(__file__).resolve().parents[3]
RECORDING = ("audit.record", "audit.AuditEvent", "AuditEvent.objects.create")
TYPED = ("reason", "note", "text", "title", "email", "address", "full_name", "method", "summary")


def record(private: dict[str, Any], *, about: str = "usr_a", **data: Any) -> AuditEvent:
    with transaction.atomic():
        event = audit.record(
            "grant.revoked", by="usr_b", subject="grant:grt_a", now=NOW, private=private, about=about, **data
        )
    return AuditEvent.objects.get(pk=event.pk)


def test_the_log_holds_a_salted_commitment_and_the_value_stands_beside_it() -> None:
    event = record({"reason": SAID}, request="req_a")
    [row] = AuditDisclosure.objects.all()

    assert SAID not in json.dumps(event.data)
    assert event.data["reason"] == {"commitment": commit(bytes(row.salt), "reason", SAID)}
    assert (row.event, row.field, row.value, row.about) == (event.pk, "reason", SAID, "usr_a")
    assert (audit.told(event, "reason"), audit.told(event, "request")) == (SAID, "req_a")


def test_two_events_that_say_the_same_have_commitments_that_differ() -> None:
    first, second = record({"reason": SAID}), record({"reason": SAID})

    assert first.data["reason"] != second.data["reason"]


def test_a_page_of_events_is_told_in_one_query() -> None:
    events = [record({"reason": f"{SAID} {number}"}) for number in range(5)]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        read = audit.tell(events)
        said = [audit.wording(event, "reason") for event in read]

    assert said == [f"{SAID} {number}" for number in range(5)]
    assert len(asked) == 1


def test_events_without_private_values_ask_nothing() -> None:
    event = record({}, request="req_a")
    with CaptureQueriesContext(connection) as asked:
        said = audit.plain(*audit.tell([event]))

    assert said == {"request": "req_a"}
    assert len(asked) == 0


def test_an_erasure_takes_the_values_and_leaves_the_lines() -> None:
    event, other = record({"reason": SAID}), record({"reason": "Of another."}, about="usr_c")
    line = AuditEvent.objects.values().get(pk=event.pk)

    assert audit.forget("usr_a") == 1
    again = AuditEvent.objects.get(pk=event.pk)

    assert AuditEvent.objects.values().get(pk=event.pk) == line
    assert (audit.told(again, "reason"), audit.wording(again, "reason")) == ("", "Erased.")
    assert audit.plain(again) == {"reason": "Erased."}
    assert audit.told(AuditEvent.objects.get(pk=other.pk), "reason") == "Of another."


def test_an_empty_value_hides_nothing() -> None:
    event = record({"reason": ""})

    assert event.data == {"reason": ""}
    assert not AuditDisclosure.objects.exists()


def test_what_was_just_recorded_is_told_without_a_query() -> None:
    with transaction.atomic():
        event = audit.record(
            "grant.revoked", by="usr_b", subject="grant:grt_a", now=NOW, private={"reason": SAID}
        )
    with CaptureQueriesContext(connection) as asked:
        assert audit.wording(event, "reason") == SAID
    assert len(asked) == 0


@pytest.mark.parametrize("data", [{"share": 0.5}, {"deep": [{"share": 1.0}]}, {"big": 2**53}])
def test_what_has_no_canonical_bytes_is_refused_where_it_is_recorded(data: dict[str, Any]) -> None:
    """The signer could not put it into the tree, nor anything after it."""
    with pytest.raises(RuntimeError, match="canonical"):
        record({}, **data)
    with pytest.raises(RuntimeError, match="canonical"):
        record(data)
    assert not AuditEvent.objects.exists()


def test_a_secret_among_private_values_is_refused_too() -> None:
    with pytest.raises(RuntimeError, match="looks like a secret"):
        record({"reason": "wp_" + "x" * 46})


def test_a_field_is_said_once() -> None:
    with pytest.raises(RuntimeError, match="twice"):
        record({"reason": SAID}, reason="Something else.")


def test_nobody_is_not_forgotten() -> None:
    record({"reason": SAID}, about="")

    with pytest.raises(RuntimeError):
        audit.forget("")
    assert AuditDisclosure.objects.count() == 1


def test_no_event_is_given_words_or_addresses_as_plain_values() -> None:
    """What people type or are called goes in as `private`; the portal's own words for a reason may stand."""
    found = []
    for top in ("portal", "licenses", "weights_vault"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in RECORDING:
                    found += [
                        f"{path.relative_to(ROOT)}:{node.lineno} {each.arg}"
                        for each in node.keywords
                        if each.arg in TYPED and not isinstance(each.value, ast.Constant)
                    ]
    assert found == []
