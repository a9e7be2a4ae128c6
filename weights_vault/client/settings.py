"""What the global options and the environment say, resolved once for a command."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from weights_vault.client.errors import WrongUsage
from weights_vault.client.home import Home, home_folder

CONFIG = "config.json"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Settings:
    """The global options of one command.

    portal, portal_key: from the option, else the environment; None where neither says.
    """

    home: Home
    environment: Mapping[str, str] = field(repr=False)
    portal: str | None = None
    portal_key: str | None = None
    json: bool = False
    quiet: bool = False

    def portal_url(self) -> str:
        """The portal to talk to: option, environment, or the one of the last login; no slash at the end.

        Raises: WrongUsage(no-portal | portal-url-unusable).
        """
        chosen = self.portal or self.home.read_json(CONFIG).get("portal")
        if not chosen:
            raise WrongUsage(
                "no-portal",
                "No portal was named.",
                "There was no login on this machine yet, and no --portal.",
                "Run `weights login --portal https://…`, or set WEIGHTS_PORTAL.",
            )
        return check_portal_url(str(chosen))

    def at(self, portal: str) -> Settings:
        """The same settings for another portal, such as the one a folder came from."""
        return replace(self, portal=portal)

    @property
    def identity_file(self) -> Path | None:
        """The identity file of WEIGHTS_IDENTITY, if set."""
        named = self.environment.get("WEIGHTS_IDENTITY")
        return Path(named).expanduser() if named else None


def settings_from(
    *,
    portal: str | None,
    portal_key: str | None,
    as_json: bool,
    quiet: bool,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Settings of a command line; options win over the environment."""
    return Settings(
        home=Home(home_folder(environment)),
        environment=environment,
        portal=portal or environment.get("WEIGHTS_PORTAL") or None,
        portal_key=portal_key or environment.get("WEIGHTS_PORTAL_KEY") or None,
        json=as_json,
        quiet=quiet,
    )


def check_portal_url(text: str) -> str:
    """The portal's URL without a slash at the end.

    Plain http is taken for this machine alone: a token sent over it could be read by anybody between.
    Raises: WrongUsage(portal-url-unusable).
    """
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username:
        raise _unusable("It must look like https://portal.example.org.")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise _unusable(
            f"It is plain http, and {host} is another machine: your token could be read on the way."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _unusable(why: str) -> WrongUsage:
    return WrongUsage(
        "portal-url-unusable",
        "This portal address cannot be used.",
        why,
        "Pass --portal https://HOST, or set WEIGHTS_PORTAL.",
    )


def portal_file(portal: str, kind: str) -> str:
    """Name of the file that keeps what is known of a portal: `portals/host_8000.json`, `….token`."""
    parts = urlsplit(portal)
    name = f"{parts.netloc}{parts.path}".replace("/", "_").replace(":", "_")
    return f"portals/{name}.{kind}"
