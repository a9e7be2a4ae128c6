"""Where a page leads on to when something cannot be done there: the page above an address, and what mends
a refusal.

An address that takes forms alone is nowhere to land: whoever must sign in first, or opens it by hand, is led
to the page on which its form stands.
"""

from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve, reverse

from portal.core.problems import Problem


class Way(NamedTuple):
    """A link: where it leads, and what it says."""

    href: str
    label: str


# The page of the thing that an address acts on; both take the same id, where the page takes one.
ABOVE: Final = {
    "request_say": "request_detail",
    "request_nudge": "request_detail",
    "request_edit": "request_detail",
    "request_withdraw": "request_detail",
    "request_appeal": "request_detail",
    "request_sign": "request_detail",
    "request_team": "request_detail",
    "invitation": "invitations",
    "grant_renew": "grant_detail",
    "grant_accept": "grant_detail",
    "grant_close": "grant_detail",
    "account_data_export": "account_data",
    "account_sessions_end": "account_sessions",
    "account_session_end": "account_sessions",
    "key_remove": "keys",
    "token_end": "tokens",
    "tokens_end": "tokens",
    "device_end": "tokens",
    "queue_next": "queue",
    "queue_assign": "queue",
    "view_save": "queue",
    "view_remove": "queue",
    "absence_end": "absences",
    "bulk": "queue",
    "bulk_vote": "queue",
    "grants_together": "staff_grants",
    "staff_grant_change": "staff_grant_change",
    "review_vote": "review",
    "review_reason": "review",
    "review_say": "review",
    "review_note": "review",
    "review_recuse": "review",
    "reasons_shipped": "reasons",
    "reason_archive": "reason_change",
    "license_discard": "license_draft",
    "license_publish": "license_draft",
    "master_end": "master_kept",
    "master_member_remove": "master_kept",
    "master_sign": "master_sign",
    "pending_action": "pending_action",
    "ledger_alert": "ledger_alert",
    "revision_change": "revisions",
    "change": "change",
    "organization": "organization",
    "export": "changes",
    "terms": "terms",
    "look_as_leave": "home",
    "person": "person",
}
_LABELS: Final = {
    "request_detail": "To the request",
    "invitations": "Your invitations",
    "grant_detail": "To the grant",
    "staff_grant_change": "To the grant",
    "staff_grants": "All grants",
    "account_data": "Your data",
    "account_sessions": "Where you are signed in",
    "keys": "Your keys",
    "tokens": "Your tokens",
    "queue": "To the queue",
    "absences": "Your absences",
    "review": "To the request",
    "reasons": "The reasons kept ready",
    "reason_change": "To the reason",
    "license_draft": "To the draft",
    "master_kept": "To the agreement",
    "master_sign": "To the agreement",
    "pending_action": "To what was asked",
    "ledger_alert": "To the alert",
    "revisions": "The revisions",
    "change": "To what was proposed",
    "organization": "To the organization",
    "changes": "The changes of two",
    "terms": "To the terms",
    "person": "To the person",
    "home": "To the releases",
}
# Pages of no one thing: they take no id.
_LISTS: Final = frozenset(
    {
        "invitations",
        "account_data",
        "account_sessions",
        "keys",
        "tokens",
        "queue",
        "absences",
        "staff_grants",
        "reasons",
        "home",
        "changes",
    }
)
# What a page of its own mends, whatever was asked.
_MENDED_AT: Final = {
    "assignee_absent": ("absences", "Your absences"),
    "region_excluded": ("account_details", "Your details"),
    "mfa_required": ("mfa_index", "Your second factor"),
    "email_unverified": ("account_email", "Your addresses"),
}


def onward(request: HttpRequest, problem: Problem) -> Way | None:
    """The link that helps out of a problem: to what mends it, or to the thing that has changed."""
    if problem.code in _MENDED_AT:
        page, label = _MENDED_AT[problem.code]
        return Way(reverse(page), label)
    match = request.resolver_match
    name = match.url_name if match is not None else None
    if match is None or problem.status not in (405, 409) or name not in ABOVE:
        return None
    return _above(match)


def came_from(request: HttpRequest) -> str:
    """Path and query of the page on which a form stood that was sent here; the page above where unknown."""
    match = request.resolver_match
    above = _above(match).href if match is not None else reverse("home")
    try:
        sent = urlsplit(request.headers.get("Referer", ""))
        taken = methods_of(resolve(sent.path).func) if sent.netloc == request.get_host() else ()
    except (ValueError, Resolver404):
        return above
    if "GET" not in taken:
        return above
    return f"{sent.path}?{sent.query}" if sent.query else sent.path


def methods_of(view: Any) -> tuple[str, ...]:
    """What a page of ours takes; nothing for what is none."""
    return getattr(view, "methods", ())


def _above(match: ResolverMatch) -> Way:
    page = ABOVE.get(match.url_name or "", "home")
    # The thing's own id stands first in each address; a page of a list takes none.
    ids = dict(list(match.kwargs.items())[:1]) if page not in _LISTS else {}
    return Way(reverse(page, kwargs=ids), _LABELS[page])
