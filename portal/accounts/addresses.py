"""From which address a request comes: one answer for limits, for the ledger, for whoever asks.

ALLAUTH_TRUSTED_PROXY_COUNT says how many proxies of ours stand in front (BEHIND_TLS_PROXY sets it): without
one, an X-Forwarded-For is what anybody can send, and is not read.
"""

from ipaddress import IPv6Address, ip_address

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest


def caller_address(request: HttpRequest) -> str:
    """Return the caller's address as text, IPv4 inside IPv6 as IPv4; "" where there is none.

    There is none behind a Unix socket without a proxy's word, and where the proxy's word is no address.
    """
    try:
        address = ip_address(str(get_adapter().get_client_ip(request)))
    except (PermissionDenied, ImproperlyConfigured, ValueError):
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address).partition("%")[0]  # a zone is the machine's own word, not the caller's
