"""Enrolling and removing recipient keys."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from portal.accounts import pending
from portal.accounts.models import PendingAction, User
from portal.accounts.principals import ANONYMOUS, Principal, principal_for
from portal.core.audit import trail
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import Conflict, Invalid, NotPermitted, TooMany, problem_document
from tests.integration.licenses.race import codes, crew
from weights_vault.actions import keys
from weights_vault.models import RecipientKey
from weights_vault.sealed import challenge as challenges
from weights_vault.sealed.keys import Identity, generate_identity

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def origin(settings: Any) -> str:
    settings.PORTAL_URL = "https://weights.example.org"
    return str(settings.PORTAL_URL)


def answer(sealed: bytes, identity: Identity, user: User, now: datetime) -> str:
    opened = challenges.open_challenge(
        sealed, identity, origin="https://weights.example.org", account=user.public_id, now=now
    )
    return challenges.answer(opened)


@pytest.fixture
def start(token: Principal, now: datetime) -> Callable[..., tuple[RecipientKey, bytes, datetime]]:
    def start_it(
        identity: Identity, by: Principal = token, at: datetime = now
    ) -> tuple[RecipientKey, bytes, datetime]:
        return keys.start_enrollment(by=by, recipient=str(identity.recipient), name="laptop", now=at)

    return start_it


@pytest.fixture
def enroll(start: Any, token: Principal, person: User, now: datetime) -> Callable[[Identity], PendingAction]:
    """From the start to the pending action."""

    def enroll_it(identity: Identity) -> PendingAction:
        key, sealed, _ = start(identity)
        return keys.prove(by=token, key=key, answer=answer(sealed, identity, person, now), now=now)

    return enroll_it


@pytest.mark.parametrize("kind", ["x25519", "mlkem768x25519"])
def test_proven_and_confirmed_key_is_active(
    kind: str, enroll: Any, session: Principal, now: datetime
) -> None:
    identity = generate_identity(kind)
    action = enroll(identity)
    assert RecipientKey.objects.get().state == "proven"
    pending.confirm(action=action, by=session, now=now)
    key = RecipientKey.objects.get()
    assert (key.state, key.recipient, key.kind) == ("active", str(identity.recipient), kind)
    assert key.postquantum is (kind == "mlkem768x25519")


def test_owner_is_mailed_about_a_new_key(
    enroll: Any, session: Principal, person: User, identity: Identity, now: datetime
) -> None:
    pending.confirm(action=enroll(identity), by=session, now=now)
    message = OutboxMessage.objects.get()
    assert message.to == person.email
    assert identity.recipient.fingerprint in message.text
    assert mail.outbox == []


def test_each_step_leaves_its_audit_event(
    enroll: Any, session: Principal, identity: Identity, now: datetime
) -> None:
    pending.confirm(action=enroll(identity), by=session, now=now)
    key = RecipientKey.objects.get()
    assert [event.kind for event in trail(f"key:{key.id}")] == [
        "key.challenged",
        "key.proven",
        "key.enrolled",
    ]


def test_token_alone_enrolls_nothing(
    enroll: Any, token: Principal, identity: Identity, now: datetime
) -> None:
    action = enroll(identity)
    with pytest.raises(NotPermitted):
        pending.confirm(action=action, by=token, now=now)
    assert RecipientKey.objects.get().state == "proven"


def test_wrong_answer_spends_the_challenge(
    start: Any, token: Principal, person: User, identity: Identity, now: datetime
) -> None:
    """G9"""
    key, sealed, _ = start(identity)
    right = answer(sealed, identity, person, now)
    with pytest.raises(Conflict) as caught:
        keys.prove(by=token, key=key, answer="0" * 64, now=now)
    assert caught.value.code == "challenge_refused"
    with pytest.raises(Conflict):
        keys.prove(by=token, key=key, answer=right, now=now)


@pytest.mark.parametrize("given", ["", "x", "0" * 63, "0" * 5000, "ü" * 64])
def test_malformed_answer_is_refused(
    given: str, start: Any, token: Principal, identity: Identity, now: datetime
) -> None:
    key, _, _ = start(identity)
    with pytest.raises(Conflict):
        keys.prove(by=token, key=key, answer=given, now=now)


@pytest.mark.django_db(transaction=True)
def test_right_answer_counts_once_of_fifty_at_once(
    start: Any, token: Principal, person: User, identity: Identity, now: datetime
) -> None:
    """A4"""
    key, sealed, _ = start(identity)
    right = answer(sealed, identity, person, now)
    with crew(50) as race:
        results = race.run(*[lambda: keys.prove(by=token, key=key, answer=right, now=now)] * 50)
    assert codes(results) == ["challenge_refused"] * 49
    assert PendingAction.objects.count() == 1


def test_answer_after_ten_minutes_is_refused(
    start: Any, token: Principal, person: User, identity: Identity, now: datetime
) -> None:
    key, sealed, expires = start(identity)
    right = answer(sealed, identity, person, now)
    assert expires == now + timedelta(minutes=10)
    with pytest.raises(Conflict):
        keys.prove(by=token, key=key, answer=right, now=expires)


def test_new_challenge_makes_the_old_answer_worthless(
    start: Any, token: Principal, person: User, identity: Identity, now: datetime
) -> None:
    key, sealed, _ = start(identity)
    old = answer(sealed, identity, person, now)
    again, _, _ = start(identity)
    assert again.pk == key.pk
    with pytest.raises(Conflict):
        keys.prove(by=token, key=again, answer=old, now=now)


def test_answer_of_another_identity_is_refused(
    start: Any, token: Principal, person: User, identity: Identity, now: datetime
) -> None:
    """G9: enrollment without proof of possession."""
    key, _, _ = start(identity)
    other = generate_identity("x25519")
    _, sealed, _ = start(other)
    with pytest.raises(Conflict):
        keys.prove(by=token, key=key, answer=answer(sealed, other, person, now), now=now)


def test_confirming_after_a_restart_adds_nothing(
    enroll: Any, start: Any, session: Principal, identity: Identity, now: datetime
) -> None:
    action = enroll(identity)
    start(identity)
    with pytest.raises(Conflict):
        pending.confirm(action=action, by=session, now=now)
    assert RecipientKey.objects.get().state == "challenged"


UNSUITABLE = {
    "empty": "",
    "nonsense": "hello",
    "low order": "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqs3290gq",
    "short": "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujw",
    "capitals": "AGE1ZVKYG2LQZRAA2LNJVQEJ32NKUU0UES2S82HZRYE869XEEXVN73EQUNUJWJ",
    "ssh": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGfM3U8Yh0o4e8Y3lq0C1Xy0Tn9b2p6T0N0Z0q0Z0q0Z user@host",
    "plugin": "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
    "huge": "age1" + "q" * 100_000,
}


@pytest.mark.parametrize("what", UNSUITABLE)
def test_unsuitable_recipient_is_refused_and_not_stored(what: str, token: Principal, now: datetime) -> None:
    """G9"""
    with pytest.raises(Invalid) as caught:
        keys.start_enrollment(by=token, recipient=UNSUITABLE[what], name="laptop", now=now)
    assert caught.value.code == "recipient_key_unsuitable"
    assert not RecipientKey.objects.exists()
    assert not AuditEvent.objects.filter(kind__startswith="key.").exists()


@pytest.mark.parametrize("kind", ["x25519", "mlkem768x25519"])
def test_private_key_pasted_by_mistake_is_neither_stored_nor_repeated(
    kind: str, token: Principal, now: datetime
) -> None:
    """G9"""
    secret = generate_identity(kind).to_text()
    with pytest.raises(Invalid) as caught:
        keys.start_enrollment(by=token, recipient=secret, name="laptop", now=now)
    told = repr((caught.value.detail, caught.value.extra, caught.value.next_step, caught.value.__cause__))
    assert secret[20:] not in told
    assert not RecipientKey.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "AGE-SECRET-KEY-1QQQ",
        "key: AGE-SECRET-KEY-PQ-1QQQ",
        "wp_0123456789abcdefghijABCDEFG",
        "?signature=abc",
    ],
)
def test_g9_secret_pasted_as_a_name_is_not_kept_and_not_repeated(
    name: str, token: Principal, identity: Identity, now: datetime
) -> None:
    with pytest.raises(Invalid) as caught:
        keys.start_enrollment(by=token, recipient=str(identity.recipient), name=name, now=now)
    assert list(caught.value.errors) == ["name"]
    assert name not in str(problem_document(caught.value))
    assert not RecipientKey.objects.exists()


@pytest.mark.parametrize("name", ["", " \n ", "x" * 101, "a\x00b", "a\u202eb"])
def test_name_is_needed_and_printable(name: str, token: Principal, identity: Identity, now: datetime) -> None:
    with pytest.raises(Invalid) as caught:
        keys.start_enrollment(by=token, recipient=str(identity.recipient), name=name, now=now)
    assert "name" in caught.value.errors


def test_nobody_begins_without_an_account(identity: Identity, now: datetime) -> None:
    with pytest.raises(NotPermitted) as caught:
        keys.start_enrollment(by=ANONYMOUS, recipient=str(identity.recipient), name="x", now=now)
    assert caught.value.status == 401


def test_recipient_active_for_somebody_else_is_refused(
    start: Any, make_person: Any, make_key: Any, identity: Identity
) -> None:
    make_key(make_person("eve@example.org"), identity)
    with pytest.raises(Conflict) as caught:
        start(identity)
    assert caught.value.code == "recipient_key_taken"
    assert RecipientKey.objects.count() == 1


def test_of_two_people_who_prove_one_key_the_first_to_confirm_has_it(
    enroll: Any, make_person: Any, session: Principal, identity: Identity, now: datetime
) -> None:
    action = enroll(identity)
    other = make_person("eve@example.org")
    key, sealed, _ = keys.start_enrollment(
        by=principal_for(other), recipient=str(identity.recipient), name="hers", now=now
    )
    hers = keys.prove(by=principal_for(other), key=key, answer=answer(sealed, identity, other, now), now=now)
    pending.confirm(action=hers, by=principal_for(other), now=now)
    with pytest.raises(Conflict) as caught:
        pending.confirm(action=action, by=session, now=now)
    assert caught.value.code == "recipient_key_taken"


def test_database_itself_refuses_one_recipient_active_twice(
    make_person: Any, make_key: Any, identity: Identity
) -> None:
    make_key(make_person("a@example.org"), identity)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_key(make_person("b@example.org"), identity)


def test_somebody_else_cannot_prove_or_remove_a_key(
    start: Any, make_person: Any, identity: Identity, now: datetime
) -> None:
    key, _, _ = start(identity)
    eve = principal_for(make_person("eve@example.org"))
    for act in (
        lambda: keys.prove(by=eve, key=key, answer="0" * 64, now=now),
        lambda: keys.propose_removal(by=eve, key=key, now=now),
        lambda: keys.remove(by=eve, key=key, now=now),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert RecipientKey.objects.get().state == "challenged"


def test_twenty_keys_are_the_most(start: Any) -> None:
    for _ in range(keys.MAX_LIVE_KEYS):
        start(generate_identity("x25519"))
    with pytest.raises(TooMany):
        start(generate_identity("x25519"))


def test_challenges_that_ran_out_make_room(start: Any, now: datetime) -> None:
    for _ in range(keys.MAX_LIVE_KEYS):
        start(generate_identity("x25519"))
    key, _, _ = start(generate_identity("x25519"), at=now + timedelta(minutes=11))
    assert RecipientKey.objects.get() == key


def test_removal_from_a_browser_is_at_once_and_mailed(
    session: Principal, key: RecipientKey, now: datetime
) -> None:
    removed = keys.remove(by=session, key=key, now=now)
    assert (removed.state, removed.removed_at) == ("removed", now)
    assert OutboxMessage.objects.get().template == "weights_vault/mail/key_removed"
    with pytest.raises(Conflict):
        keys.remove(by=session, key=key, now=now)


def test_token_can_only_propose_a_removal(
    token: Principal, session: Principal, key: RecipientKey, now: datetime
) -> None:
    with pytest.raises(NotPermitted) as caught:
        keys.remove(by=token, key=key, now=now)
    assert caught.value.code == "token_scope"
    action = keys.propose_removal(by=token, key=key, now=now)
    pending.confirm(action=action, by=session, now=now)
    key.refresh_from_db()
    assert key.state == "removed"


def test_removed_recipient_can_be_enrolled_again(
    enroll: Any, session: Principal, identity: Identity, now: datetime
) -> None:
    pending.confirm(action=enroll(identity), by=session, now=now)
    keys.remove(by=session, key=RecipientKey.objects.get(), now=now)
    pending.confirm(action=enroll(identity), by=session, now=now)
    assert sorted(RecipientKey.objects.values_list("state", flat=True)) == ["active", "removed"]


def test_failing_mail_undoes_the_enrollment(
    enroll: Any, session: Principal, identity: Identity, now: datetime, monkeypatch: Any
) -> None:
    """R10"""
    action = enroll(identity)

    def broken(**arguments: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(keys, "queue_mail", broken)
    with pytest.raises(OSError, match="disk full"):
        pending.confirm(action=action, by=session, now=now)
    assert RecipientKey.objects.get().state == "proven"


def test_database_does_not_hold_what_answers_the_challenge(
    start: Any, person: User, identity: Identity, now: datetime
) -> None:
    """G8"""
    _, sealed, _ = start(identity)
    right = answer(sealed, identity, person, now)
    stored = repr(list(RecipientKey.objects.values_list()))
    assert right not in stored
