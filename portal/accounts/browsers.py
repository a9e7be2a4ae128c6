"""Where a person is signed in: noted while they use the site, and ended by them from anywhere.

A session's own row says nobody's name and opens with nothing but its cookie (session_store.py). What is kept
here names the row; deleting the row ends the session at its next request, in every process.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from portal.accounts.addresses import caller_address
from portal.accounts.models import BrowserSession, User
from portal.accounts.policies import NOT_PERMITTED, SESSION_REQUIRED
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.accounts.session_store import NOTED, row_key
from portal.core import audit
from portal.core.problems import NotPermitted

GRAIN: Final = timedelta(minutes=5)
MOST_AGENT: Final = 200


class SeenBrowsers:
    """Notes which browser a person uses, and when, at most every five minutes.

    Stands behind the session and the account, and looks only where the request asked for them: a page that
    knows nobody costs nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # Who was asked for once may have signed in since: `_cached_user` is then still nobody.
        asked = hasattr(request, "_cached_user") and isinstance(request.user, User)
        if response.status_code < 500 and asked:
            note(request, timezone.now())
        return response


def note(request: HttpRequest, now: datetime) -> None:
    """Note that this browser is used now. What was noted last stands in the session, so mostly nothing is
    asked of the database."""
    user, session = request.user, request.session
    if not isinstance(user, User) or not session.get("_auth_user_id"):
        return
    if session.session_key is None:
        session.create()
    row = row_key(str(session.session_key))
    known = session.get(NOTED) or {}
    fresh = now.timestamp() - known.get("at", 0) < GRAIN.total_seconds()
    if known.get("row") == row and known.get("user") == user.pk and fresh:
        return
    _write(request, user, row, known, now)
    session[NOTED] = {"row": row, "user": user.pk, "at": now.timestamp()}


def _write(request: HttpRequest, user: User, row: str, known: dict[str, str], now: datetime) -> None:
    seen = {
        "agent": _agent(request),
        "address": caller_address(request) or None,
        "last_seen_at": now,
    }
    # A session's key changes with the password and with factors; what it was called before is in it.
    before = BrowserSession.objects.filter(user=user, row__in=[row, known.get("row", row)])
    if not before.update(row=row, **seen):
        BrowserSession.objects.get_or_create(row=row, defaults={"user": user, "opened_at": now, **seen})


def _agent(request: HttpRequest) -> str:
    told = request.headers.get("User-Agent", "")
    return "".join(character for character in told if character.isprintable())[:MOST_AGENT]


def row_of(request: HttpRequest) -> str:
    """The row of this request's own session; "" where it has none."""
    key = request.session.session_key
    return row_key(str(key)) if key else ""


def noted_row(request: HttpRequest) -> str:
    """The row under which this request's session was noted last: its key may have changed in this request."""
    return str((request.session.get(NOTED) or {}).get("row", row_of(request)))


def live(user: User, now: datetime) -> list[BrowserSession]:
    """Return where the person is signed in, the browser used last first."""
    mine = BrowserSession.objects.filter(user=user)
    there = Session.objects.filter(pk__in=mine.values("row"), expire_date__gt=now)
    return list(mine.filter(row__in=there.values("pk")))


def end(*, session: BrowserSession, by: Principal, now: datetime) -> None:
    """Sign out one browser of the person's own; it is out at its next request.

    Raises: NotPermitted: somebody else's, or no browser session.
    """
    _allow(by, session.user)
    with transaction.atomic():
        hold(session.user)
        require_present(by)
        if _delete(session.user, [session.row]):
            _record("account.session_ended", session.user, by, now, session=session.pk)


def end_others(*, user: User, keep: str, by: Principal, now: datetime) -> int:
    """Sign out every browser of the person's but the one whose row is `keep`; return how many.

    Raises: NotPermitted: somebody else's, or no browser session.
    """
    _allow(by, user)
    with transaction.atomic():
        hold(user)
        require_present(by)
        ended = forget(user, keep=keep)
        if ended:
            _record("account.sessions_ended", user, by, now, sessions=ended)
    return ended


def forget(user: User, *, keep: str = "") -> int:
    """Delete every session of the person but the one whose row is `keep`, and return how many there were."""
    others = BrowserSession.objects.filter(user=user).exclude(row=keep)
    ended = 0
    # A request in flight may have moved one under another cookie while it was waited for here.
    while rows := list(others.values_list("row", flat=True)):
        ended += _delete(user, rows)
    return ended


def hold(user: User) -> None:
    """Lock the person's sessions until the transaction ends, before their account: a request that changes
    the account holds its own session by then (`AccountTransactions`)."""
    _lock(Q(pk__in=BrowserSession.objects.filter(user=user).values("row")))


def hold_beside(row: str) -> None:
    """Lock the session of this row, and with it every other one of whose it is: a new password ends those."""
    whose = BrowserSession.objects.filter(row=row).values("user")
    _lock(Q(pk=row) | Q(pk__in=BrowserSession.objects.filter(user__in=whose).values("row")))


def _lock(which: Q) -> None:
    list(Session.objects.select_for_update().filter(which).order_by("pk").values_list("pk"))


def own(user: User) -> Iterator[dict[str, Any]]:
    """Yield what is kept of the person's browsers: theirs to take with them."""
    fields = ("id", "agent", "address", "opened_at", "last_seen_at")
    yield from BrowserSession.objects.filter(user=user).order_by("opened_at").values(*fields)


def _delete(user: User, rows: list[str]) -> int:
    Session.objects.filter(pk__in=rows).delete()
    ended, _ = BrowserSession.objects.filter(user=user, row__in=rows).delete()
    return ended


def _allow(by: Principal, user: User) -> None:
    if not by.is_session:
        raise NotPermitted.from_denied(SESSION_REQUIRED)
    if by.person.pk != user.pk:
        raise NotPermitted.from_denied(NOT_PERMITTED)


def _record(kind: str, user: User, by: Principal, now: datetime, **data: Any) -> None:
    audit.record(kind, by=by.actor, subject=f"user:{user.public_id}", now=now, **data)
