"""Wrong passwords and wrong codes, in the audit log, where guessing shows.

Bounded, because anybody can cause them: of each account, and of all that is no account together, the first
in an hour leaves an event, then the 10th, the 100th and so on, with the number so far. What was typed, when
it is no account's address, may be anything, a password in the wrong field too: it is not kept.
"""

from contextlib import suppress

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts.models import User
from portal.core import audit

COUNTED_FOR_S = 3600
NO_ACCOUNT = "account:unknown"


def note_wrong_password(request: HttpRequest, email: str) -> None:
    """Note that `email` did not sign in, or, signed in already, did not confirm who they are."""
    user = User.objects.filter(email=email.strip().lower()).first()
    by = request.user.public_id if isinstance(request.user, User) else "anonymous"
    _note("account.sign_in_failed", f"user:{user.public_id}" if user else NO_ACCOUNT, by)


def note_wrong_code(user: User) -> None:
    """Note that whoever knew this person's password did not have their second factor."""
    _note("account.second_factor_failed", f"user:{user.public_id}", "anonymous")


def _note(kind: str, subject: str, by: str) -> None:
    so_far = _counted(f"{kind}:{subject}")
    if str(so_far).strip("0") == "1":
        with transaction.atomic():
            audit.record(kind, by=by, subject=subject, now=timezone.now(), so_far=so_far)


def _counted(what: str) -> int:
    """Count one more of `what` and return how many there were within the hour."""
    key = f"portal.accounts.guesses:{what}"
    if cache.add(key, 1, timeout=COUNTED_FOR_S):
        return 1
    with suppress(ValueError):  # the hour ended between these two lines
        return cache.incr(key)
    return 1
