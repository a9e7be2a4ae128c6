"""Recalling a revision: the head says so at once, and whoever was given headers is told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.models import RoleGrant, User
from portal.accounts.principals import Principal, principal_for, system_principal
from portal.accounts.roles import RELEASE_MANAGER, REVIEWER
from portal.core import audit, jobs
from portal.core.audit import trail
from portal.core.events import _handlers, subscribe
from portal.core.keys import public_keys, root_fingerprint
from portal.core.models import Job, OutboxMessage
from portal.core.outbox import queue_mail
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.vault.fakes import GRANT
from weights_vault import delivery, keeper
from weights_vault.actions import notices
from weights_vault.actions.withdraw import quarantine, restore, withdraw
from weights_vault.events import RevisionWithdrawn
from weights_vault.models import RecipientKey, Release, Revision
from weights_vault.queries import revision_for
from weights_vault.sealed.keys import generate_identity
from weights_vault.sealed.trust import Head, open_head, open_trust
from weights_vault.states import REVISION_TRANSITIONS

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SYSTEM = system_principal("test")
ACTIONS: dict[str, Callable[..., Revision]] = {
    "quarantine": quarantine,
    "restore": restore,
    "withdraw": withdraw,
}


@pytest.fixture
def manager(make_person: Callable[[str], User], now: datetime) -> Principal:
    user = make_person("manager@example.org")
    RoleGrant.objects.create(user=user, role=RELEASE_MANAGER, by="system:test", at=now)
    return principal_for(user, mfa=True)


@pytest.fixture
def given_headers(session: Principal, revision: Revision, key: RecipientKey, now: datetime) -> None:
    keeper.issue_headers(
        by=session, grant=GRANT, revision=revision, key=key, files=list(revision.files.all()), now=now
    )


def mails() -> QuerySet[OutboxMessage]:
    """What the jobs of a recall queued."""
    jobs.run_due(worker="test", now=timezone.now())
    return OutboxMessage.objects.order_by("pk")


def head(release: Release, now: datetime, portal: str) -> Head:
    trust = open_trust(
        delivery.trust_document(now), pinned=root_fingerprint(), minimum_sequence=0, portal=portal, now=now
    )
    return open_head(
        delivery.current_head(release, now), trust, release=release.slug, minimum_sequence=0, now=now
    )


def test_withdrawn_revision_gives_way_to_the_one_before(
    release: Release, revision: Revision, publish: Callable[..., Revision], now: datetime, settings: Any
) -> None:
    second = publish("v2")
    withdraw(revision=second, reason="Damaged shard.", by=SYSTEM, now=now)
    found = head(release, now, settings.PORTAL_URL)
    assert (found.revision, found.sequence, found.withdrawn) == ("v1", 2, ("v2",))
    assert revision_for(release) == revision


def test_release_with_nothing_left_says_what_was_withdrawn(
    release: Release, revision: Revision, now: datetime, settings: Any
) -> None:
    quarantine(revision=revision, reason="Being looked at.", by=SYSTEM, now=now)
    found = head(release, now, settings.PORTAL_URL)
    assert (found.revision, dict(found.revisions), found.withdrawn) == ("v1", {}, ("v1",))


def test_restored_revision_is_current_again(
    release: Release, revision: Revision, now: datetime, settings: Any
) -> None:
    quarantine(revision=revision, reason="Being looked at.", by=SYSTEM, now=now)
    restored = restore(revision=revision, reason="All is well.", by=SYSTEM, now=now)
    assert restored.state == "published"
    assert head(release, now, settings.PORTAL_URL).withdrawn == ()


@pytest.mark.parametrize("action", ["quarantine", "withdraw"])
def test_everybody_who_was_given_headers_is_told_once(
    action: str, given_headers: None, revision: Revision, person: User, now: datetime
) -> None:
    ACTIONS[action](revision=revision, reason="A shard is damaged.", by=SYSTEM, now=now)
    message = mails().get()
    assert message.to == person.email
    assert "A shard is damaged." in message.text


def test_they_are_told_too_when_it_comes_back(given_headers: None, revision: Revision, now: datetime) -> None:
    quarantine(revision=revision, reason="Being looked at.", by=SYSTEM, now=now)
    restore(revision=revision, reason="All is well.", by=SYSTEM, now=now)
    assert list(mails().values_list("subject", flat=True)) == [
        "OPT small v1 is on hold",
        "OPT small v1 is available again",
    ]


def test_who_was_given_none_is_not_told(revision: Revision, person: User, now: datetime) -> None:
    withdraw(revision=revision, reason="A shard is damaged.", by=SYSTEM, now=now)
    assert not mails().exists()


def test_person_with_two_keys_is_told_once(
    given_headers: None, session: Principal, person: User, revision: Revision, make_key: Any, now: datetime
) -> None:
    second = make_key(person, generate_identity("x25519"))
    keeper.issue_headers(
        by=session, grant=GRANT, revision=revision, key=second, files=list(revision.files.all()), now=now
    )
    withdraw(revision=revision, reason="A shard is damaged.", by=SYSTEM, now=now)
    assert mails().count() == 1


def test_mail_names_what_to_fetch_instead(
    given_headers: None, revision: Revision, publish: Callable[..., Revision], now: datetime
) -> None:
    publish("v2")
    withdraw(revision=revision, reason="A shard is damaged.", by=SYSTEM, now=now)
    assert "weights download opt-small@v2" in mails().get().text


def test_higher_apps_hear_of_it(revision: Revision, now: datetime) -> None:
    heard: list[RevisionWithdrawn] = []
    before = list(_handlers[RevisionWithdrawn])
    subscribe(RevisionWithdrawn)(heard.append)
    try:
        quarantine(revision=revision, reason="Being looked at.", by=SYSTEM, now=now)
    finally:
        _handlers[RevisionWithdrawn][:] = before
    assert [(event.revision, event.reason) for event in heard] == [(revision, "Being looked at.")]


@pytest.mark.parametrize("state", ["sealing", "gated", "published", "quarantined", "withdrawn"])
@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_in_every_state_does_what_the_table_says(
    action: str, state: str, release: Release, publish: Callable[..., Revision], now: datetime
) -> None:
    """R8 for revisions."""
    revision = _in_state(state, release, publish, now)
    target = {(row.source, row.action): row.target for row in REVISION_TRANSITIONS}.get((state, action))
    if target is None:
        with pytest.raises(Conflict) as caught:
            ACTIONS[action](revision=revision, reason="Because.", by=SYSTEM, now=now)
        assert caught.value.code == "state_changed"
    else:
        assert ACTIONS[action](revision=revision, reason="Because.", by=SYSTEM, now=now).state == target
    revision.refresh_from_db()
    assert revision.state == (target or state)


def _in_state(state: str, release: Release, publish: Callable[..., Revision], now: datetime) -> Revision:
    if state in ("sealing", "gated"):
        return Revision.objects.create(
            release=release, name="v1", state=state, created_at=now, created_by="system:test"
        )
    revision = publish("v1")
    Revision.objects.filter(pk=revision.pk).update(state=state)
    return revision


def test_reason_is_needed(revision: Revision, now: datetime) -> None:
    with pytest.raises(Invalid):
        withdraw(revision=revision, reason="  ", by=SYSTEM, now=now)


def test_reason_stands_in_the_audit_log(revision: Revision, manager: Principal, now: datetime) -> None:
    withdraw(revision=revision, reason="A shard is damaged.", by=manager, now=now)
    event = trail(f"revision:{revision.id}").last()
    assert event is not None
    assert (event.kind, event.by, audit.told(event, "reason")) == (
        "revision.withdrawn",
        manager.actor,
        "A shard is damaged.",
    )


def test_release_manager_may_recall(revision: Revision, manager: Principal, now: datetime) -> None:
    assert quarantine(revision=revision, reason="Look.", by=manager, now=now).state == "quarantined"


def test_release_manager_without_second_factor_may_not(
    revision: Revision, manager: Principal, now: datetime, settings: Any
) -> None:
    """A3"""
    settings.STAFF_MFA = "any"
    without = principal_for(manager.user, mfa=False)  # type: ignore[arg-type]
    with pytest.raises(NotPermitted) as caught:
        quarantine(revision=revision, reason="Look.", by=without, now=now)
    assert caught.value.code == "mfa_required"


def test_reviewer_and_researcher_and_tokens_may_not(
    revision: Revision, person: User, manager: Principal, now: datetime
) -> None:
    RoleGrant.objects.create(user=person, role=REVIEWER, by="system:test", at=now)
    token = principal_for(manager.user, scopes=frozenset({"download"}))  # type: ignore[arg-type]
    for principal in (principal_for(person, mfa=True), token):
        with pytest.raises(NotPermitted):
            withdraw(revision=revision, reason="Look.", by=principal, now=now)


def test_manifest_of_a_recalled_revision_stays_what_it_was(revision: Revision, now: datetime) -> None:
    from weights_vault.sealed.manifest import encode_manifest, open_manifest
    from weights_vault.statement import describe_revision

    withdraw(revision=revision, reason="Damaged.", by=SYSTEM, now=now)
    revision.refresh_from_db()
    signed = open_manifest(bytes(revision.manifest or b""), public_keys("manifest"))
    assert encode_manifest(describe_revision(revision)) == encode_manifest(signed)


@pytest.fixture
def many_holders(
    revision: Revision, make_person: Callable[[str], User], make_key: Any, now: datetime, monkeypatch: Any
) -> list[str]:
    """Seven people with headers; mails go out three a batch."""
    monkeypatch.setattr(notices, "BATCH", 3)
    files = list(revision.files.all())
    for number in range(7):
        user = make_person(f"holder{number}@example.org")
        key = make_key(user, generate_identity("x25519"))
        keeper.issue_headers(
            by=principal_for(user), grant=GRANT, revision=revision, key=key, files=files, now=now
        )
    return [f"holder{number}@example.org" for number in range(7)]


def test_the_recall_itself_writes_one_job_however_many_are_to_be_told(
    many_holders: list[str], revision: Revision, now: datetime
) -> None:
    quarantine(revision=revision, reason="Look.", by=SYSTEM, now=now)
    assert Job.objects.filter(kind=notices.TELL).count() == 1
    assert not OutboxMessage.objects.exists()


def test_batches_reach_everybody_once(many_holders: list[str], revision: Revision, now: datetime) -> None:
    quarantine(revision=revision, reason="Look.", by=SYSTEM, now=now)
    assert sorted(mails().values_list("to", flat=True)) == many_holders
    assert Job.objects.filter(kind=notices.TELL).count() == 3


@pytest.mark.parametrize("killed_in", [1, 2])
def test_j1_a_job_killed_in_any_batch_tells_everybody_exactly_once(
    many_holders: list[str], revision: Revision, now: datetime, monkeypatch: Any, killed_in: int
) -> None:
    quarantine(revision=revision, reason="Look.", by=SYSTEM, now=now)
    sent = iter(range(1, 100))

    def dies(**arguments: Any) -> OutboxMessage:
        message = queue_mail(**arguments)
        if next(sent) == killed_in * 3 - 1:
            raise KeyboardInterrupt  # no error that a handler's caller would catch: as if the process ended
        return message

    monkeypatch.setattr(notices, "queue_mail", dies)
    with pytest.raises(KeyboardInterrupt):
        mails()
    later = timezone.now() + timedelta(seconds=601)
    for _ in range(2):
        jobs.run_due(worker="another", now=later)
    assert sorted(OutboxMessage.objects.values_list("to", flat=True)) == many_holders


def test_a_job_done_twice_tells_nobody_twice(
    many_holders: list[str], revision: Revision, now: datetime
) -> None:
    quarantine(revision=revision, reason="Look.", by=SYSTEM, now=now)
    mails()
    for job in Job.objects.filter(kind=notices.TELL):
        notices.tell(job.payload, now=now)
    assert OutboxMessage.objects.count() == len(many_holders)
