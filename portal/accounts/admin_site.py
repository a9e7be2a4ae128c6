"""Django's admin behind this portal's own doors: its sign-in page, and the second factor of staff."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from portal.accounts.policies import NOT_PERMITTED, staff_gate
from portal.accounts.principals import principal_of
from portal.core.problems import NotPermitted
from portal.core.read_only import ReadOnlyAdmin


class PortalAdminSite(AdminSite):
    """Shows; changes nothing.

    It takes models with a ReadOnlyAdmin alone. What other packages register of their own accord (allauth its
    addresses and second factors, Django its groups) would be changed past every policy and the audit log:
    that is left out.

    Django's own sign-in form would open a session by password alone, past the second factor and past the
    limits on guessing: there is none here.
    """

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: Any = None,
        **options: Any,
    ) -> None:
        if admin_class is not None and issubclass(admin_class, ReadOnlyAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        principal = principal_of(request)
        itself = principal.user is not None and principal.looking_as is None
        return bool(itself and principal.person.is_staff and staff_gate(principal))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Let in who may enter now; send nobody to the portal's sign-in page, tell others the reason.

        Raises: NotPermitted: with the reason.
        """
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        verdict = staff_gate(principal_of(request))
        raise NotPermitted.from_denied(NOT_PERMITTED if verdict else verdict)

    # Any, because Django's types promise a page of its own here.
    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Send to the account's own page, which logs it, mails it, and ends other sessions and tokens."""
        return HttpResponseRedirect(reverse("account_change_password"))

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return self.password_change(request)
