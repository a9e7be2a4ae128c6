"""Accounts made by the portal's operator, disabled and enabled again."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from portal.accounts import browsers, names
from portal.accounts.actions.erasing import ERASED_DOMAIN
from portal.accounts.affiliations import moved
from portal.accounts.models import Organization, User
from portal.accounts.policies import may_manage_people
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.accounts.tokens import end_all_tokens
from portal.core import audit
from portal.core.problems import Conflict, Invalid, NotPermitted
from portal.core.secrecy import holds_secret

MAX_REASON_CHARACTERS = 1_000


def create_person(
    *,
    email: str,
    password: str,
    full_name: str,
    country: str,
    organization: Organization | None,
    by: Principal,
    now: datetime,
) -> User:
    """Make an account whose e-mail address counts as verified, and return it.

    country: ISO 3166-1 alpha-2. by: who vouches for the address.
    Raises: NotPermitted. Conflict: email_taken. Invalid: a name that reads like an address.
    """
    _allow(by)
    if wrong := names.fault(full_name):
        raise Invalid(detail="The account was not made.", errors={"full_name": [wrong]})
    with transaction.atomic():
        if User.objects.filter(email=email.strip().lower()).exists():
            raise Conflict("email_taken", "There is an account with this address.", "Use that one.")
        user = User.objects.create_user(
            email, password, full_name=full_name, country=country, organization=organization
        )
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        moved(user=user, by=by.actor, now=now)
        audit.record("account.created", by=by.actor, subject=f"user:{user.public_id}", now=now)
    return user


def disable(*, user: User, reason: str, by: Principal, now: datetime) -> User:
    """Disable an account: its sessions and tokens refuse at their next request; again changes nothing.

    Raises: NotPermitted. Conflict: own_account. Invalid: a reason that holds a secret, or is too long.
    """
    _allow(by)
    _refuse_own(user, by)
    reason = _checked(reason)
    with transaction.atomic():
        browsers.hold(user)
        # Both: of two administrators who disable each other, the second is not there any more.
        both = User.objects.select_for_update(no_key=True).filter(pk__in={user.pk, by.user and by.user.pk})
        list(both.order_by("pk").values_list("pk"))
        require_present(by)
        if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            end_all_tokens(user=user, by=by.actor, now=now)
            browsers.forget(user)
            audit.record(
                "account.disabled",
                by=by.actor,
                subject=f"user:{user.public_id}",
                now=now,
                private={"reason": reason},
                about=user.public_id,
            )
    user.refresh_from_db()
    return user


def enable(*, user: User, by: Principal, now: datetime, reason: str = "") -> User:
    """Let a disabled account sign in again; its tokens stay ended.

    Raises: NotPermitted. Conflict(account_erased): nobody is behind it any more. Invalid as `disable` does.
    """
    _allow(by)
    reason = _checked(reason)
    with transaction.atomic():
        require_present(by)
        account = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if is_erased(account):
            raise Conflict(
                "account_erased", "This account was erased: nobody is behind it any more.", "Leave it."
            )
        if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
            audit.record(
                "account.enabled",
                by=by.actor,
                subject=f"user:{user.public_id}",
                now=now,
                private={"reason": reason},
                about=user.public_id,
            )
    user.refresh_from_db()
    return user


def end_access(*, user: User, by: Principal, now: datetime, reason: str = "") -> None:
    """End every session, token and device of an account, which may sign in again.

    Raises: NotPermitted. Conflict: own_account. Invalid as `disable` does.
    """
    _allow(by)
    _refuse_own(user, by)
    reason = _checked(reason)
    with transaction.atomic():
        browsers.hold(user)
        require_present(by)
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        tokens, sessions = end_all_tokens(user=user, by=by.actor, now=now), browsers.forget(user)
        audit.record(
            "account.access_ended",
            by=by.actor,
            subject=f"user:{user.public_id}",
            now=now,
            private={"reason": reason},
            about=user.public_id,
            tokens=tokens,
            sessions=sessions,
        )


def is_erased(user: User) -> bool:
    """Return whether the account is what an erasure leaves."""
    return user.email.endswith(f"@{ERASED_DOMAIN}")


def _refuse_own(user: User, by: Principal) -> None:
    if by.user == user:
        raise Conflict("own_account", "This is your own account.", "Ask another administrator.")


def _checked(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > MAX_REASON_CHARACTERS or holds_secret(reason):
        wrong = f"At most {MAX_REASON_CHARACTERS} characters, and no token or key."
        raise Invalid(detail="The account was not changed.", errors={"reason": [wrong]})
    return reason


def _allow(by: Principal) -> None:
    verdict = may_manage_people(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
