"""How this machine reaches a portal: certificates, proxies, time limits."""

from __future__ import annotations

import os
import ssl
from functools import cache

import httpx

from weights_vault.client.errors import WrongUsage

USER_AGENT = "weights/1"
CONNECT_S = 15.0
READ_S = 30.0


def tls() -> ssl.SSLContext:
    """What a portal and a store are trusted by. Raises: OSError."""
    return _tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _tls(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Made once, because that takes 20 ms; the library looks at the environment by itself."""
    return httpx.create_ssl_context()


def _trusted_by(portal: str) -> ssl.SSLContext:
    if portal.startswith("https:") or os.environ.keys() & {"SSL_CERT_FILE", "SSL_CERT_DIR"}:
        return tls()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and reads no certificates


def http_client(portal: str) -> httpx.Client:
    """A client as the environment wants it: its proxies and its certificates. Raises: WrongUsage."""
    try:
        return httpx.Client(
            verify=_trusted_by(portal),
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            headers={"Accept-Encoding": "identity", "User-Agent": USER_AGENT},
            follow_redirects=False,
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        # The library's words would repeat the proxy's address, which may hold a password.
        raise WrongUsage(
            "proxy-unusable",
            "The proxy of the environment cannot be used.",
            "Only http:// proxies are spoken; one of HTTPS_PROXY, HTTP_PROXY, ALL_PROXY is another.",
            "Set them to http://HOST:PORT, or take them out of the environment: env -u ALL_PROXY weights …",
        ) from None
    except OSError:
        raise WrongUsage(
            "certificates-unusable",
            "The certificates of the environment cannot be used.",
            "What SSL_CERT_FILE or SSL_CERT_DIR names is not there, or holds no certificates.",
            "Set it to a file of certificates (PEM), or take it out of the environment.",
        ) from None
