"""The tokens of a device: made when it signs in, renewed by it, ended together.

A family has one access token (an hour) and one renewal token at a time. Each use of a renewal token ends both
and makes two new ones. One that comes a second time means that two hold it, and nobody can tell which of them
stole it: the family ends, and its owner is told (RFC 9700, section 4.14). The exception is a retry: the
answer was lost on its way, so the same token comes again within a minute while nobody has used what that
answer brought. Then the lost pair dies and a new one is made; docs/decisions/0010 says why this is no way in.

Tokens are rows of allauth's provider, kept by digest; `data` names their device. The order of locks is that
of `presence`: the account before the device.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.idp.oidc.models import Token
from django.db import transaction

from portal.accounts.credentials import DeviceAccess, note_use
from portal.accounts.models import Device, DeviceCode, User
from portal.accounts.policies import ACCOUNT_DISABLED, may_end_token
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.accounts.token_forms import DEVICE, RENEWAL, digest, is_well_formed, still_bound, with_factors
from portal.core import audit
from portal.core.outbox import queue_mail
from portal.core.problems import NotPermitted

ACCESS_LIFETIME: Final = timedelta(hours=1)
LIFETIME: Final = timedelta(days=90)
RETRY_WITHIN: Final = timedelta(minutes=1)
REUSED_MAIL: Final = "accounts/mail/device_reused"
_BOTH: Final = (Token.Type.ACCESS_TOKEN, Token.Type.REFRESH_TOKEN)
_ROTATED, _SUPERSEDED, _AFTER, _USED = "rotated_at", "superseded", "after", "used"


def authenticate(secret: str, now: datetime, address: str = "") -> DeviceAccess | None:
    """Return what the access token with this secret opens, or None when it opens nothing (any more).

    address: where the call comes from, for the owner's list.
    Raises: NotPermitted (account_disabled): the token is right, its owner may not act any more.
    """
    if not is_well_formed(secret, DEVICE):
        return None
    token = Token.objects.filter(
        type=Token.Type.ACCESS_TOKEN, hash=digest(secret), expires_at__gt=now
    ).first()
    device = standing(_device_id(token), now)
    if token is None or device is None:
        return None
    if not device.user.is_active:
        raise NotPermitted.from_denied(ACCOUNT_DISABLED)
    if not token.data.get(_USED):
        _note(token, **{_USED: True})
    note_use(device, now, address)
    return DeviceAccess(device, tuple(token.get_scopes()), token.expires_at)


def renewing(secret: str, client: str, now: datetime) -> tuple[Device, Token] | None:
    """Return the device, locked, that may now be given new tokens, and the renewal token it came with.

    Ends the family where the token came a second time, and is no retry: whoever calls commits that, whatever
    is answered. None: nothing is renewed.
    """
    if not is_well_formed(secret, RENEWAL):
        return None
    token = _renewals(digest(secret)).filter(client=client).first()
    device = _device_of(token)
    if token is None or device is None or not device.user.is_active:
        return None
    _hold(device)
    # While that was waited for, the device may have ended, and its tokens are deleted with it.
    token = Token.objects.filter(pk=token.pk).first()
    device = standing(device.pk, now)
    if token is None or device is None:
        return None
    if token.data.get(_ROTATED) and not _is_retry(token, device, now):
        _end_reused(device, now)
        return None
    return device, token


def keep(
    device: Device,
    *,
    access: str,
    renewal: str,
    scopes: Sequence[str],
    client: str,
    now: datetime,
    after: Token | None = None,
) -> datetime:
    """Make `access` and `renewal` the device's tokens, in place of those it had; return when `access` ends.

    device: locked. after: the renewal token that was used, None at the first time.
    """
    tokens = _tokens(device)
    tokens.filter(type=Token.Type.ACCESS_TOKEN).delete()
    for old in tokens.filter(type=Token.Type.REFRESH_TOKEN, data__rotated_at=None):
        superseded = {_SUPERSEDED: True} if after is not None and old.pk != after.pk else {}
        _note(old, **{_ROTATED: now.isoformat()}, **superseded)
    ends_at = min(now + ACCESS_LIFETIME, device.expires_at)
    made = [
        _made(Token.Type.ACCESS_TOKEN, access, device, client, ends_at, now, {}),
        _made(
            Token.Type.REFRESH_TOKEN,
            renewal,
            device,
            client,
            device.expires_at,
            now,
            {_ROTATED: None, _AFTER: after.pk if after is not None else None},
        ),
    ]
    for token in made:
        token.set_scopes(list(scopes))
    Token.objects.bulk_create(made)
    _record("device.renewed" if after is not None else "device.signed_in", device, device.user.public_id, now)
    return ends_at


def end(*, device: Device, by: Principal, now: datetime) -> Device:
    """End a device and all its tokens; ending it again changes nothing.

    Raises: NotPermitted: neither its owner's session, nor the device itself, nor an administrator.
    """
    verdict = may_end_token(by, device)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    with transaction.atomic():
        require_present(by)
        _end(device, by.actor, now)
    device.refresh_from_db()
    return device


def end_by_token(secret: str, client: str, now: datetime) -> None:
    """End the device that either of its tokens belongs to (RFC 7009); a token of nobody ends nothing."""
    if not (is_well_formed(secret, DEVICE) or is_well_formed(secret, RENEWAL)):
        return
    either = Token.objects.filter(type__in=_BOTH, hash=digest(secret), client=client)
    device = _device_of(either.first())
    if device is not None:
        _hold(device)
        _end(device, device.user.public_id, now)


def end_all(*, user: User, by: str, now: datetime) -> int:
    """End every live device of `user` in the current transaction; return how many. by: who, for the log."""
    live = Device.objects.filter(user=user, ended_at=None, expires_at__gt=now).order_by("pk")
    return sum(_end(device, by, now) for device in live.select_related("user"))


def end_lost(user: User, device: object, *, by: str, now: datetime) -> None:
    """End a device again that the log says was ended, and a database put back does not know it."""
    for each in Device.objects.filter(user=user, pk=device) if isinstance(device, str) else ():
        _end(each, by, now)


def end_unclaimed(now: datetime) -> None:
    """End devices that were allowed and never fetched their tokens: nobody has them, and nobody can."""
    waiting = DeviceCode.objects.filter(
        state=DeviceCode.State.ALLOWED, expires_at__lte=now, device__ended_at=None
    )
    for code in waiting.select_related("device__user"):
        if code.device is not None:
            with transaction.atomic():
                _end(code.device, "system:devices", now)


def clear_expired(now: datetime) -> None:
    """Delete tokens whose time is over; they open nothing any more."""
    Token.objects.filter(expires_at__lte=now).delete()


def forget(user: User) -> None:
    """Delete every row of a person's devices, as they are erased."""
    Token.objects.filter(user=user).delete()
    Device.objects.filter(user=user).delete()


