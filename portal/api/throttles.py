"""Brakes against abuse. They count in the cache and are not exact: nothing that matters may rest on them."""

from typing import TYPE_CHECKING

from rest_framework.throttling import SimpleRateThrottle

from portal.accounts.addresses import caller_address

if TYPE_CHECKING:  # DRF's views import this module through the settings
    from rest_framework.request import Request
    from rest_framework.views import APIView


class AddressThrottle(SimpleRateThrottle):
    """Calls without an account, counted by the caller's address."""

    scope = "address"

    def get_cache_key(self, request: "Request", view: "APIView") -> str | None:
        if request.user.is_authenticated:
            return None
        return f"throttle:address:{self.get_ident(request)}"

    def get_ident(self, request: "Request") -> str:
        return caller_address(request._request)


class AccountThrottle(SimpleRateThrottle):
    """Calls of one account, whichever of its tokens or sessions makes them."""

    scope = "account"

    def get_cache_key(self, request: "Request", view: "APIView") -> str | None:
        if not request.user.is_authenticated:
            return None
        return f"throttle:account:{request.user.pk}"
