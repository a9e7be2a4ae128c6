"""How long a browser stays signed in: not beyond a time after it signed in, nor after it was last used; and a
proof within a session gives it another cookie, so that whoever had copied the old one is outside.

The times stand in the session's own row; when it was used last is what `browsers` noted there.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.signals import authentication_step_completed
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from portal.accounts.models import BrowserSession
from portal.accounts.session_store import NOTED, row_key

LONGEST: Final = timedelta(days=14)
IDLE: Final = timedelta(days=3)
DELIVERY: Final = "/delivery/"  # asks nothing of the database


class SessionsEnd:
    """Signs out a session whose time is over, before its page is made; the page then meets nobody.

    Stands behind `AccountTransactions`, which locks the session's row before anything reads it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: dict[str, Any]
    ) -> None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.path.startswith(DELIVERY):
            return
        proofs = [proof["at"] for proof in request.session.get(AUTHENTICATION_METHODS_SESSION_KEY) or ()]
        if not proofs or not request.user.is_authenticated:
            return
        now_s = timezone.now().timestamp()
        used_s = max(*proofs, (request.session.get(NOTED) or {}).get("at", 0))
        if now_s - min(proofs) > LONGEST.total_seconds() or now_s - used_s > IDLE.total_seconds():
            logout(request)


def renew(
    sender: object, request: HttpRequest | None, reauthenticated: bool = False, **kwargs: object
) -> None:
    """Give the session another cookie after a proof within it; signing in does so by itself."""
    if request is not None and reauthenticated:
        request.session.cycle_key()


def keep_renewed(request: HttpRequest) -> None:
    """Renew the session again, where what went on from a proof was undone and the renewal with it.

    The proof itself was good: the row of the old cookie, which is back, gives way to one of the new cookie.
    One that somebody ended meanwhile is not back, and stays ended.
    """
    old, session = request.COOKIES.get(settings.SESSION_COOKIE_NAME), request.session
    if not old or session.session_key in (None, old):
        return
    with transaction.atomic():
        there, _ = Session.objects.filter(pk=row_key(old)).delete()
        if there:
            # What was noted of it is back under the old row, too, or was first noted in what was undone.
            noted = BrowserSession.objects.filter(row=row_key(old))
            if not noted.update(row=row_key(str(session.session_key))):
                session.pop(NOTED, None)
            session.save(must_create=True)


authentication_step_completed.connect(renew, dispatch_uid="portal.accounts.session_ends")
