"""Accounts made by the portal's operator, disabled and enabled again."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from portal.accounts import names
from portal.accounts.models import Organization, User
from portal.accounts.policies import may_manage_people
from portal.accounts.principals import Principal
from portal.accounts.tokens import end_all_tokens
from portal.core import audit
from portal.core.problems import Conflict, Invalid, NotPermitted


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
        audit.record("account.created", by=by.actor, subject=f"user:{user.public_id}", now=now)
    return user


def disable(*, user: User, reason: str, by: Principal, now: datetime) -> User:
    """Disable an account: its sessions and tokens refuse at their next request; again changes nothing.

    Raises: NotPermitted. Conflict: own_account.
    """
    _allow(by)
    if by.user == user:
        raise Conflict("own_account", "This is your own account.", "Ask another administrator.")
    with transaction.atomic():
        if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            end_all_tokens(user=user, by=by.actor, now=now)
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


def enable(*, user: User, by: Principal, now: datetime) -> User:
    """Let a disabled account sign in again; its tokens stay ended.

    Raises: NotPermitted.
    """
    _allow(by)
    with transaction.atomic():
        if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
            audit.record("account.enabled", by=by.actor, subject=f"user:{user.public_id}", now=now)
    user.refresh_from_db()
    return user


def _allow(by: Principal) -> None:
    verdict = may_manage_people(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
