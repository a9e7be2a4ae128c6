"""A session that has lain open must prove again who sits there before it does what binds others."""

from allauth.account.internal.flows import reauthentication
from django.urls import reverse
from rest_framework.request import Request

from portal.core.problems import NotPermitted


def demand_recent_authentication(request: Request) -> None:
    """Refuse a session that has not re-authenticated lately (ACCOUNT_REAUTHENTICATION_TIMEOUT).

    Raises: NotPermitted reauthentication_required, with the page that does it.
    """
    if reauthentication.is_reauthentication_required(request._request, app="api"):
        raise NotPermitted(
            "reauthentication_required",
            "This binds others, so the portal asks you to prove again that it is you.",
            f"Open {reverse('account_reauthenticate')} in this browser, then send it again.",
        )
