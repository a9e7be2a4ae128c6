"""A backup of the database was restored: accounts, roles and tokens that were ended since stay ended (J3)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from portal.accounts import browsers
from portal.accounts.devices import families
from portal.accounts.models import AccessToken, RoleGrant, User
from portal.accounts.tokens import end_all_tokens
from portal.core import audit
from portal.core.events import subscribe
from portal.core.log import recovering
from portal.core.log.recovering import EventsLost, Lost

BY: Final = "system:log_signer"
SAID: Final = "The portal's database was put back to an earlier day, after which this account was disabled."
SAID_ERASED: Final = (
    "The portal's database was put back to an earlier day, after which its owner had erased it."
)
_NEW_PASSWORD: Final = ("account.password_set", "account.password_changed", "account.password_reset")
_ENDED: Final = (
    "account.signed_out",
    "account.session_ended",
    "account.sessions_ended",
    "account.access_ended",
)
# After each of these at least one browser of the person was out.
_SIGNED_OUT: Final = (*_ENDED, "account.second_factor_added", "account.second_factor_removed")

recovering.register(
    held=(
        *("account.disabled", "role.removed", "token.ended", "device.ended", "device.reused"),
        *(*_NEW_PASSWORD, *_ENDED),
    ),
    again=(
        *("account.erased", "account.second_factor_removed", "account.provider_disconnected"),
        *("affiliation.ended", "manager.removed", "domain.removed"),
    ),
)


@subscribe(EventsLost)
def on_events_lost(event: EventsLost) -> None:
    """Disable accounts, and take roles and tokens away, as what was lost says."""
    for person, fields in _last(event.lost, ("account.disabled", "account.enabled", "account.erased"), ()):
        if fields["kind"] != "account.enabled":
            said = SAID_ERASED if fields["kind"] == "account.erased" else SAID
            _disable(person, said, event.now)
    for person, fields in _last(event.lost, ("role.removed", "role.granted"), ("role",)):
        if fields["kind"] == "role.removed":
            _remove_role(person, str(fields["data"].get("role")), event.now)
    for person, fields in _last(event.lost, ("token.ended",), ("token",)):
        _end_token(person, fields["data"].get("token"), event.now)
    for person, _ in _last(event.lost, _NEW_PASSWORD, ()):
        _end_password(person, event.now)
    for person, _ in _last(event.lost, _SIGNED_OUT, ()):
        _sign_out(person, event.now)
    for person, fields in _last(event.lost, ("device.ended", "device.reused"), ("device",)):
        families.end_lost(person, fields["data"].get("device"), by=BY, now=event.now)


def _last(
    lost: Iterable[Lost], kinds: tuple[str, ...], per: tuple[str, ...]
) -> list[tuple[User, dict[str, Any]]]:
    """The last event of these kinds for each person, and for each value of the data that `per` names."""
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for each in lost:
        if each.fields["kind"] in kinds:
            data = each.fields["data"]
            found[(each.fields["subject"], *(data.get(name) for name in per))] = each.fields
    people = {f"user:{user.public_id}": user for user in User.objects.filter(public_id__in=_ids(found))}
    return [(people[str(key[0])], fields) for key, fields in found.items() if str(key[0]) in people]


def _ids(found: Iterable[tuple[object, ...]]) -> set[str]:
    return {str(key[0]).removeprefix("user:") for key in found}


def _disable(person: User, said: str, now: datetime) -> None:
    if User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        end_all_tokens(user=person, by=BY, now=now)
        audit.record(
            "account.disabled",
            by=BY,
            subject=f"user:{person.public_id}",
            now=now,
            private={"reason": said},
            about=person.public_id,
        )


def _end_password(person: User, now: datetime) -> None:
    """The old one is back, which others may know: its owner sets one by a code that is mailed to them."""
    if not person.has_usable_password():
        return
    tokens, sessions = end_all_tokens(user=person, by=BY, now=now), browsers.forget(person)
    person.set_unusable_password()
    person.save(update_fields=["password"])
    subject = f"user:{person.public_id}"
    audit.record("account.access_ended", by=BY, subject=subject, now=now, tokens=tokens, sessions=sessions)


def _sign_out(person: User, now: datetime) -> None:
    if ended := browsers.forget(person):
        subject = f"user:{person.public_id}"
        audit.record("account.sessions_ended", by=BY, subject=subject, now=now, sessions=ended)


def _remove_role(person: User, role: str, now: datetime) -> None:
    removed, _ = RoleGrant.objects.filter(user=person, role=role).delete()
    if removed:
        audit.record("role.removed", by=BY, subject=f"user:{person.public_id}", now=now, role=role)


def _end_token(person: User, token: object, now: datetime) -> None:
    if not isinstance(token, str):
        return
    if AccessToken.objects.filter(pk=token, user=person, ended_at=None).update(ended_at=now):
        audit.record("token.ended", by=BY, subject=f"user:{person.public_id}", now=now, token=token)
