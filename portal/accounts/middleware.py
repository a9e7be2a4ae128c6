"""What stands before allauth's pages: all or nothing, one after the other, and the second factor first."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.account.utils import url_str_to_user_pk
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils import timezone

from portal.accounts import browsers
from portal.accounts.models import User
from portal.accounts.policies import LOOKING_ONLY
from portal.accounts.principals import looked_as, owes_passkey, owes_second_factor
from portal.accounts.session_ends import keep_renewed
from portal.accounts.session_store import row_key
from portal.core.problems import NotPermitted, problem_response

ACCOUNTS_PREFIX = "/accounts/"
PROVING = "/reauthenticate/"
_SAFE = ("GET", "HEAD", "OPTIONS")


class AccountTransactions:
    """Runs each POST under /accounts/ in one transaction, undone when its answer is an error.

    allauth saves an account, its address and its mail one after the other; here a failing audit event or
    outbox row undoes them all. Uses of one code or one link wait for each other, so that the second meets
    what the first left. Stands behind allauth's own middleware, whose context the work after the commit
    still needs, and before anything that reads the session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST" or not request.path.startswith(ACCOUNTS_PREFIX):
            return self.get_response(request)
        proving = request.path.endswith(PROVING)  # allauth puts what goes on in the request's place
        with transaction.atomic():
            _hold_sessions(request)
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        # The way on from a proof can end in a form's fault; a fault of ours changes no session.
        if proving and 400 <= response.status_code < 500:
            keep_renewed(request)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: dict[str, Any]
    ) -> None:
        """Lock whom a reset link is for: its next use then meets the new password, and fails. Their sessions
        before them, for these end."""
        if request.method == "POST" and "uidb36" in kwargs:
            with suppress(ValidationError, ValueError):
                pk = url_str_to_user_pk(kwargs["uidb36"])
                browsers.hold(User(pk=pk))
                list(User.objects.select_for_update().filter(pk=pk).values_list("pk"))


def _hold_sessions(request: HttpRequest) -> None:
    """Wait for other requests of this browser: a code in the session is used up when they are through. And
    for other browsers of the person: two that change the account would wait for each other for ever."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if key:
        browsers.hold_beside(row_key(key))


class ResumedWithQuery:
    """Lets a POST to an address with a query go on as it was sent, after the question for the password.

    allauth keeps such a POST whole, its query too, but goes on with it only where the way back is the bare
    path: with a query there the person would meet an empty form. Any other way back stays as it is.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: dict[str, Any]
    ) -> None:
        if request.method != "POST" or not request.path.endswith(PROVING):
            return
        kept = json.loads(request.session.get(STATE_SESSION_KEY, {}).get("request", "{}"))
        path, _, query = request.POST.get(REDIRECT_FIELD_NAME, "").partition("?")
        if kept.get("path") == path and QueryDict(kept["GET"]) == QueryDict(query):
            said = request.POST.copy()
            said[REDIRECT_FIELD_NAME] = path
            request.POST = said  # type: ignore[assignment] # one that can be changed is one, too


class LookingOnly:
    """Lets a session that looks at the site as another role change nothing: pages, forms and the API alike.

    It may leave that, and sign out. Stands before whatever writes.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in _SAFE or request.path in (reverse("look_as_leave"), reverse("account_logout")):
            return self.get_response(request)
        user = request.user
        if isinstance(user, User) and looked_as(request.session, user, timezone.now()) is not None:
            return problem_response(request, NotPermitted.from_denied(LOOKING_ONLY))
        return self.get_response(request)


class FactorFirst:
    """Keeps who has not proved the account's second factor from looking at it, adding to it, taking it away.

    The password alone must not be enough: recovery codes, once read, replace the factor. Nor, for staff who
    have a passkey, is a code. Such a session is sent to prove the factor;
    `AccountAdapter.get_reauthentication_methods` takes no password there. Stands behind allauth's middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        proving = request.path in (reverse("mfa_reauthenticate"), reverse("mfa_reauthenticate_webauthn"))
        if not request.path.startswith(reverse("mfa_index")) or proving:
            return None
        if owes_passkey(request):
            return redirect_to_login(request.get_full_path(), reverse("mfa_reauthenticate_webauthn"))
        if not owes_second_factor(request):
            return None
        first = get_adapter().get_reauthentication_methods(request.user)[0]
        return redirect_to_login(request.get_full_path(), first["url"])
