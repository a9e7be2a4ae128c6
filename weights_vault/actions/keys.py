"""Recipient keys: enrolling with proof of possession, confirmed by a person; removing.

start_enrollment → prove → (a person confirms the pending action) → active → removed
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from portal.accounts import pending
from portal.accounts.models import PendingAction
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit, events
from portal.core.outbox import queue_mail
from portal.core.problems import Conflict, Invalid, NotFound, NotPermitted, TooMany
from portal.core.secrecy import holds_secret
from portal.core.verdicts import Verdict
from weights_vault.events import KeyEnrolled, KeyRemoved
from weights_vault.models import RecipientKey
from weights_vault.policies import may_enroll_key, may_remove_key, may_use_key
from weights_vault.queries import live_keys_of
from weights_vault.sealed import challenge as challenges
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.keys import Recipient, parse_recipient

ENROLL, REMOVE = "enroll_key", "remove_key"
CHALLENGE_LIFETIME = timedelta(minutes=10)
CHALLENGE_NONCE_SIZE = 32
MAX_LIVE_KEYS = 20
MAX_NAME_CHARACTERS = 100
MAX_ANSWER_CHARACTERS = 128


def start_enrollment(
    *, by: Principal, recipient: str, name: str, now: datetime
) -> tuple[RecipientKey, bytes, datetime]:
    """Challenge the holder of `recipient` to prove that they can open what is sealed to it.

    recipient: what the person gave; refused and not stored unless it is a sound public key (G9).
    Returns: the key (challenged), the challenge (an age file sealed to the recipient), when it expires.
    Raises: NotPermitted; Invalid: not a usable recipient, or no name; Conflict: active already, for this
        or another person; TooMany: 20 keys wait or are active.
    """
    _require(may_enroll_key(by))
    parsed = _parse(recipient)
    name = _clean_name(name)
    nonce, expires = (
        secrets.token_bytes(CHALLENGE_NONCE_SIZE),
        (now + CHALLENGE_LIFETIME).replace(microsecond=0),
    )
    with transaction.atomic():
        require_present(by)
        key = _challenged_key(by, parsed, name, now)
        asked = challenges.Challenge(
            origin=settings.PORTAL_URL,
            account=_account(by),
            recipient=str(parsed),
            nonce=nonce,
            expires=expires,
        )
        key.answer_sha256 = _digest(challenges.answer(asked))
        key.answer_by = expires
        key.save()
        _note("key.challenged", key, by, now)
    return key, challenges.seal_challenge(asked), expires


def prove(*, by: Principal, key: RecipientKey, answer: str, now: datetime) -> PendingAction:
    """Take the one answer to the challenge; the right one leaves a pending action for a person to confirm.

    A challenge is spent by any answer.
    Raises: NotPermitted; Conflict(challenge_refused): wrong, late, or answered before.
    """
    _require(may_use_key(by, key))
    expected = _spend_challenge(key, now)
    if not hmac.compare_digest(expected, _digest(answer[: MAX_ANSWER_CHARACTERS + 1])):
        raise _challenge_refused()
    with transaction.atomic():
        require_present(by)
        proven = RecipientKey.objects.filter(pk=key.pk, state=RecipientKey.State.CHALLENGED)
        if not proven.update(state=RecipientKey.State.PROVEN):
            raise _challenge_refused()
        key.refresh_from_db()
        _note("key.proven", key, by, now)
        return pending.propose(
            kind=ENROLL,
            by=by,
            payload={"key": key.id},
            summary=f"Add the recipient key “{key.name}” ({key.fingerprint}) to your account. "
            "Whoever holds its private part can open the releases granted to you.",
            now=now,
        )


def propose_removal(*, by: Principal, key: RecipientKey, now: datetime) -> PendingAction:
    """Leave a pending action; confirming it removes the key. Raises: NotPermitted; Conflict."""
    _require(may_use_key(by, key))
    if key.state == RecipientKey.State.REMOVED:
        raise _already_removed()
    return pending.propose(
        kind=REMOVE,
        by=by,
        payload={"key": key.id},
        summary=f"Remove the recipient key “{key.name}” ({key.fingerprint}) from your account. "
        "It gets no more headers; what it opened already stays open.",
        now=now,
    )


@transaction.atomic
def remove(*, by: Principal, key: RecipientKey, now: datetime) -> RecipientKey:
    """Remove a key at once: no header is made for it any more.

    Raises: NotPermitted: not its owner's browser session; Conflict(key_removed).
    """
    _require(may_remove_key(by, key))
    require_present(by)
    live = RecipientKey.objects.filter(pk=key.pk).exclude(state=RecipientKey.State.REMOVED)
    if not live.update(state=RecipientKey.State.REMOVED, removed_at=now, answer_sha256="", answer_by=None):
        raise _already_removed()
    key.refresh_from_db()
    _note("key.removed", key, by, now)
    _mail("key_removed", key)
    events.publish(KeyRemoved(key=key, by=by.actor, now=now))
    return key


def _perform_enroll(action: PendingAction, by: Principal, now: datetime) -> dict[str, Any]:
    """What confirming an enrollment does: the key becomes active, its owner is told by mail."""
    require_present(by)
    key = _key_of(action)
    proven = RecipientKey.objects.filter(pk=key.pk, state=RecipientKey.State.PROVEN)
    try:
        with transaction.atomic():
            activated = proven.update(state=RecipientKey.State.ACTIVE, activated_at=now)
    except IntegrityError as error:
        raise _taken() from error
    if not activated:
        raise Conflict("state_changed", "This key is not waiting to be added.", "Enroll it again.")
    key.refresh_from_db()
    _note("key.enrolled", key, by, now)
    _mail("key_enrolled", key)
    events.publish(KeyEnrolled(key=key, by=by.actor, now=now))
    return {"key": key.id, "state": key.state}


def _perform_remove(action: PendingAction, by: Principal, now: datetime) -> dict[str, Any]:
    key = remove(by=by, key=_key_of(action), now=now)
    return {"key": key.id, "state": key.state}


pending.register(ENROLL, _perform_enroll)
pending.register(REMOVE, _perform_remove)


def _parse(text: str) -> Recipient:
    try:
        return parse_recipient(text)
    except SealedError as error:
        # The message of a parser never repeats its input, which may be a private key (G9).
        raise Invalid(
            "recipient_key_unsuitable",
            str(error),
            "Give the public part: it begins with age1.",
            errors={"recipient": [str(error)]},
            extra={"reference": error.reference},
        ) from None


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS or not name.isprintable():
        message = f"A name of 1 to {MAX_NAME_CHARACTERS} characters is needed."
        raise Invalid("invalid", message, "Name the machine that holds it.", errors={"name": [message]})
    if holds_secret(name):
        # Names stand on pages, in mails and in summaries: a private key pasted here would be everywhere (G8).
        message = "This looks like a private key or a token, not like a name. It was not kept."
        raise Invalid("invalid", message, "Name the machine that holds it.", errors={"name": [message]})
    return name


def _challenged_key(by: Principal, recipient: Recipient, name: str, now: datetime) -> RecipientKey:
    """The row to challenge: this person's open one for the same recipient, or a new one, unsaved."""
    digest = _digest(str(recipient))
    if RecipientKey.objects.filter(digest=digest, state=RecipientKey.State.ACTIVE).exists():
        raise _taken()
    stale = RecipientKey.objects.filter(user=by.user, state=RecipientKey.State.CHALLENGED, answer_by__lte=now)
    stale.exclude(digest=digest).delete()
    key = RecipientKey.objects.filter(user=by.user, digest=digest).exclude(state="removed").first()
    if key is not None:
        key.name, key.state = name, RecipientKey.State.CHALLENGED
        return key
    if live_keys_of(by, now).count() >= MAX_LIVE_KEYS:
        raise TooMany(
            "too_many_keys",
            f"You have {MAX_LIVE_KEYS} recipient keys.",
            "Remove one first.",
            retry_after_s=int(CHALLENGE_LIFETIME.total_seconds()),
        )
    return RecipientKey(
        user=by.user,
        recipient=str(recipient),
        digest=digest,
        kind=recipient.kind,
        fingerprint=recipient.fingerprint,
        name=name,
        created_at=now,
    )


