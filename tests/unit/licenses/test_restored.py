"""J3: a backup was restored, and the log names grants that were taken away since: they stay away."""

import pytest
from django.db import transaction

from licenses import actions, states
from licenses.access import LicenseAccess
from portal.core import events
from portal.core.log.recovering import EventsLost, Lost
from portal.core.models import AuditEvent
from portal.core.verdicts import Denied
from tests.unit.licenses.world import NOW, World

pytestmark = pytest.mark.database


def lose(*kinds: str, grant: str) -> None:
    lost = [
        Lost(number, {"kind": kind, "subject": f"grant:{grant}", "event": number, "data": {}})
        for number, kind in enumerate(kinds)
    ]
    with transaction.atomic():
        events.publish(EventsLost(tuple(lost), NOW))


def refused(world: World) -> str:
    verdict = LicenseAccess().judge(world.ada, world.release, "manifest", now=NOW)  # type: ignore[arg-type]
    return verdict.code if isinstance(verdict, Denied) else ""


@pytest.mark.parametrize("kind", ["grant.revoked", "grant.suspended", "grant.closed"])
def test_live_grant_that_was_taken_away_opens_nothing_until_staff_decide(world: World, kind: str) -> None:
    grant = world.grant_in(states.ACTIVE)
    assert refused(world) == ""
    lose(kind, grant=grant.pk)
    assert refused(world) == "grant_suspended"
    grant.refresh_from_db()
    assert kind.removeprefix("grant.") in grant.state_reason
    assert AuditEvent.objects.filter(kind="grant.suspended", by="system:log_signer").count() == 1
    actions.resume(grant=grant, reason="It was not meant.", by=world.rob, now=NOW)
    assert refused(world) == ""


def test_grant_that_was_given_back_in_the_end_stays_live(world: World) -> None:
    grant = world.grant_in(states.ACTIVE)
    lose("grant.suspended", "grant.resumed", grant=grant.pk)
    assert refused(world) == ""


@pytest.mark.parametrize(
    ("state", "kind"), [(states.SUSPENDED, "grant.suspended"), (states.REVOKED, "grant.revoked")]
)
def test_grant_that_is_not_live_is_left_as_it_is(world: World, state: str, kind: str) -> None:
    grant = world.grant_in(state)
    reason = grant.state_reason
    lose(kind, grant=grant.pk)
    grant.refresh_from_db()
    assert (grant.state, grant.state_reason) == (state, reason)


@pytest.mark.parametrize("what", ["revoked", "closed"])
def test_suspended_grant_that_was_taken_for_good_says_so_to_who_would_resume_it(
    world: World, what: str
) -> None:
    grant = world.grant_in(states.SUSPENDED)
    before = grant.state_reason
    lose(f"grant.{what}", grant=grant.pk)
    grant.refresh_from_db()
    assert (grant.state, grant.state_reason.startswith(f"{before} ")) == (states.SUSPENDED, True)
    assert f"this grant was {what} after that day" in grant.state_reason
    assert AuditEvent.objects.filter(kind="grant.suspended", by="system:log_signer").count() == 1


def test_grant_of_after_the_backup_is_gone_and_stops_nothing(world: World) -> None:
    grant = world.grant_in(states.ACTIVE)
    lose("grant.revoked", grant="grt_unknown")
    grant.refresh_from_db()
    assert grant.state == states.ACTIVE
