"""What a caller must bring to each endpoint. Whether they may do the thing itself is asked of the policies.

An endpoint that names no need for one of its methods does not load: what is not listed is denied.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from licenses.denials import denied
from licenses.facts import Facts
from licenses.judging import SESSION_ONLY
from portal.accounts.principals import Principal, principal_of
from portal.core.problems import NotPermitted
from portal.core.verdicts import Allowed, Denied, Verdict

if TYPE_CHECKING:  # DRF's views import this module through the settings
    from rest_framework.request import Request
    from rest_framework.views import APIView


@dataclass(frozen=True)
class Need:
    """What one method of an endpoint asks of its caller.

    scope: what a token must hold, None for nothing. anonymous: nobody need be signed in. session: no token
    will do.
    """

    scope: str | None = None
    anonymous: bool = False
    session: bool = False


NOTHING_KNOWN = Facts()

OPEN = Need(anonymous=True)
OPEN_READ = Need(scope="read", anonymous=True)
SIGNED_IN = Need()
READ = Need(scope="read")
REQUESTS = Need(scope="requests")
DOWNLOAD = Need(scope="download")
REVIEW = Need(scope="review")
PUBLISH = Need(scope="publish")
SESSION = Need(session=True)


def meets(principal: Principal, need: Need) -> Verdict:
    """Judge whether the caller brings what an endpoint needs.

    Returns: Allowed, or Denied with login_required, account_disabled or token_scope.
    """
    if principal.user is None:
        return Allowed() if need.anonymous else denied("login_required", NOTHING_KNOWN)
    if not principal.user.is_active:
        return denied("account_disabled", NOTHING_KNOWN)
    if principal.is_session:
        return Allowed()
    if need.session:
        return SESSION_ONLY
    if need.scope is not None and need.scope not in (principal.scopes or ()):
        return denied("token_scope", NOTHING_KNOWN, scope=need.scope)
    return Allowed()


class ScopePermission(BasePermission):
    """Default for every view: reads the view's `needs`, one for each method."""

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        method = "GET" if request.method == "HEAD" else request.method
        need = getattr(view, "needs", {}).get(method)
        if need is None:
            # A method the view lacks goes on to its 405; one that it has without a need is denied.
            return request.method not in view.allowed_methods
        principal = getattr(view, "principal", None) or principal_of(request)
        verdict = meets(principal, need)
        if isinstance(verdict, Denied):
            raise NotPermitted.from_denied(verdict)
        return True
