"""What every command starts from: settings, output, and the portal opened with its token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from weights_vault.client.output import Output
from weights_vault.client.settings import Settings

if TYPE_CHECKING:
    from weights_vault.client.api import Api
    from weights_vault.client.bearer import Bearer
    from weights_vault.client.trust import TrustChain


class Workplace:
    """The object that typer hands to each command."""

    def __init__(self, settings: Settings, output: Output) -> None:
        self.settings = settings
        self.output = output

    @contextmanager
    def portal(self) -> Iterator[Api]:
        """The API of the chosen portal, signed in. Raises: NotSignedIn, WrongUsage."""
        from weights_vault.client.api import Api

        url = self.settings.portal_url()
        with Api(url, self._bearer(url), say=self.output.message) as api:
            yield api

    @contextmanager
    def open_portal(self) -> Iterator[Api]:
        """The same for what everybody may see: without a token it asks as a stranger."""
        from weights_vault.client.api import Api
        from weights_vault.client.errors import NotSignedIn

        url = self.settings.portal_url()
        try:
            bearer = self._bearer(url)
        except NotSignedIn:
            bearer = None
        with Api(url, bearer, say=self.output.message) as api:
            yield api

    def _bearer(self, portal: str) -> Bearer:
        """What signs the calls. Raises: NotSignedIn(not-signed-in), WrongUsage."""
        from weights_vault.client.bearer import DeviceBearer, FixedBearer
        from weights_vault.client.credentials import DeviceTokens
        from weights_vault.client.tokens import find_token

        found = find_token(self.settings, portal)
        if isinstance(found, DeviceTokens):
            return DeviceBearer(self.settings, portal, found)
        return FixedBearer(found)

    def trust(self, api: Api) -> TrustChain:
        """The chain of signed documents of this portal, with this machine's memory."""
        from weights_vault.client.pins import Pins
        from weights_vault.client.trust import TrustChain

        pins = Pins(self.settings.home, api.portal)
        return TrustChain(api, pins, self.output, portal_key=self.settings.portal_key)
