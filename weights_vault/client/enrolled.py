"""Finds the key to download with: enrolled and on this machine, or made and enrolled now, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from weights_vault.client.answers import Json
from weights_vault.client.api import Api
from weights_vault.client.enrollment import EnrolledKey, default_name, enroll
from weights_vault.client.identities import (
    LocalIdentity,
    create_identity,
    find_identity,
    known_identities,
    read_identities,
)
from weights_vault.client.output import Output
from weights_vault.client.releases import check_id
from weights_vault.client.settings import Settings

DEFAULT_KIND = "mlkem768x25519"


class KeyFinder:
    """Gives the key when called; what it found once is kept.

    identity_file: the only file to look into, where the person named one.
    """

    def __init__(self, settings: Settings, api: Api, output: Output, identity_file: Path | None) -> None:
        self._settings = settings
        self._api = api
        self._output = output
        self._file = identity_file
        self._found: EnrolledKey | None = None

    def __call__(self) -> EnrolledKey:
        """An active key whose private half is here; where there is none, one is made and its owner asked."""
        if self._found is None:
            self._found = self._enrolled() or self._new()
        return self._found

    def _enrolled(self) -> EnrolledKey | None:
        here = self._identities()
        active = [key for key in self._keys() if key.get("state") == "active"]
        # Post-quantum keys first: some releases take no others.
        for key in sorted(active, key=lambda key: key.get("kind") != DEFAULT_KIND):
            identity = find_identity(here, str(key.get("recipient")))
            if identity is not None:
                return EnrolledKey(check_id(key.get("id")), identity)
        return None

    def _new(self) -> EnrolledKey:
        if self._file is not None:
            identity = read_identities(self._file)[0]
            self._output.important(f"the key of {self._file} is not enrolled yet: enrolling it now")
        else:
            identity = self._unfinished() or create_identity(self._settings, DEFAULT_KIND, self._api.portal)
            self._output.important(
                f"no enrolled key on this machine: enrolling {identity.path} (keep it, back it up)"
            )
        return enroll(self._api, identity, self._output, name=default_name())

    def _unfinished(self) -> LocalIdentity | None:
        """A key of an earlier try that nobody confirmed in time; making another each time would litter."""
        waiting = [key for key in self._keys() if key.get("state") in ("challenged", "proven")]
        here = self._identities()
        found = (find_identity(here, str(key.get("recipient"))) for key in waiting)
        return next((identity for identity in found if identity is not None), None)

    def _keys(self) -> list[Json]:
        return self._api.listing("/keys")

    def _identities(self) -> Sequence[LocalIdentity]:
        return read_identities(self._file) if self._file is not None else known_identities(self._settings)
