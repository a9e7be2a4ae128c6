"""Wrong passwords and wrong codes, in the audit log, where guessing shows.

Bounded, because anybody can cause them: of each account, and of all that is no account together, the first
in an hour leaves an event, then the 10th, the 100th and so on, with the number so far. What was typed, when
it is no account's address, may be anything, a password in the wrong field too: it is not kept.
"""

import hashlib
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
    typed = email.strip().lower()
    user = User.objects.filter(email=typed).first()
    by = request.user.public_id if isinstance(request.user, User) else "anonymous"
    kind = "account.sign_in_failed"
    # What is no account's is counted by itself, too, so that it costs what an account's costs; only the count
    # of all of it together stays in the log.
    of_this = _counted(f"{kind}:{user.public_id if user else hashlib.sha256(typed.encode()).hexdigest()}")
    of_all = _counted(f"{kind}:{NO_ACCOUNT if user is None else 'accounts'}")
    if user is not None:
        if _is_told(of_this):
            _note(kind, f"user:{user.public_id}", by, of_this)
    elif _is_told(of_all) or _is_told(of_this):
        _note(kind, NO_ACCOUNT, by, of_all, keep=_is_told(of_all))


def note_wrong_code(user: User) -> None:
    """Note that whoever knew this person's password did not have their second factor."""
    kind = "account.second_factor_failed"
    so_far = _counted(f"{kind}:{user.public_id}")
    if _is_told(so_far):
        _note(kind, f"user:{user.public_id}", "anonymous", so_far)


def _is_told(so_far: int) -> bool:
    """True of 1, 10, 100 and so on."""
    return str(so_far).strip("0") == "1"


def _note(kind: str, subject: str, by: str, so_far: int, *, keep: bool = True) -> None:
    """Write the event; without `keep` it is taken back, for the time that it takes."""
    with transaction.atomic():
        audit.record(kind, by=by, subject=subject, now=timezone.now(), so_far=so_far)
        if not keep:
            transaction.set_rollback(True)


def _counted(what: str) -> int:
    """Count one more of `what` and return how many there were within the hour."""
    key = f"portal.accounts.guesses:{what}"
    if cache.add(key, 1, timeout=COUNTED_FOR_S):
        return 1
    with suppress(ValueError):  # the hour ended between these two lines
        return cache.incr(key)
    return 1
