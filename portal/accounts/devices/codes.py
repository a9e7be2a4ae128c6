"""What a machine asks (RFC 8628), what its person decides in a browser, and that both happen once.

The user code is eight consonants, read aloud without doubt and spelling nothing (RFC 8628, section 6.1). By
itself it is no credential, so that it may stand in an address: it opens nothing without a signed-in person
who proves again who they are, and what they allow goes to whoever holds the device code, never to who knows
this one.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from portal.accounts.devices import families
from portal.accounts.devices.machines import machine_name
from portal.accounts.factors import mfa_required, staff_factor_missing
from portal.accounts.models import Device, DeviceCode, User
from portal.accounts.policies import may_create_token
from portal.accounts.presence import held_unchanged, require_present
from portal.accounts.principals import Principal
from portal.accounts.scopes import in_order, of_staff, offered
from portal.accounts.token_forms import binding, digest
from portal.core import audit, jobs
from portal.core.outbox import queue_mail
from portal.core.problems import Conflict, NotPermitted

LIFETIME: Final = timedelta(minutes=10)
INTERVAL_S: Final = 5
MOST_LIVE_DEVICES: Final = 20
ALLOWED_MAIL: Final = "accounts/mail/device_allowed"
CLEAR: Final = "accounts.clear_devices"
CLEAR_EVERY_S: Final = 3600
KEPT_AFTER: Final = timedelta(days=1)  # so that a late look at a used code is told what became of it

_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_HALF: Final = 4


@dataclass(frozen=True)
class Polled:
    """status: a word of oauthlib's DeviceCodeGrant. device: locked, where the status is authorized."""

    status: str | None
    device: Device | None = None


def new_user_code() -> str:
    """Return a fresh code such as "WDJB-MJHT"."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(2 * _HALF))
    return f"{letters[:_HALF]}-{letters[_HALF:]}"


def as_typed(text: str) -> str:
    """Return the code that a person meant: case, blanks and the hyphen do not matter."""
    letters = "".join(each for each in text[:40].upper() if each in _LETTERS)
    return f"{letters[:_HALF]}-{letters[_HALF:]}"


def ask(
    *,
    device_code: str,
    user_code: str,
    client: str,
    machine: str,
    scopes: Sequence[str],
    address: str,
    now: datetime,
) -> DeviceCode:
    """Keep what a machine asked for until somebody decides. user_code: of `new_user_code`.

    machine: what it calls itself; anybody may claim anything, so that little of it is taken.
    Raises: IntegrityError: the user code is another machine's; the asker tries again.
    """
    return DeviceCode.objects.create(
        digest=digest(device_code),
        user_code=user_code,
        client=client,
        machine=machine_name(machine),
        scopes=in_order(scopes),
        asked_from=address or None,
        created_at=now,
        expires_at=now + LIFETIME,
    )


def found(typed: str) -> DeviceCode | None:
    """Return what the code stands for, also when it is used or too old; None: nobody asked with it."""
    return DeviceCode.objects.filter(user_code=as_typed(typed)).first()


def allow(*, code: DeviceCode, by: Principal, now: datetime) -> Device:
    """Sign the machine in, once, however often and wherever it is allowed.

    It gets those of the scopes it asked for that the person can give.
    Raises: NotPermitted: no browser session; mfa_required; session_over. Conflict: device_code_<state>,
    too_many_devices, no_scope_left.
    """
    scopes = granted(code, by)
    _may_decide(by)
    if of_staff(scopes) and staff_factor_missing(by):
        raise NotPermitted.from_denied(mfa_required())
    if not scopes:
        raise Conflict(
            "no_scope_left",
            "It asks only for what your roles do not allow.",
            "Refuse it, and ask with other scopes: `weights login --scopes read,download`.",
        )
    with transaction.atomic():
        person = held_unchanged(by)
        _locked(code, now)
        _require_room(person, now)
        device = Device.objects.create(
            user=person,
            name=code.machine,
            scopes=scopes,
            binding=binding(person),
            address=code.asked_from,
            created_at=now,
            expires_at=now + families.LIFETIME,
        )
        DeviceCode.objects.filter(pk=code.pk).update(state=DeviceCode.State.ALLOWED, device=device)
        _record("device.allowed", by, now, code=code.pk, device=device.pk, scopes=scopes)
        queue_mail(
            to=person.email,
            template=ALLOWED_MAIL,
            context={"person_name": person.get_full_name(), "device": device},
            key=f"{ALLOWED_MAIL}:{device.pk}",
        )
    return device


def refuse(*, code: DeviceCode, by: Principal, now: datetime) -> None:
    """Let it not happen. Raises: NotPermitted: no browser session. Conflict: device_code_<state>."""
    _may_decide(by)
    with transaction.atomic():
        require_present(by)
        _locked(code, now)
        DeviceCode.objects.filter(pk=code.pk).update(state=DeviceCode.State.REFUSED)
        _record("device.refused", by, now, code=code.pk)


def granted(code: DeviceCode, by: Principal) -> list[str]:
    """Return what allowing it would give: of the scopes asked for, those that the person's roles offer."""
    return [scope for scope in in_order(code.scopes) if scope in offered(by.roles)]


