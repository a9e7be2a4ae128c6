"""Close-out: the holder ends a grant for good and certifies what became of the copies."""

from datetime import date, timedelta
from typing import Any

import pytest

from licenses import actions, policies, queries
from licenses.models import Agreement, DestructionCertificate, Grant
from portal.accounts import pending
from portal.core import audit
from portal.core.models import AuditEvent, Job, OutboxMessage
from portal.core.problems import Conflict, Invalid, NotPermitted
from portal.core.verdicts import Denied
from tests.unit.licenses.world import DAY, NOW, World, person, session, token

pytestmark = pytest.mark.database

SAID: dict[str, Any] = {"copies": 2, "method": "Shredded the disks.", "destroyed_on": NOW.date()}


def test_close_out_closes_certifies_and_orders_the_document(world: World) -> None:
    grant = world.grant_in("active")
    certificate = world.close_out(grant, now=NOW + DAY)
    grant.refresh_from_db()
    assert (grant.state, grant.state_reason) == (
        "closed",
        "Closed by its holder; 2 copies destroyed by 21 Nov 2026.",
    )
    assert (certificate.typed_name, certificate.how) == ("Ada Example", "session")
    assert Agreement.objects.filter(certificate=certificate, pdf=None).exists()
    kinds = list(AuditEvent.objects.filter(subject=f"grant:{grant.pk}").values_list("kind", flat=True))
    assert kinds[-2:] == ["grant.closed", "grant.certified"]
    told = audit.plain(AuditEvent.objects.get(kind="grant.certified"))
    assert told == {
        "how": "session",
        "copies": 2,
        "method": "Shredded the disks.",
        "destroyed_on": "2026-11-21",
    }


def test_holder_and_legal_staff_are_told_and_nobody_else(world: World) -> None:
    manager = session(person("max", "release_manager"))
    world.close_out(world.grant_in("active"))
    told = set(OutboxMessage.objects.filter(template__endswith="grant_closed").values_list("to", flat=True))
    assert told == {f"{name}@example.org" for name in ("ada", "rita", "rob", "rosa")}
    assert manager.person.email not in told


def test_closed_grant_opens_nothing_more(world: World) -> None:
    grant = world.grant_in("active")
    world.close_out(grant)
    verdict = policies.access(queries.facts(world.ada, grant.release), "headers", NOW)
    assert isinstance(verdict, Denied)
    assert verdict.code == "grant_closed"


def test_expired_and_suspended_grants_can_be_closed_out_too(world: World) -> None:
    grant = world.grant_in("suspended")
    assert world.close_out(grant, now=grant.ends_at + DAY).grant == grant


def test_second_close_out_changes_nothing(world: World) -> None:
    grant = world.grant_in("active")
    world.close_out(grant)
    with pytest.raises(Conflict) as raised:
        world.close_out(grant)
    assert raised.value.code == "state_changed"
    assert DestructionCertificate.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("copies", -1),
        ("copies", 1_000_001),
        ("method", "  "),
        ("method", "bell\a"),
        ("destroyed_on", NOW.date() + timedelta(days=1)),
        ("destroyed_on", NOW.date() - timedelta(days=1)),
        ("typed_name", "Somebody Else"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_the_grant_lives(
    world: World, field: str, value: object
) -> None:
    grant = world.grant_in("active")
    with pytest.raises(Invalid) as raised:
        actions.close_out(
            grant=grant, by=world.ada, now=NOW, **{**SAID, "typed_name": "Ada Example", field: value}
        )
    assert list(raised.value.errors) == [field]
    assert Grant.objects.get().state == "active"


def test_a_holder_without_copies_says_so_and_closes(world: World) -> None:
    grant = world.grant_in("active")
    said = {**SAID, "copies": 0, "method": "None was ever downloaded."}
    actions.close_out(grant=grant, typed_name="ada  example", by=world.ada, now=NOW, **said)
    assert "0 copies" in Grant.objects.get().state_reason


def test_no_token_closes_but_one_may_prepare_it(world: World) -> None:
    grant, program = world.grant_in("active"), token(world.ada.person, "requests")
    with pytest.raises(NotPermitted):
        world.close_out(grant, program)
    action = actions.propose_close_out(grant=grant, by=program, now=NOW, **SAID)
    assert "for good" in action.summary
    assert "2 copies, the last on 20 Nov 2026. How: Shredded the disks." in action.summary
    assert Grant.objects.get().state == "active"
    done = pending.confirm(action=action, by=world.ada, now=NOW)
    certificate = DestructionCertificate.objects.get()
    assert certificate.how == f"pending:{action.pk}"
    assert done.result == {"grant": grant.pk, "agreement": certificate.agreement.pk}
    assert Job.objects.filter(key__contains=certificate.agreement.pk).exists()


def test_nobody_prepares_the_close_out_of_another(world: World) -> None:
    grant = world.grant_in("active")
    for by in (session(person("bo")), world.rita, token(world.ada.person, "read")):
        with pytest.raises(NotPermitted):
            actions.propose_close_out(grant=grant, by=by, now=NOW, **SAID)


def test_what_was_prepared_is_checked_again_when_it_is_confirmed(world: World) -> None:
    grant = world.grant_in("active")
    action = actions.propose_close_out(grant=grant, by=world.ada, now=NOW, **SAID)
    actions.revoke(grant=grant, reason="Shared.", by=world.rita, now=NOW)
    with pytest.raises(Conflict):
        pending.confirm(action=action, by=world.ada, now=NOW)
    assert not DestructionCertificate.objects.exists()


def test_a_day_is_a_day_in_utc(world: World) -> None:
    grant = world.grant_in("active")
    certificate = world.close_out(grant, now=NOW + 12 * DAY / 24 - timedelta(seconds=1))
    assert certificate.destroyed_on == date(2026, 11, 20)
