"""Suspend, resume, revoke, extend, one or many: with a reason, by staff, and at once. G1."""

from datetime import datetime

import pytest
from django.db import OperationalError

from licenses import actions, states
from licenses.access import LicenseAccess
from licenses.actions import granting
from licenses.events import GrantChanged
from licenses.models import Grant
from portal.accounts.models import RoleGrant
from portal.accounts.principals import Principal
from portal.core import audit, events, times
from portal.core.models import OutboxMessage
from portal.core.problems import Conflict, Invalid, NotPermitted
from portal.core.verdicts import Allowed, Denied
from tests.unit.licenses.world import DAY, NOW, World, person, session

pytestmark = pytest.mark.database


def judged(world: World, purpose: str = "manifest", grant: str | None = None) -> str | None:
    verdict = LicenseAccess().judge(world.ada, world.release, purpose, now=NOW, grant=grant)  # type: ignore[arg-type]
    return verdict.code if isinstance(verdict, Denied) else verdict.grant


def test_a_revoked_grant_opens_nothing_from_the_next_question_on(world: World) -> None:
    """G1"""
    grant = world.grant_in(states.ACTIVE)
    assert judged(world) == grant.pk
    actions.revoke(grant=grant, reason="Shared with others.", by=world.rita, now=NOW)
    for purpose in ("manifest", "headers", "urls"):
        assert judged(world, purpose) == "grant_revoked"
        assert judged(world, purpose, grant.pk) == "grant_revoked"


def test_suspended_and_resumed(world: World) -> None:
    grant = world.grant_in(states.ACTIVE)
    actions.suspend(grant=grant, reason="A question is open.", by=world.rob, now=NOW)
    assert judged(world) == "grant_suspended"
    actions.resume(grant=grant, reason="It was answered.", by=world.rob, now=NOW)
    assert judged(world) == grant.pk


@pytest.mark.parametrize(
    ("action", "source"),
    [
        ("suspend", states.ACTIVE),
        ("resume", states.SUSPENDED),
        ("revoke", states.ACTIVE),
        ("revoke", states.SUSPENDED),
    ],
)
def test_a_change_is_logged_and_mailed_with_its_reason(world: World, action: str, source: str) -> None:
    grant = world.grant_in(source)
    OutboxMessage.objects.all().delete()
    changed = getattr(actions, action)(grant=grant, reason="Because of X.", by=world.rita, now=NOW)
    past = {"suspend": "suspended", "resume": "resumed", "revoke": "revoked"}[action]
    event = audit.trail(f"grant:{grant.pk}").last()
    assert event is not None
    assert (event.kind, event.by, audit.told(event, "reason")) == (
        f"grant.{past}",
        world.rita.actor,
        "Because of X.",
    )
    assert changed.state_reason == "Because of X."
    [mail] = OutboxMessage.objects.all()
    assert (mail.to, "Because of X." in mail.text) == ("ada@example.org", True)


@pytest.mark.parametrize("action", ["suspend", "resume", "revoke"])
@pytest.mark.parametrize("reason", ["", "  ", "a\x00", "wp_" + "a" * 30])
def test_a_change_needs_a_reason_that_can_be_shown(world: World, action: str, reason: str) -> None:
    grant = world.grant_in(states.ACTIVE)
    with pytest.raises(Invalid) as caught:
        getattr(actions, action)(grant=grant, reason=reason, by=world.rita, now=NOW)
    assert list(caught.value.errors) == ["reason"]


@pytest.mark.parametrize("final", [states.REVOKED, states.CLOSED])
@pytest.mark.parametrize("action", ["suspend", "resume", "revoke"])
def test_a_final_state_is_final(world: World, final: str, action: str) -> None:
    grant = world.grant_in(final)
    with pytest.raises(Conflict) as caught:
        getattr(actions, action)(grant=grant, reason="Because.", by=world.rita, now=NOW)
    assert caught.value.code == "state_changed"


def test_holders_do_not_change_their_grants(world: World) -> None:
    grant = world.grant_in(states.ACTIVE)
    with pytest.raises(NotPermitted) as caught:
        actions.revoke(grant=grant, reason="Because.", by=world.ada, now=NOW)
    assert caught.value.code == "role_required"


def test_staff_do_not_change_their_own_grants(world: World) -> None:
    """A reviewer whose grant was suspended is not the one who resumes it."""
    grant = world.grant_in(states.SUSPENDED)
    RoleGrant.objects.create(user=grant.user, role="reviewer", by="system:test", at=NOW)
    with pytest.raises(NotPermitted) as caught:
        actions.resume(grant=grant, reason="I say so.", by=session(grant.user), now=NOW)
    assert caught.value.code == "own_grant"