def poll(device_code: str, client: str, now: datetime) -> Polled:
    """Tell a machine where it stands, in the current transaction; of many who fetch the tokens, one may."""
    code = DeviceCode.objects.select_related("device__user").filter(digest=digest(device_code)).first()
    if code is None or code.client != client:
        return Polled(None)
    if code.device is not None:
        # The account, its device, then the code: as whoever ends the device does.
        require_present(Principal(user=code.device.user))
        list(Device.objects.select_for_update().filter(pk=code.device_id).values_list("pk"))
    known, code = code.device_id, DeviceCode.objects.select_for_update().filter(pk=code.pk).first()
    if code is None:
        return Polled(None)
    if code.state == DeviceCode.State.REFUSED:
        return Polled(DeviceCodeGrant.DEVICE_CODE_DENIED)
    if code.state == DeviceCode.State.TAKEN:
        return Polled(None)
    if now >= code.expires_at:
        return Polled(DeviceCodeGrant.DEVICE_CODE_EXPIRED)
    early = code.polled_at is not None and now < code.polled_at + timedelta(seconds=INTERVAL_S)
    DeviceCode.objects.filter(pk=code.pk).update(polled_at=now)
    if early:
        return Polled(DeviceCodeGrant.DEVICE_CODE_SLOW_DOWN)
    # What was allowed this very moment is asked for once more: its device is not locked yet.
    if code.state == DeviceCode.State.WAITING or code.device_id != known:
        return Polled(DeviceCodeGrant.DEVICE_CODE_PENDING)
    return _taken(code, now)


def _taken(code: DeviceCode, now: datetime) -> Polled:
    """The device is locked, and so is the code."""
    device = families.standing(str(code.device_id), now)
    if device is None:
        return Polled(DeviceCodeGrant.DEVICE_CODE_DENIED)
    DeviceCode.objects.filter(pk=code.pk).update(state=DeviceCode.State.TAKEN)
    return Polled(DeviceCodeGrant.DEVICE_CODE_AUTHORIZED, device)


def _may_decide(by: Principal) -> None:
    verdict = may_create_token(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)


def _locked(code: DeviceCode, now: datetime) -> None:
    """Hold the row, and see that nobody decided yet. Raises: Conflict(device_code_<state>)."""
    state = DeviceCode.objects.select_for_update().get(pk=code.pk).state_at(now)
    if state == DeviceCode.State.WAITING:
        return
    said = {
        "expired": "This code has expired.",
        DeviceCode.State.REFUSED: "This was refused already.",
    }.get(state, "This was allowed already.")
    raise Conflict(f"device_code_{state}", said, "Run `weights login` again for a new code.")


def _require_room(person: User, now: datetime) -> None:
    live = Device.objects.filter(user=person, ended_at=None, expires_at__gt=now)
    if live.count() >= MOST_LIVE_DEVICES:
        raise Conflict(
            "too_many_devices",
            f"You are signed in on {MOST_LIVE_DEVICES} devices.",
            "End one that you do not need under Account → Devices and tokens.",
        )


def _record(kind: str, by: Principal, now: datetime, **data: Any) -> None:
    audit.record(kind, by=by.actor, subject=f"user:{by.person.public_id}", now=now, **data)


@jobs.handler(CLEAR)
def clear(payload: dict[str, Any], now: datetime) -> None:
    """Delete codes that nobody can use any more, and tokens whose time is over."""
    families.end_unclaimed(now)
    DeviceCode.objects.filter(expires_at__lte=now - KEPT_AFTER).delete()
    families.clear_expired(now)


jobs.periodic(CLEAR, CLEAR_EVERY_S)
