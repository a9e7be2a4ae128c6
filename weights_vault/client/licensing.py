"""License texts from the portal, checked against the hash by which they are signed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from weights_vault.client.answers import Json, needed_text, text, unexpected, whole
from weights_vault.client.api import Api
from weights_vault.client.errors import IntegrityFailure
from weights_vault.client.releases import check_id


@dataclass(frozen=True)
class LicenseText:
    """One version of a license. text: exactly as it is signed. sha256: of its UTF-8 bytes, computed here."""

    name: str
    number: int
    sha256: str
    text: str

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"


def license_text(api: Api, identifier: str) -> LicenseText:
    """The text of a license version. Raises: IntegrityFailure(license-text-wrong): it has another hash."""
    found = api.get(f"/licenses/{check_id(identifier)}")
    said = _exact(found)
    sha256 = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
    if sha256 != needed_text(found, "sha256"):
        raise IntegrityFailure(
            "license-text-wrong",
            "The license text is not the one that its hash names.",
            f"Its SHA-256 is {sha256}, and the portal says {text(found, 'sha256')}.",
            "Sign nothing. Tell the portal's staff.",
        )
    return LicenseText(text(found, "name"), whole(found, "number") or 0, sha256, said)


def _exact(found: Json) -> str:
    said = found.get("text")
    if not isinstance(said, str):
        raise unexpected("It has no text.")
    return said
