"""What a token that was made for one grant reaches: that grant, and the request that it came from.

Asked wherever grants and requests are looked up, so that others of the same person are not there for it.
"""

from django.db.models import QuerySet

from licenses.models import Grant, Request
from portal.accounts.events import GrantNamed
from portal.accounts.principals import Principal
from portal.core.events import subscribe


def reaches(principal: Principal, grant: str) -> bool:
    """True for every grant, but of a token for one grant, for that one alone."""
    return principal.grant in ("", grant)


def grants_within(principal: Principal, grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """Return those of `grants` that the principal reaches."""
    return grants.filter(pk=principal.grant) if principal.grant else grants


def requests_within(principal: Principal, requests: QuerySet[Request]) -> QuerySet[Request]:
    """Return those of `requests` that the principal reaches."""
    return requests.filter(grants__pk=principal.grant) if principal.grant else requests


@subscribe(GrantNamed)
def say_whose_it_is(event: GrantNamed) -> None:
    """A token may be made for a grant of the person's own; one that is over opens nothing."""
    if Grant.objects.filter(pk=event.grant, user=event.user).exists():
        event.found.append(event.grant)