def _end(device: Device, by: str, now: datetime, *, reused: bool = False) -> int:
    ended = Device.objects.filter(pk=device.pk, ended_at=None).update(ended_at=now, reused=reused)
    if ended:
        _tokens(device).delete()
        # A machine that has not fetched its tokens yet gets none.
        DeviceCode.objects.filter(device=device).update(expires_at=now)
        _record("device.reused" if reused else "device.ended", device, by, now)
    return ended


def _end_reused(device: Device, now: datetime) -> None:
    if not _end(device, "system:devices", now, reused=True):
        return
    queue_mail(
        to=device.user.email,
        template=REUSED_MAIL,
        context={"person_name": device.user.get_full_name(), "device": device},
        key=f"{REUSED_MAIL}:{device.pk}",
    )


def _is_retry(token: Token, device: Device, now: datetime) -> bool:
    """True when `token` was used a moment ago, and what it then brought was not: its answer got lost."""
    if _SUPERSEDED in token.data or now - datetime.fromisoformat(token.data[_ROTATED]) > RETRY_WITHIN:
        return False
    rows = list(_tokens(device))
    newest = [row for row in rows if row.type == Token.Type.REFRESH_TOKEN and not row.data.get(_ROTATED)]
    brought = bool(newest) and all(row.data.get(_AFTER) == token.pk for row in newest)
    return brought and not any(row.data.get(_USED) for row in rows)


def standing(device: str, now: datetime) -> Device | None:
    """Return the device, read now, while it may act: not ended, not over, its owner's secrets unchanged."""
    rows = list(with_factors(Device.objects.filter(pk=device)))
    return rows[0] if rows and rows[0].is_live(now) and still_bound(rows) else None


def _hold(device: Device) -> None:
    """Lock the account's row weakly, then the device's, if it is still there."""
    require_present(Principal(user=device.user))
    list(Device.objects.select_for_update().filter(pk=device.pk).values_list("pk"))


def _device_of(token: Token | None) -> Device | None:
    return Device.objects.select_related("user").filter(pk=_device_id(token)).first()


def _device_id(token: Token | None) -> str:
    return str(token.data.get("device", "")) if token is not None and isinstance(token.data, dict) else ""


def _renewals(hashed: str) -> Any:
    return Token.objects.filter(type=Token.Type.REFRESH_TOKEN, hash=hashed)


def _tokens(device: Device) -> Any:  # a QuerySet of allauth, which is not typed
    return Token.objects.filter(user=device.user_id, data__device=device.pk)


def _made(
    kind: str,
    secret: str,
    device: Device,
    client: str,
    ends_at: datetime,
    now: datetime,
    data: dict[str, object],
) -> Token:
    return Token(
        type=kind,
        hash=digest(secret),
        client_id=client,
        user_id=device.user_id,
        data={"device": device.pk, **data},
        created_at=now,
        expires_at=ends_at,
    )


def _note(token: Token, **facts: object) -> None:
    token.data = {**token.data, **facts}
    Token.objects.filter(pk=token.pk).update(data=token.data)


def _record(kind: str, device: Device, by: str, now: datetime) -> None:
    audit.record(kind, by=by, subject=f"user:{device.user.public_id}", now=now, device=device.pk)
