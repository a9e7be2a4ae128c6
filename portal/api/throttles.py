"""How often the API may be called: in all, in the shared cache; what costs or tells something, exactly.

The brakes on calls in all stand against overload, and every call passes them: they count in the cache, whose
`incr` is atomic, and cost no row. Where a call makes something or hands something out, the limits of
portal/core/limits.py count, over all processes and together with the pages that do the same.
"""

from contextlib import suppress
from math import ceil
from typing import TYPE_CHECKING, Final

from django.core.cache import cache
from django.utils import timezone
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle

from portal.accounts.brakes import network_of
from portal.core import limits

if TYPE_CHECKING:  # DRF's views import this module through the settings
    from rest_framework.request import Request
    from rest_framework.views import APIView

# Method and name of an address of the API → its limit, counted for the account.
LIMITED: Final = {
    ("POST", "api-requests"): "drafts",
    ("PATCH", "api-request"): "drafts",
    ("POST", "api-submit"): "submissions",
    ("POST", "api-appeal"): "submissions",
    ("POST", "api-renew"): "submissions",
    ("POST", "api-parties"): "invitations",
    ("POST", "api-messages"): "messages",
    ("POST", "api-keys"): "keys",
    ("POST", "api-key-proof"): "keys",
    ("POST", "api-headers"): "headers",
    ("POST", "api-urls"): "urls",
}


class _CallsThrottle(SimpleRateThrottle):
    """Counts calls in windows of the clock, by the cache's own atomic step."""

    def allow_request(self, request: "Request", view: "APIView") -> bool:
        ident = self.get_cache_key(request, view)
        if ident is None:
            return True
        most, window_s = self.parse_rate(self.rate or self.get_rate())
        now_s = timezone.now().timestamp()
        if most is None or window_s is None:
            return True
        self.left_s = window_s - now_s % window_s
        return _counted(f"{ident}:{int(now_s // window_s)}", 2 * window_s) <= most

    def wait(self) -> float | None:
        return max(1, ceil(self.left_s))


class AddressThrottle(_CallsThrottle):
    """Calls without an account, counted by the caller's address."""

    scope = "address"

    def get_cache_key(self, request: "Request", view: "APIView") -> str | None:
        if request.user.is_authenticated:
            return None
        return f"throttle:address:{self.get_ident(request)}"

    def get_ident(self, request: "Request") -> str:
        return network_of(request._request)


class AccountThrottle(_CallsThrottle):
    """Calls of one account, whichever of its tokens or sessions makes them."""

    scope = "account"

    def get_cache_key(self, request: "Request", view: "APIView") -> str | None:
        if not request.user.is_authenticated:
            return None
        return f"throttle:account:{request.user.pk}"


class ExactThrottle(BaseThrottle):
    """The limits of single doors. Raises: TooMany, which says until when."""

    def allow_request(self, request: "Request", view: "APIView") -> bool:
        match = request._request.resolver_match
        name = LIMITED.get((request.method or "", match.url_name or "")) if match else None
        if name and request.user.is_authenticated:
            limits.take(name, str(request.user.pk), now=timezone.now())
        return True


def _counted(key: str, timeout_s: int) -> int:
    """Count one more and return how many there are in this window."""
    if cache.add(key, 1, timeout=timeout_s):
        return 1
    with suppress(ValueError):  # it was dropped between these two lines: a full cache, a restart
        return cache.incr(key)
    return 1
