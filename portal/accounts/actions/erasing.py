"""Erase what is a person's. What was signed and decided stays, and so does the log: no line is touched.

What the log's lines committed to about the person is deleted beside the log, why somebody decided so about
them too; a decision itself keeps its reason, as what was signed keeps its words.

The account stays as a row without a person, so that everything that names its public id still names one
thing. Nobody can sign in to it, and the address is free for another account. R12
"""

from datetime import datetime
from typing import Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from portal.accounts import browsers, second_factors
from portal.accounts.devices import families
from portal.accounts.events import AccountWanted, Bar, ErasureAsked, PersonErased
from portal.accounts.models import AccessToken, PendingAction, RoleGrant, User
from portal.accounts.policies import may_correct_details
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.accounts.tokens import end_all_tokens
from portal.core import audit, events
from portal.core.outbox import queue_mail
from portal.core.problems import Conflict, Invalid, NotPermitted

ERASED_NAME: Final = "Erased account"
ERASED_DOMAIN: Final = "erased.invalid"
ERASED_MAIL: Final = "accounts/mail/account_erased"


def bars_of(user: User, now: datetime) -> list[Bar]:
    """Return what stands in the way of erasing this person; nothing where it can be done."""
    asked = ErasureAsked(user, now, [])
    if RoleGrant.objects.filter(user=user).exists():
        asked.bars.append(Bar("You work here as staff. Ask an administrator to take your roles first.", ""))
    with transaction.atomic():
        events.publish(asked)
    return asked.bars


def erase(*, user: User, address: str, by: Principal, now: datetime) -> User:
    """Erase the person and return what is left of the account: disabled, without name and address.

    address: theirs, typed once more, so that nobody does this by a slip. A last mail goes there.
    Raises: NotPermitted: not the owner's browser session. Invalid: another address. Conflict(erasure_barred;
        bars): something of theirs is still under way.
    """
    verdict = may_correct_details(by, user)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    if address.strip().lower() != user.email:
        said = "Type the mail address of this account, to show that you mean it."
        raise Invalid("address_differs", "Nothing was erased.", errors={"address": [said]})
    with transaction.atomic():
        account = _held(user)
        require_present(by)
        _require_free(account, now)
        addresses = frozenset({account.email, *_verified(account)})
        old, stand_in = account.email, f"{account.public_id.replace('_', '-')}@{ERASED_DOMAIN}"
        queue_mail(
            to=old,
            template=ERASED_MAIL,
            context={"person_name": account.get_full_name()},
            key=f"{ERASED_MAIL}:{account.public_id}",
        )
        _erase_account(account, stand_in, by, now)
        events.publish(PersonErased(account, addresses, stand_in, by.actor, now))
        audit.forget(account.public_id)
        audit.record("account.erased", by=by.actor, subject=f"user:{account.public_id}", now=now)
    user.refresh_from_db()
    return user


def _held(user: User) -> User:
    """Return the account as it stands now, locked with what is changed with it, in the order of locks."""
    browsers.hold(user)
    proposed = PendingAction.objects.select_for_update().filter(user=user)
    list(proposed.order_by("pk").values_list("pk"))
    addresses = EmailAddress.objects.select_for_update().filter(user=user)
    every = list(addresses.order_by("pk").values_list("email", flat=True))
    events.publish(AccountWanted(user, frozenset(address.lower() for address in every)))
    second_factors.hold(user)
    return User.objects.select_for_update().get(pk=user.pk)


def _verified(account: User) -> list[str]:
    verified = EmailAddress.objects.filter(user=account, verified=True)
    return [address.lower() for address in verified.values_list("email", flat=True)]


def _require_free(account: User, now: datetime) -> None:
    if bars := bars_of(account, now):
        raise Conflict(
            "erasure_barred",
            "Something of yours is still under way, so nothing was erased.",
            "Your data page lists what, and leads to where you end it.",
            extra={"bars": [bar.said for bar in bars]},
        )


def _erase_account(account: User, stand_in: str, by: Principal, now: datetime) -> None:
    end_all_tokens(user=account, by=by.actor, now=now)
    AccessToken.objects.filter(user=account).delete()
    families.forget(account)
    Authenticator.objects.filter(user=account).delete()
    browsers.forget(account)
    EmailAddress.objects.filter(user=account).delete()
    SocialAccount.objects.filter(user=account).delete()
    proposed = PendingAction.objects.filter(user=account)
    proposed.filter(state=PendingAction.State.PENDING).update(state=PendingAction.State.EXPIRED)
    proposed.update(payload={}, summary="", result=None)
    account.email, account.full_name, account.country = stand_in, ERASED_NAME, ""
    account.organization, account.is_active = None, False
    # Another password, and nobody's: every session and token of the account is over with it.
    account.set_unusable_password()
    account.save()