def test_a_change_is_told_to_other_apps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[GrantChanged] = []
    monkeypatch.setitem(events._handlers, GrantChanged, [heard.append])
    grant = world.grant_in(states.SUSPENDED)
    assert [(event.grant, event.reason) for event in heard] == [(grant, "A question is open.")]


def test_a_grant_of_somebody_else_is_none(world: World) -> None:
    """G3, the half of the rule: another person's grant id opens nothing."""
    grant = world.grant_in(states.ACTIVE)
    verdict = LicenseAccess().judge(world.rita, world.release, "headers", now=NOW, grant=grant.pk)
    assert isinstance(verdict, Denied)
    assert verdict.code == "no_request"


def test_naming_another_grant_than_the_live_one_opens_nothing(world: World) -> None:
    """G3, the half of the rule: the grant that is named is the one judged, never the best one there is."""
    ended = world.grant_in(states.CLOSED)
    live = Grant.objects.get(state=states.ACTIVE)
    within = live.starts_at + DAY
    access = LicenseAccess()
    assert access.judge(world.ada, world.release, "urls", now=within, grant=live.pk) == Allowed(live.pk)
    for named in (ended.pk, "grt_unheard_of"):
        assert not access.judge(world.ada, world.release, "urls", now=within, grant=named)


def test_an_ended_grant_opens_nothing_though_no_job_ran(world: World) -> None:
    grant = world.grant_in(states.ACTIVE)
    at_its_end = LicenseAccess().judge(world.ada, world.release, "urls", now=grant.ends_at)
    just_before = LicenseAccess().judge(world.ada, world.release, "urls", now=grant.ends_at - DAY / 86_400)
    assert isinstance(at_its_end, Denied)
    assert at_its_end.code == "grant_expired"
    assert just_before == Allowed(grant.pk)


def test_a_disabled_account_opens_nothing(world: World) -> None:
    world.grant_in(states.ACTIVE)
    assert world.ada.user is not None
    world.ada.user.is_active = False
    world.ada.user.save()
    verdict = LicenseAccess().judge(session(world.ada.user), world.release, "urls", now=NOW)
    assert isinstance(verdict, Denied)
    assert verdict.code == "account_disabled"


def test_an_extended_grant_ends_later_and_its_holder_reads_why(world: World) -> None:
    grant = world.grant_in(states.ACTIVE)
    OutboxMessage.objects.all().delete()
    later = grant.ends_at + 90 * DAY
    extended = actions.extend(
        grant=grant, ends_at=later, reason="The cluster was late.", by=world.rita, now=NOW
    )
    assert (extended.state, extended.state_reason, extended.ends_at) == (states.ACTIVE, "", later)
    event = audit.trail(f"grant:{grant.pk}").last()
    assert event is not None
    assert (event.kind, event.data["ends_at"]) == ("grant.extended", later.isoformat())
    [mail] = OutboxMessage.objects.all()
    assert "The cluster was late." in mail.text
    assert times.day(later) in mail.subject


def test_a_suspended_grant_that_is_extended_keeps_the_reason_of_its_hold(world: World) -> None:
    grant = world.grant_in(states.SUSPENDED)
    extended = actions.extend(
        grant=grant, ends_at=grant.ends_at + DAY, reason="Time for the answer.", by=world.rita, now=NOW
    )
    assert (extended.state, extended.state_reason) == (states.SUSPENDED, "A question is open.")
    assert "Time for the answer." in OutboxMessage.objects.order_by("pk").last().text  # type: ignore[union-attr]


def test_a_grant_may_be_made_to_end_sooner_and_an_ended_one_holds_again(world: World) -> None:
    grant = world.grant_in(states.ACTIVE)
    sooner = actions.extend(
        grant=grant, ends_at=NOW + DAY, reason="The project ends.", by=world.rita, now=NOW
    )
    Grant.objects.filter(pk=grant.pk).update(expired_at=NOW + DAY)
    assert sooner.ends_at == NOW + DAY
    again = actions.extend(
        grant=grant, ends_at=NOW + 9 * DAY, reason="It goes on.", by=world.rita, now=NOW + 2 * DAY
    )
    assert again.expired_at is None
    access = LicenseAccess().judge(world.ada, world.release, "urls", now=NOW + 3 * DAY)
    assert access == Allowed(grant.pk)