def _spend_challenge(key: RecipientKey, now: datetime) -> str:
    """Return the digest of the right answer, once: whatever the answer was, there is no second try."""
    row = RecipientKey.objects.get(pk=key.pk)
    expected, deadline = row.answer_sha256, row.answer_by
    open_row = RecipientKey.objects.filter(
        pk=key.pk, state=RecipientKey.State.CHALLENGED, answer_sha256=expected
    )
    if not expected or deadline is None or now >= deadline or not open_row.update(answer_sha256=""):
        raise _challenge_refused()
    return expected


def _key_of(action: PendingAction) -> RecipientKey:
    key = RecipientKey.objects.filter(pk=action.payload["key"], user_id=action.user_id).first()
    if key is None:
        raise NotFound()
    return key


def _account(by: Principal) -> str:
    if by.user is None:
        raise RuntimeError("a policy let nobody through")
    return str(by.user.public_id)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _note(kind: str, key: RecipientKey, by: Principal, now: datetime) -> None:
    audit.record(
        kind, by=by.actor, subject=f"key:{key.id}", now=now, fingerprint=key.fingerprint, key_kind=key.kind
    )


def _mail(template: str, key: RecipientKey) -> None:
    queue_mail(
        to=key.user.email,
        template=f"weights_vault/mail/{template}",
        context={"user": key.user, "key": key},
        key=f"{template}:{key.id}",
    )


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise NotPermitted.from_denied(verdict)


def _taken() -> Conflict:
    # The same words for one's own and another's key: an enrollment tells nobody whose key it is.
    return Conflict(
        "recipient_key_taken",
        "This recipient key is enrolled already.",
        "Use it if it is yours (weights keys list), or make a new one: weights keys create",
    )


def _challenge_refused() -> Conflict:
    return Conflict(
        "challenge_refused",
        "The answer does not prove that you hold this key, or it came too late.",
        "Start the enrollment again.",
    )


def _already_removed() -> Conflict:
    return Conflict("key_removed", "This key is removed already.", "Nothing is left to do.")
