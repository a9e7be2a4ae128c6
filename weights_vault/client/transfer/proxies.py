"""Proxies from the environment, for the bulk path: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY.

Names in lower case come first, as everywhere. A proxy's user and password stand in its URL and are never
shown.
"""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment

DEFAULT_PORT = 3128  # where no port is named; what squid and curl take


@dataclass(frozen=True)
class Proxy:
    """A proxy spoken to in plain HTTP. authorization: the value of its header, a secret."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What the proxy alone is told."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


class ProxyUnusable(Exception):
    """The environment names a proxy of a kind that is not spoken. The message holds no credentials."""


def proxy_for(parts: SplitResult) -> Proxy | None:
    """The proxy that the environment names for a URL, None to go straight. Raises: ProxyUnusable."""
    named = getproxies_environment()
    url = named.get(parts.scheme) or named.get("all")
    if not url or _bypassed(parts, named):
        return None
    try:
        proxy = urlsplit(url if "://" in url else f"http://{url}")
        host, port = proxy.hostname, proxy.port or DEFAULT_PORT
    except ValueError:
        raise ProxyUnusable("the environment names a proxy whose address cannot be read") from None
    if proxy.scheme != "http" or not host:
        raise ProxyUnusable(f"the environment names a {proxy.scheme}:// proxy; only http:// ones are spoken")
    return Proxy(host, port, _authorization(proxy))


def _authorization(proxy: SplitResult) -> str | None:
    if not proxy.username:
        return None
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


def _bypassed(parts: SplitResult, named: dict[str, str]) -> bool:
    entries = [entry.strip().lower() for entry in named.get("no", "").split(",") if entry.strip()]
    return any(entry == "*" or _names(entry, parts) or _holds(entry, parts) for entry in entries)


def _names(entry: str, parts: SplitResult) -> bool:
    """Whether an entry of NO_PROXY names the host or a domain above it, with a port or without."""
    host = parts.hostname or ""
    name, colon, port = entry.rpartition(":")
    if colon and port.isdecimal() and ":" not in name:
        if int(port) != (parts.port or (443 if parts.scheme == "https" else 80)):
            return False
        entry = name
    domain = entry.removeprefix("*").removeprefix(".")
    return host == domain or host.endswith(f".{domain}")


def _holds(entry: str, parts: SplitResult) -> bool:
    """Whether an entry of NO_PROXY is a network, as 10.0.0.0/8 or ::1, that holds the host's address."""
    try:
        return ipaddress.ip_address(parts.hostname or "") in ipaddress.ip_network(entry.strip("[]"), False)
    except ValueError:  # a name
        return False