@pytest.mark.parametrize("ends_at", [None, NOW, NOW - DAY, NOW + 3651 * DAY, NOW + 365 * DAY])
def test_an_end_that_passed_or_is_too_far_or_is_the_same_is_refused(
    world: World, ends_at: datetime | None
) -> None:
    grant = world.grant_in(states.ACTIVE)
    with pytest.raises(Invalid) as caught:
        actions.extend(grant=grant, ends_at=ends_at, reason="Why.", by=world.rita, now=NOW)  # type: ignore[arg-type]
    assert caught.value.code == "ends_at_invalid"
    grant.refresh_from_db()
    assert grant.ends_at == NOW + 365 * DAY


def team(world: World, *names: str) -> list[Grant]:
    """A grant for each of these people."""
    grants = []
    for name in names:
        by = session(person(name))
        request = world.submit(world.draft(by), by)
        world.vote(request, world.rita)
        world.vote(request, world.rob)
        title = f"{name.title()} Example"
        grants += actions.sign(
            request=request, typed_name=title, license_sha256=world.license.sha256, by=by, now=NOW
        )
    return grants


def test_of_many_each_stands_for_itself_and_says_why_it_was_not_changed(world: World) -> None:
    """As R9: what cannot be changed keeps nothing from the others."""
    grants = team(world, "bo", "cy", "di")
    actions.revoke(grant=grants[1], reason="Shared with others.", by=world.rita, now=NOW)
    outcomes = actions.change_many(
        grants=grants, verb="suspend", reason="The institute closed.", by=world.rita, now=NOW
    )
    assert [outcome.grant.pk for outcome in outcomes] == [grant.pk for grant in grants]
    assert [outcome.problem and outcome.problem.code for outcome in outcomes] == [None, "state_changed", None]
    held = Grant.objects.filter(state=states.SUSPENDED, state_reason="The institute closed.")
    assert {grant.pk for grant in held} == {grants[0].pk, grants[2].pk}


def test_of_many_one_that_breaks_leaves_nothing_of_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R10, R9: its audit event, its mail and its state go together."""
    grants = team(world, "bo", "cy")

    def dies(event: GrantChanged) -> None:
        if event.grant.pk == grants[0].pk:
            raise Conflict("broken", "This one breaks.")

    monkeypatch.setitem(events._handlers, GrantChanged, [dies])
    OutboxMessage.objects.all().delete()
    first, second = actions.change_many(grants=grants, verb="revoke", reason="Why.", by=world.rita, now=NOW)
    assert first.problem is not None
    assert second.problem is None
    assert Grant.objects.get(pk=grants[0].pk).state == states.ACTIVE
    assert [mail.to for mail in OutboxMessage.objects.all()] == ["cy@example.org"]
    assert not audit.trail(f"grant:{grants[0].pk}").filter(kind="grant.revoked").exists()


def test_without_a_reason_or_with_too_many_nothing_of_many_is_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    grants = team(world, "bo", "cy")
    with pytest.raises(Invalid) as caught:
        actions.change_many(grants=grants, verb="revoke", reason=" ", by=world.rita, now=NOW)
    assert caught.value.code == "reason_missing"
    monkeypatch.setattr("licenses.actions.granting.MAX_AT_ONCE", 1)
    with pytest.raises(Invalid) as caught:
        actions.change_many(grants=grants, verb="revoke", reason="Why.", by=world.rita, now=NOW)
    assert caught.value.code == "too_many_grants"
    assert Grant.objects.filter(state=states.ACTIVE).count() == 2


def test_of_many_those_of_one_who_may_not_are_refused_one_by_one(world: World) -> None:
    grants = team(world, "bo")
    [outcome] = actions.change_many(grants=grants, verb="revoke", reason="Why.", by=world.ada, now=NOW)
    assert outcome.problem is not None
    assert outcome.problem.code == "role_required"


def test_a_database_that_gives_up_on_one_grant_keeps_the_others_from_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = world.grant_in(states.ACTIVE)
    real, called = granting.lock_grant, []

    def fails_once(given: Grant, by: Principal) -> Grant:
        called.append(given)
        if len(called) == 1:
            raise OperationalError("deadlock detected")
        return real(given, by)

    monkeypatch.setattr(granting, "lock_grant", fails_once)
    outcomes = actions.change_many(
        grants=[grant, grant], verb="suspend", reason="A question is open.", by=world.rita, now=NOW
    )

    assert [outcome.problem.code if outcome.problem else "" for outcome in outcomes] == ["unavailable", ""]
