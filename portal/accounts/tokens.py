"""Personal access tokens: made in a browser, shown once, kept as a digest (portal/accounts/token_forms.py).

Each is for some scopes, ends within 30 days, and may be for one grant alone. A new password, and a second
factor added or taken away, end it at once.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from portal.accounts import names
from portal.accounts.credentials import note_use
from portal.accounts.devices import families
from portal.accounts.events import GrantNamed
from portal.accounts.factors import mfa_required, staff_factor_missing
from portal.accounts.models import AccessToken, User
from portal.accounts.policies import (
    ACCOUNT_DISABLED,
    NOT_PERMITTED,
    may_create_token,
    may_end_token,
)
from portal.accounts.presence import held_unchanged, require_present
from portal.accounts.principals import Principal
from portal.accounts.scopes import OF_ONE_GRANT, in_order, of_staff, offered
from portal.accounts.token_forms import (
    PERSONAL,
    binding,
    digest,
    is_well_formed,
    new_secret,
    still_bound,
    with_factors,
)
from portal.core import audit, events
from portal.core.outbox import queue_mail
from portal.core.problems import Conflict, Invalid, NotPermitted
from portal.core.secrecy import holds_secret

LONGEST_LIFETIME = timedelta(days=30)
MOST_LIVE_TOKENS = 20

_SHOWN_CHARACTERS = len(PERSONAL) + 6
_MADE_MAIL = "accounts/mail/token_made"


def create_token(
    *,
    user: User,
    name: str,
    scopes: Collection[str],
    lifetime: timedelta,
    by: Principal,
    now: datetime,
    grant: str = "",
) -> tuple[AccessToken, str]:
    """Make a token and return it with its secret, which is never to be had again. Its owner is mailed.

    scopes: some of those that the person's roles offer. lifetime: at most 30 days. grant: public id of the
    one grant of theirs that it is for, "" for all.
    Raises: NotPermitted: not the owner's browser session; mfa_required: a scope of the staff without the
    factor that staff must prove; session_over. Invalid: name, scopes, lifetime or grant.
    Conflict: too_many_tokens.
    """
    verdict = may_create_token(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    if by.user != user:
        raise NotPermitted.from_denied(NOT_PERMITTED)
    name = " ".join(name.split())
    _check(name, scopes, lifetime, by, grant)
    if of_staff(scopes) and staff_factor_missing(by):
        raise NotPermitted.from_denied(mfa_required())
    secret = new_secret(PERSONAL)
    with transaction.atomic():
        owner = held_unchanged(by)
        _require_room(owner, now)
        token = AccessToken.objects.create(
            user=owner,
            name=name,
            prefix=secret[:_SHOWN_CHARACTERS],
            digest=digest(secret),
            binding=binding(owner),
            scopes=in_order(scopes),
            grant=grant,
            created_at=now,
            expires_at=now + lifetime,
        )
        _tell_made(token, now)
    return token, secret


def _require_room(owner: User, now: datetime) -> None:
    live = AccessToken.objects.filter(user=owner, ended_at=None, expires_at__gt=now)
    if live.count() >= MOST_LIVE_TOKENS:
        said = f"You have {MOST_LIVE_TOKENS} tokens."
        raise Conflict("too_many_tokens", said, "End one that you do not need.")


def _tell_made(token: AccessToken, now: datetime) -> None:
    owner = token.user
    audit.record(
        "token.created",
        by=owner.public_id,
        subject=f"user:{owner.public_id}",
        now=now,
        token=token.pk,
        scopes=token.scopes,
        expires_at=token.expires_at.isoformat(),
        grant=token.grant,
    )
    queue_mail(
        to=owner.email,
        template=_MADE_MAIL,
        context={"person_name": owner.get_full_name(), "token": token},
        key=f"{_MADE_MAIL}:{token.pk}",
    )


def _check(name: str, scopes: Collection[str], lifetime: timedelta, by: Principal, grant: str) -> None:
    errors: dict[str, list[str]] = {}
    if not name or len(name) > 80 or not name.isprintable():
        errors["name"] = ["Give it a name of 1 to 80 characters."]
    elif holds_secret(name):
        errors["name"] = ["This looks like a token or a key, not like a name. It was not kept."]
    elif wrong := names.fault(name):  # it stands in a mail
        errors["name"] = [wrong]
    choice = offered(by.roles)
    if not scopes or not set(scopes) <= set(choice):
        errors["scopes"] = [f"Choose some of {', '.join(choice)}."]
    elif grant and not set(scopes) <= set(OF_ONE_GRANT):
        errors["scopes"] = [f"A token for one grant is for some of {', '.join(OF_ONE_GRANT)}."]
    if grant and not _is_theirs(grant, by.person):
        errors["grant"] = ["You have no grant of this name."]
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        errors["lifetime"] = [f"At most {LONGEST_LIFETIME.days} days."]
    if errors:
        raise Invalid(detail="The token cannot be made like this.", errors=errors)


def _is_theirs(grant: str, user: User) -> bool:
    """Ask the app that keeps grants; where none answers, nobody has one."""
    asked = GrantNamed(grant, user, [])
    with transaction.atomic():
        events.publish(asked)
    return bool(asked.found)


def authenticate(secret: str, now: datetime, address: str = "") -> AccessToken | None:
    """Return the live token with this secret (its `user` fetched), or None when there is none.

    address: where the call comes from, for the owner's list.
    Raises: NotPermitted (account_disabled): the token is right, its owner may not act any more.
    """
    if not is_well_formed(secret, PERSONAL):
        return None
    rows = list(with_factors(AccessToken.objects.filter(digest=digest(secret))))
    if not rows or not rows[0].is_live(now) or not still_bound(rows):
        return None
    token = rows[0]
    if not token.user.is_active:
        raise NotPermitted.from_denied(ACCOUNT_DISABLED)
    note_use(token, now, address)
    return token


def end_token(*, token: AccessToken, by: Principal, now: datetime) -> AccessToken:
    """End a token; ending it again changes nothing.

    Raises: NotPermitted: neither its owner's session, nor the token itself, nor an administrator.
    """
    verdict = may_end_token(by, token)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    with transaction.atomic():
        require_present(by)
        _end(token, by.actor, now)
    token.refresh_from_db()
    return token


def end_all_tokens(*, user: User, by: str, now: datetime) -> int:
    """End every live token and device of `user` in the current transaction; return how many.

    by: who, for the log.
    """
    live = AccessToken.objects.filter(user=user, ended_at=None, expires_at__gt=now)
    ended = sum(_end(token, by, now) for token in live.select_related("user"))
    return ended + families.end_all(user=user, by=by, now=now)


def end_everything(*, by: Principal, now: datetime) -> int:
    """End every token and device of the person who asks, and return how many.

    Raises: NotPermitted: no browser session.
    """
    verdict = may_create_token(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=by.person.pk)
        require_present(by)
        return end_all_tokens(user=by.person, by=by.actor, now=now)


def _end(token: AccessToken, by: str, now: datetime) -> int:
    ended = AccessToken.objects.filter(pk=token.pk, ended_at=None).update(ended_at=now)
    if ended:
        audit.record("token.ended", by=by, subject=f"user:{token.user.public_id}", now=now, token=token.pk)
    return ended
