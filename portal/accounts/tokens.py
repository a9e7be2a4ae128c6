"""Access tokens: made in a browser, shown once, kept as a digest.

Secret: "wp_", 40 random base62 characters (238 bits), 6 characters of CRC-32. The prefix and the checksum
let secret scanners and typing errors be recognized without asking the database.
"""

import hashlib
import secrets
import string
import zlib
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from portal.accounts.models import AccessToken, User
from portal.accounts.policies import ACCOUNT_DISABLED, NOT_PERMITTED, may_create_token, may_end_token
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Conflict, Invalid, NotPermitted
from portal.core.secrecy import holds_secret

SCOPES = ("read", "requests", "download")
LONGEST_LIFETIME = timedelta(days=30)
MOST_LIVE_TOKENS = 20
LAST_USED_GRAIN = timedelta(minutes=1)

PREFIX = "wp_"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_CHARACTERS = 40
_CHECKSUM_CHARACTERS = 6
_SHOWN_CHARACTERS = len(PREFIX) + 6


def create_token(
    *, user: User, name: str, scopes: Collection[str], lifetime: timedelta, by: Principal, now: datetime
) -> tuple[AccessToken, str]:
    """Make a token and return it with its secret, which is never to be had again.

    scopes: some of SCOPES. lifetime: at most 30 days.
    Raises: NotPermitted: not the owner's browser session. Invalid: name, scopes or lifetime. Conflict:
    too_many_tokens.
    """
    verdict = may_create_token(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    if by.user != user:
        raise NotPermitted.from_denied(NOT_PERMITTED)
    name = " ".join(name.split())
    _check(name, scopes, lifetime)
    secret = _new_secret()
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        require_present(by)
        if (
            AccessToken.objects.filter(user=user, ended_at=None, expires_at__gt=now).count()
            >= MOST_LIVE_TOKENS
        ):
            raise Conflict(
                "too_many_tokens", f"You have {MOST_LIVE_TOKENS} tokens.", "End one that you do not need."
            )
        token = AccessToken.objects.create(
            user=user,
            name=name,
            prefix=secret[:_SHOWN_CHARACTERS],
            digest=_digest(secret),
            binding=_binding(user),
            scopes=[scope for scope in SCOPES if scope in scopes],
            created_at=now,
            expires_at=now + lifetime,
        )
        audit.record(
            "token.created",
            by=by.actor,
            subject=f"user:{user.public_id}",
            now=now,
            token=token.pk,
            scopes=token.scopes,
            expires_at=token.expires_at.isoformat(),
        )
    return token, secret


def _check(name: str, scopes: Collection[str], lifetime: timedelta) -> None:
    errors: dict[str, list[str]] = {}
    if not name or len(name) > 80 or not name.isprintable():
        errors["name"] = ["Give it a name of 1 to 80 characters."]
    elif holds_secret(name):
        errors["name"] = ["This looks like a token or a key, not like a name. It was not kept."]
    if not scopes or not set(scopes) <= set(SCOPES):
        errors["scopes"] = [f"Choose some of {', '.join(SCOPES)}."]
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        errors["lifetime"] = [f"At most {LONGEST_LIFETIME.days} days."]
    if errors:
        raise Invalid(detail="The token cannot be made like this.", errors=errors)


def authenticate(secret: str, now: datetime) -> AccessToken | None:
    """Return the live token with this secret (its `user` fetched), or None when there is none.

    Raises: NotPermitted (account_disabled): the token is right, its owner may not act any more.
    """
    if not is_well_formed(secret):
        return None
    token = AccessToken.objects.select_related("user").filter(digest=_digest(secret)).first()
    if token is None or not token.is_live(now) or not _still_bound(token):
        return None
    if not token.user.is_active:
        raise NotPermitted.from_denied(ACCOUNT_DISABLED)
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_GRAIN)
    if token.last_used_at is None or token.last_used_at < now - LAST_USED_GRAIN:
        AccessToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    return token


def end_token(*, token: AccessToken, by: Principal, now: datetime) -> AccessToken:
    """End a token; ending it again changes nothing.

    Raises: NotPermitted: neither its owner's session, nor the token itself, nor an administrator.
    """
    verdict = may_end_token(by, token)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    with transaction.atomic():
        _end(token, by.actor, now)
    token.refresh_from_db()
    return token


def end_all_tokens(*, user: User, by: str, now: datetime) -> int:
    """End every live token of `user` in the current transaction; return how many. by: who, for the log."""
    live = AccessToken.objects.filter(user=user, ended_at=None, expires_at__gt=now)
    return sum(_end(token, by, now) for token in live)


def _end(token: AccessToken, by: str, now: datetime) -> int:
    ended = AccessToken.objects.filter(pk=token.pk, ended_at=None).update(ended_at=now)
    if ended:
        audit.record("token.ended", by=by, subject=f"user:{token.user.public_id}", now=now, token=token.pk)
    return ended


def is_well_formed(secret: str) -> bool:
    """True when `secret` has the form and the checksum of a token, so that asking for it makes sense."""
    body = secret.removeprefix(PREFIX)
    if len(secret) != len(PREFIX) + _RANDOM_CHARACTERS + _CHECKSUM_CHARACTERS or body == secret:
        return False
    return body[_RANDOM_CHARACTERS:] == _checksum(body[:_RANDOM_CHARACTERS])


def _new_secret() -> str:
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    return PREFIX + body + _checksum(body)


def _checksum(body: str) -> str:
    rest = zlib.crc32(body.encode())
    characters = []
    for _ in range(_CHECKSUM_CHARACTERS):
        rest, digit = divmod(rest, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _binding(user: User) -> str:
    return hashlib.sha256(b"weights-portal token binding\0" + user.password.encode()).hexdigest()


def _still_bound(token: AccessToken) -> bool:
    return secrets.compare_digest(token.binding, _binding(token.user))
