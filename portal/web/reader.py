"""Who reads this page: read once for the whole answer, never kept beyond it."""

from django.http import HttpRequest

from portal.accounts.models import User
from portal.accounts.principals import Principal, principal_of

_ATTRIBUTE = "_reader"


def reader(request: HttpRequest) -> Principal:
    """The principal of the request. Roles that change take effect with the next one."""
    known: tuple[object, Principal] | None = getattr(request, _ATTRIBUTE, None)
    # The user changes within a request where it signs somebody in or out.
    if known is not None and known[0] == request.user.pk:
        return known[1]
    principal = principal_of(request)
    setattr(request, _ATTRIBUTE, (request.user.pk, principal))
    return principal


def person(request: HttpRequest) -> User:
    """The account that reads a private page."""
    user = reader(request).user
    if user is None:
        raise RuntimeError("a private page was reached without an account")
    return user
