"""Which pages are limited, by whom they are counted, and what a success gives back.

Stands before the transaction of the request, so that no count is undone with it, and before anything reads
the session, whose row that transaction locks first: the account is read from the session's row apart. Of
other pages this costs a look into a table of names; of a page that is only read, nothing.

The API's calls are counted where their account is known: portal/api/throttles.py, by the same limits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from allauth.account.signals import authentication_step_completed
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils import timezone

from portal.accounts.addresses import caller_address
from portal.core import limits
from portal.core.problems import TooMany, problem_response

IPV6_PREFIX = 64  # one customer has as many addresses as they like inside it
LONGEST_TYPED = 254
_SIGNED_IN, _HALF_SIGNED_IN = "_auth_user_id", "account_login"
PROVED = "_portal_proved"


@dataclass(frozen=True)
class Use:
    """One limit of a page. proof: after what kind of proof (allauth's word for it) the count is taken back
    by `undo`; "" is never. An answer's status is no proof: pages redirect for many reasons.
    """

    limit: str
    subject: Callable[[HttpRequest], str]
    proof: str = ""
    undo: Callable[[str, str], None] = limits.give_back


def network_of(request: HttpRequest) -> str:
    """The caller's address; of IPv6, its /64. "" where there is none: they are counted together."""
    found = caller_address(request)
    if not found or not isinstance(ip_address(found), IPv6Address):
        return found
    return str(ip_network(f"{found}/{IPV6_PREFIX}", strict=False).network_address)


def _typed(request: HttpRequest, field: str) -> str:
    return request.POST.get(field, "").strip().lower()[:LONGEST_TYPED]


def _mailbox(request: HttpRequest) -> str:
    """Of the field that the page itself reads: another one beside it would be counted in its place."""
    return _typed(request, "email")


def _network_and_mailbox(request: HttpRequest) -> str:
    """By the account alone anybody could keep its owner out, with a wrong guess now and then."""
    return f"{network_of(request)} {_typed(request, 'login')}"


def _account(request: HttpRequest) -> str:
    """Whose browser this is, signed in or half of it; the network's where it is nobody's yet.

    The session is read apart from `request.session`, which must not be read before its row is locked.
    """
    cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not cookie:
        return network_of(request)
    session = import_module(settings.SESSION_ENGINE).SessionStore(cookie).load()
    half = session.get(_HALF_SIGNED_IN) or {}
    return str(session.get(_SIGNED_IN) or half.get("user_pk") or network_of(request))


def _network_and_account(request: HttpRequest) -> str:
    return f"{network_of(request)} {_account(request)}"


_SIGN_IN: Final = (
    Use("sign_in_address", network_of, "password"),
    Use("sign_in_account", _network_and_mailbox, "password", limits.forget),
)
_SECOND_FACTOR: Final = (Use("second_factor", _account, "mfa", limits.forget),)
_PASSWORD: Final = (Use("confirm_password", _network_and_account, "password", limits.forget),)
_CODE: Final = (Use("mailed_code", network_of),)
_RESET: Final = (Use("reset_address", network_of), Use("reset_mailbox", _mailbox))
_SIGN_UP: Final = (Use("sign_up_address", network_of), Use("sign_up_mailbox", _mailbox))


def _by_account(limit: str) -> tuple[Use, ...]:
    return (Use(limit, _account),)


# Name of an address of the site → what a POST there counts as.
PAGES: Final[Mapping[str, tuple[Use, ...]]] = {
    "account_login": _SIGN_IN,
    "account_reauthenticate": _PASSWORD,
    "account_change_password": _PASSWORD,
    "account_signup": _SIGN_UP,
    "account_reset_password": _RESET,
    "account_reset_password_from_key": (Use("reset_link", network_of),),
    "account_email_verification_sent": _CODE,
    "account_confirm_login_code": _CODE,
    "account_email": _by_account("address_mail"),
    "mfa_authenticate": _SECOND_FACTOR,
    "mfa_reauthenticate": _SECOND_FACTOR,
    "mfa_reauthenticate_webauthn": _SECOND_FACTOR,
    "openid_connect_login": (Use("provider_address", network_of),),
    "socialaccount_signup": _SIGN_UP,
    "mfa_login_webauthn": (Use("passkey_address", network_of, "mfa"),),
    "mfa_add_webauthn": _by_account("factors"),
    "mfa_edit_webauthn": _by_account("factors"),
    "mfa_remove_webauthn": _by_account("factors"),
    "mfa_activate_totp": _by_account("factors"),
    "tokens": _by_account("tokens"),
    "request_form": _by_account("drafts"),
    "request_edit": _by_account("drafts"),
    "request_appeal": _by_account("submissions"),
    "grant_renew": _by_account("submissions"),
    "request_team": _by_account("invitations"),
    "review_signatory": _by_account("invitations"),
    "request_say": _by_account("messages"),
    "review_say": _by_account("messages"),
    "review_note": _by_account("messages"),
    "account_data_export": _by_account("exports"),
    "export": _by_account("exports"),
    "key_remove": _by_account("keys"),
}


class Brakes:
    """Answers a POST over one of its limits with 429 and the time from which it will pass."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        uses = _uses(request)
        if not uses:
            return self.get_response(request)
        counted = [(use, use.subject(request)) for use in uses]
        try:
            limits.take_all(((use.limit, subject) for use, subject in counted), now=timezone.now())
        except TooMany as problem:
            return problem_response(request, problem)
        response = self.get_response(request)
        _settle(counted, response.status_code, getattr(request, PROVED, frozenset()))
        return response


def _uses(request: HttpRequest) -> tuple[Use, ...]:
    if request.method != "POST":
        return ()
    try:
        name = resolve(request.path_info).view_name
    except Resolver404:
        return ()
    return PAGES.get(name, ())


def note_proof(sender: object, request: HttpRequest | None, method: str, **kwargs: object) -> None:
    """Note on the request what was proved in it: a receiver of allauth's `authentication_step_completed`."""
    if request is not None:
        setattr(request, PROVED, getattr(request, PROVED, frozenset()) | {method})


authentication_step_completed.connect(note_proof, dispatch_uid="portal.accounts.brakes")


def _settle(counted: list[tuple[Use, str]], status: int, proved: frozenset[str]) -> None:
    """Take back what turned out to be no guess, and what another site made this browser send (403, CSRF)."""
    for use, subject in counted:
        if status == 403:
            limits.give_back(use.limit, subject)
        elif use.proof in proved:
            use.undo(use.limit, subject)
