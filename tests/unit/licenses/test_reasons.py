"""Reasons kept ready: who keeps them, and that no version of one is lost."""

import pytest

from licenses import actions, queries
from licenses.models import ReasonTemplate
from portal.core import audit
from portal.core.models import AuditEvent
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.licenses.world import NOW, World, person, session

pytestmark = pytest.mark.database

REASON = {"verdict": "reject", "title": "Commercial", "text": "The use is commercial."}


def test_every_version_of_a_reason_stays_in_the_log(world: World) -> None:
    kept = actions.keep_reason(template=None, by=world.rita, now=NOW, **REASON)
    actions.keep_reason(template=kept, by=world.rob, now=NOW, **{**REASON, "text": "Sold."})
    events = AuditEvent.objects.filter(kind="reason.kept").order_by("index")
    assert [audit.told(event, "text") for event in audit.tell(events)] == ["The use is commercial.", "Sold."]
    assert ReasonTemplate.objects.get().text == "Sold."


def test_an_archived_reason_is_not_offered_and_not_changed(world: World) -> None:
    kept = actions.keep_reason(template=None, by=world.rita, now=NOW, **REASON)
    actions.archive_reason(template=kept, by=world.rita, now=NOW)
    assert queries.reason_for(world.rita, kept.pk) is None
    assert list(queries.reasons(world.rita)) == [kept]
    with pytest.raises(Conflict) as refusal:
        actions.keep_reason(template=kept, by=world.rita, now=NOW, **REASON)
    assert refusal.value.code == "reason_archived"


def test_the_shipped_ones_are_taken_over_once(world: World) -> None:
    first = actions.keep_shipped_reasons(by=world.rita, now=NOW)
    assert {each.verdict for each in first} == {"approve", "request_changes", "reject", "grant"}
    assert actions.keep_shipped_reasons(by=world.rita, now=NOW) == []


@pytest.mark.parametrize("roles", [(), ("release_manager",)])
def test_who_is_no_legal_staff_keeps_none(world: World, roles: tuple[str, ...]) -> None:
    by = session(person("max", *roles))
    with pytest.raises(NotPermitted):
        actions.keep_reason(template=None, by=by, now=NOW, **REASON)
    assert not queries.reasons(by)


@pytest.mark.parametrize(
    "wrong", [{"title": ""}, {"title": "x" * 81}, {"title": "two\nlines"}, {"text": " "}, {"verdict": "like"}]
)
def test_a_reason_is_whole(world: World, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.keep_reason(template=None, by=world.rita, now=NOW, **{**REASON, **wrong})
    assert set(refusal.value.errors) == set(wrong)
