"""Pending actions: proposed by a program, decided once by their owner in a browser."""

import re
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from portal.accounts import pending
from portal.accounts.models import PendingAction, User
from portal.accounts.principals import ANONYMOUS, Principal, principal_for
from portal.core import audit
from portal.core.models import AuditEvent
from portal.core.problems import Conflict, NotFound, NotPermitted, TooMany
from tests.unit.accounts.conftest import NOW, MakeUser

KIND = "trial"
performed: list[str] = []


@pytest.fixture(autouse=True)
def _trial_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    performed.clear()
    monkeypatch.setattr(pending, "_performers", {})
    pending.register(KIND, perform)


def perform(action: PendingAction, by: Principal, now: datetime) -> dict[str, Any]:
    if action.payload.get("refuse"):
        raise Conflict("state_changed", "It moved on.")
    # A trace in the database: it must count once, and be undone with the rest.
    audit.record("trial.done", by=by.actor, subject=f"trial:{action.pk}", now=now)
    performed.append(action.pk)
    return {"done": True}


@pytest.fixture
def token(ada: User) -> Principal:
    """A program of Ada's."""
    return principal_for(ada, scopes=frozenset(["read"]), token_id="tok_a")


def propose(by: Principal, *, now: datetime = NOW, **payload: Any) -> PendingAction:
    return pending.propose(kind=KIND, by=by, payload=payload, summary="Enroll the key “laptop”.", now=now)


def test_program_proposes_and_nothing_happens_yet(token: Principal) -> None:
    action = propose(token, key="key_a")
    assert (action.state, action.user, action.requested_by) == ("pending", token.user, "tok_a")
    assert action.expires_at - action.created_at == timedelta(minutes=15)
    assert re.fullmatch(r"[B-DF-HJ-NP-TV-XZ]{4}-[2-9]{4}", action.code)
    assert action.url.endswith(f"/pending/{action.pk}/")
    assert performed == []


@pytest.mark.database
def test_owner_confirms_in_a_browser_and_it_happens(token: Principal, session: Principal) -> None:
    action = pending.confirm(action=propose(token), by=session, now=NOW)
    assert (action.state, action.decided_at, action.result) == ("confirmed", NOW, {"done": True})
    assert performed == [action.pk]


@pytest.mark.database
def test_owner_refuses_and_it_never_happens(token: Principal, session: Principal) -> None:
    action = pending.refuse(action=propose(token), by=session, now=NOW)
    assert (action.state, action.result) == ("refused", None)
    with pytest.raises(Conflict, match="pending_action_refused"):
        pending.confirm(action=action, by=session, now=NOW)
    assert performed == []


@pytest.mark.parametrize("decide", [pending.confirm, pending.refuse])
def test_token_alone_decides_nothing(token: Principal, decide: Any) -> None:
    action = propose(token)
    with pytest.raises(NotPermitted) as caught:
        decide(action=action, by=token, now=NOW)
    assert caught.value.code == "token_scope"
    action.refresh_from_db()
    assert action.state == "pending"


@pytest.mark.parametrize("decide", [pending.confirm, pending.refuse])
def test_somebody_else_does_not_learn_that_it_exists(
    token: Principal, make_user: MakeUser, decide: Any
) -> None:
    action, eve = propose(token), principal_for(make_user("eve@example.org"))
    with pytest.raises(NotFound):
        decide(action=action, by=eve, now=NOW)
    assert list(pending.visible_to(eve)) == []
    assert list(pending.visible_to(token)) == [action]
    assert list(pending.visible_to(ANONYMOUS)) == []


def test_nobody_proposes_or_decides_unless_signed_in(token: Principal) -> None:
    with pytest.raises(NotPermitted) as caught:
        propose(ANONYMOUS)
    assert caught.value.code == "login_required"
    with pytest.raises(NotPermitted) as caught:
        pending.confirm(action=propose(token), by=ANONYMOUS, now=NOW)
    assert caught.value.status == 401


def test_expired_action_says_so_and_does_not_happen(token: Principal, session: Principal) -> None:
    action = propose(token)
    end = action.expires_at
    assert action.state_at(end - timedelta(seconds=1)) == "pending"
    assert action.state_at(end) == "expired"
    with pytest.raises(Conflict, match="pending_action_expired"):
        pending.confirm(action=action, by=session, now=end)
    pending.expire({}, end)
    action.refresh_from_db()
    assert action.state == "expired"
    assert performed == []


def test_expiry_job_leaves_the_living_and_the_decided_alone(token: Principal, session: Principal) -> None:
    confirmed = pending.confirm(action=propose(token), by=session, now=NOW)
    living = propose(token, now=NOW + timedelta(minutes=10))
    pending.expire({}, NOW + timedelta(minutes=16))
    states = dict(PendingAction.objects.values_list("pk", "state"))
    assert states == {confirmed.pk: "confirmed", living.pk: "pending"}


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_refusal_by_what_it_does_leaves_it_pending(make_user: MakeUser) -> None:
    session = principal_for(make_user())
    action = propose(session, refuse=True)
    with pytest.raises(Conflict, match="state_changed"):
        pending.confirm(action=action, by=session, now=NOW)
    action.refresh_from_db()
    assert action.state == "pending"
    assert not AuditEvent.objects.filter(kind="pending.confirmed").exists()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a4_fifty_confirmations_at_once_happen_once(make_user: MakeUser) -> None:
    session = principal_for(make_user())
    action = propose(session)
    start, outcomes = threading.Barrier(50), []

    def confirm() -> None:
        start.wait()
        try:
            pending.confirm(action=PendingAction.objects.get(pk=action.pk), by=session, now=NOW)
            outcomes.append("done")
        except Conflict as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done"] + ["pending_action_confirmed"] * 49
    assert performed == [action.pk]
    assert AuditEvent.objects.filter(kind="trial.done").count() == 1
    assert AuditEvent.objects.filter(kind="pending.confirmed").count() == 1


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_r10_failing_audit_write_undoes_the_confirmation(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = principal_for(make_user())
    action = propose(session)
    real = audit.record

    def fail_last(kind: str, **fields: Any) -> AuditEvent:
        if kind == "pending.confirmed":
            raise OSError("no audit")
        return real(kind, **fields)

    monkeypatch.setattr(audit, "record", fail_last)
    with pytest.raises(OSError, match="no audit"):
        pending.confirm(action=action, by=session, now=NOW)
    action.refresh_from_db()
    assert (action.state, action.result) == ("pending", None)
    assert not AuditEvent.objects.filter(kind="trial.done").exists()


def test_waiting_actions_are_limited(token: Principal) -> None:
    for _ in range(pending.MOST_PENDING):
        propose(token)
    with pytest.raises(TooMany) as caught:
        propose(token)
    assert caught.value.retry_after_s == 900
    propose(token, now=NOW + timedelta(minutes=15))


def test_a7_each_step_is_in_the_log(token: Principal, session: Principal, ada: User) -> None:
    action = propose(token)
    pending.refuse(action=action, by=session, now=NOW)
    events = [(event.kind, event.by, event.data["token"]) for event in audit.trail(f"pending:{action.pk}")]
    assert events == [
        ("pending.proposed", ada.public_id, "tok_a"),
        ("pending.refused", ada.public_id, None),
    ]


def test_unknown_kind_is_a_mistake_of_ours(token: Principal) -> None:
    with pytest.raises(RuntimeError, match="nothing performs"):
        pending.propose(kind="unknown", by=token, payload={}, summary="x", now=NOW)
    with pytest.raises(RuntimeError, match="two ways"):
        pending.register(KIND, lambda action, by, now: {})
