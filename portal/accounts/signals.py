"""What allauth does, in the audit log."""

from typing import Any

from allauth.account import signals as account
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.dispatch import Signal, receiver
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts import browsers
from portal.accounts.events import AffiliationEnded
from portal.accounts.guesses import note_wrong_code
from portal.accounts.models import BrowserSession, User
from portal.accounts.tokens import end_all_tokens
from portal.core import audit, events

# allauth's signal → what the log calls it.
_PLAIN: dict[Signal, str] = {
    account.user_signed_up: "account.signed_up",
    account.user_logged_in: "account.signed_in",
    account.password_set: "account.password_set",
    account.password_changed: "account.password_changed",
    account.password_reset: "account.password_reset",
    account.email_changed: "account.email_changed",
    account.email_added: "account.email_added",
    account.email_removed: "account.email_removed",
}
_NEW_PASSWORD = (account.password_set, account.password_changed, account.password_reset)


def _record(kind: str, user: User, **data: Any) -> None:
    # allauth sends some signals after its transaction; each line then has one of its own.
    with transaction.atomic():
        audit.record(kind, by=user.public_id, subject=f"user:{user.public_id}", now=timezone.now(), **data)


def _here(request: HttpRequest | None) -> str:
    """The row of the session in which something changed: as it was called before, too, it is kept."""
    return browsers.noted_row(request) if request is not None else ""


@receiver(list(_PLAIN))
def record_account_event(signal: Signal, user: User, **kwargs: Any) -> None:
    _record(_PLAIN[signal], user)


@receiver(list(_NEW_PASSWORD))
def end_tokens_with_the_old_password(signal: Signal, user: User, **kwargs: Any) -> None:
    """A token already refuses a new password's account, and a session; this makes the lists say so."""
    with transaction.atomic():
        browsers.forget(user, keep=_here(kwargs.get("request")))
        end_all_tokens(user=user, by=user.public_id, now=timezone.now())


@receiver([mfa.authenticator_added, mfa.authenticator_removed])
def end_tokens_with_the_old_factors(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """The same for second factors."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        with transaction.atomic():
            browsers.forget(user, keep=_here(kwargs.get("request")))
            end_all_tokens(user=user, by=user.public_id, now=timezone.now())


@receiver(account.email_changed)
def tell_of_a_new_address(user: User, **kwargs: Any) -> None:
    """The address confirms the organization, or no longer does."""
    with transaction.atomic():
        events.publish(AffiliationEnded(user, timezone.now()))


@receiver(account.user_logged_out)
def record_sign_out(user: User | None, request: HttpRequest | None = None, **kwargs: Any) -> None:
    if isinstance(user, User):
        if request is not None:
            BrowserSession.objects.filter(user=user, row=browsers.row_of(request)).delete()
        _record("account.signed_out", user)


@receiver(account.email_confirmed)
def record_verified_address(email_address: EmailAddress, **kwargs: Any) -> None:
    _record("account.email_verified", email_address.user)


@receiver(mfa.authenticator_added)
def record_new_factor(request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Setting it up proved it: the code was entered in this session, which now counts as opened with it.

    Every other session of the person is over (`User.get_session_auth_hash`); this one gets a new key.
    """
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        update_session_auth_hash(request, user)
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)
    if authenticator.type == Authenticator.Type.TOTP:
        # Who saw this code being typed must not sign in with it: checking it again is its one use (A4).
        authenticator.wrap().validate_code(request.POST.get("code", ""))
    _record("account.second_factor_added", user, factor=authenticator.type)


@receiver(mfa.authentication_failed)
def record_wrong_code(user: User, **kwargs: Any) -> None:
    note_wrong_code(user)


@receiver(mfa.authenticator_removed)
def record_removed_factor(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Where a factor goes, the other sessions go too: whoever took it away may not be alone in here."""
    update_session_auth_hash(request, user)
    _record("account.second_factor_removed", user, factor=authenticator.type)


@receiver(mfa.authenticator_reset)
def record_reset_factor(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    _record("account.second_factor_reset", user, factor=authenticator.type)
