"""Where else people may have an account that signs them in here: ORCID, and one OpenID provider more.

Nothing is offered where nothing is set. Each is spoken to by OpenID Connect with PKCE.
"""

from typing import Any
from urllib.parse import urlsplit

import environ

ORCID_SERVER = "https://orcid.org"


def configured(env: environ.Env) -> list[dict[str, Any]]:
    """Return the providers that the environment names, in allauth's form."""
    found = []
    if client := env.str("ORCID_CLIENT_ID", default=""):
        server = env.str("ORCID_SERVER", default=ORCID_SERVER)
        found.append(_app("orcid", "ORCID", server, client, env.str("ORCID_CLIENT_SECRET")))
    if client := env.str("OIDC_CLIENT_ID", default=""):
        name = env.str("OIDC_NAME", default="your organization")
        found.append(_app("oidc", name, env.str("OIDC_SERVER"), client, env.str("OIDC_CLIENT_SECRET")))
    return found


def _app(id: str, name: str, server: str, client: str, secret: str) -> dict[str, Any]:
    return {
        "provider_id": id,
        "name": name,
        "client_id": client,
        "secret": secret,
        "settings": {"server_url": server, "oauth_pkce_enabled": True},
    }


def origins(apps: list[dict[str, Any]]) -> list[str]:
    """Return where a form that begins to sign in may lead in the end (CSP form-action)."""
    servers = [urlsplit(app["settings"]["server_url"]) for app in apps]
    return [f"{server.scheme}://{server.netloc}" for server in servers]
