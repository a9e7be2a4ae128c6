"""Django's admin behind this portal's own doors: its sign-in page, and the second factor of staff."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from portal.accounts.policies import NOT_PERMITTED, staff_gate
from portal.accounts.principals import principal_of
from portal.core.problems import NotPermitted


class PortalAdminSite(AdminSite):
    """Shows; changes nothing (portal/core/admin.py).

    Django's own sign-in form would open a session by password alone, past the second factor and past the
    limits on guessing: there is none here.
    """

    def has_permission(self, request: HttpRequest) -> bool:
        principal = principal_of(request)
        return bool(principal.user is not None and principal.user.is_staff and staff_gate(principal))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Let in who may enter now; send nobody to the portal's sign-in page, tell others the reason.

        Raises: NotPermitted: with the reason.
        """
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        verdict = staff_gate(principal_of(request))
        raise NotPermitted.from_denied(NOT_PERMITTED if verdict else verdict)
