"""This recipient's headers: asked for in batches, opened, held against what they must be for."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from weights_vault.client.answers import unreadable
from weights_vault.client.api import Api
from weights_vault.client.enrollment import EnrolledKey
from weights_vault.client.integrity import refused_as
from weights_vault.client.transfer.limits import BATCH_FILES
from weights_vault.sealed.header import GrantLabel, open_header
from weights_vault.sealed.manifest import Manifest, ManifestFile


@dataclass(frozen=True)
class OpenedHeader:
    """A header as received, and the file key it holds (16 bytes, never shown)."""

    header: bytes = field(repr=False)
    file_key: bytes = field(repr=False)


def fetch_headers(
    api: Api, *, grant: str, manifest: Manifest, files: Sequence[ManifestFile], key: EnrolledKey
) -> dict[str, OpenedHeader]:
    """The headers of these files for this key, by file id.

    Raises: IntegrityFailure: made for another grant, revision, file or key; NotAllowed and others from the
    API.
    """
    opened: dict[str, OpenedHeader] = {}
    for batch in _batches(files):
        received = _ask(api, grant, manifest.revision, key.id, batch)
        for file in batch:
            if file.id not in received:
                raise unreadable("A header that was asked for is missing.")
            label = GrantLabel(grant=grant, revision=manifest.revision_id, file=file.id)
            with refused_as(f"The header of {file.path} is refused."):
                file_key = open_header(received[file.id], [key.identity.identity], label)
            opened[file.id] = OpenedHeader(received[file.id], file_key)
    return opened


def _ask(api: Api, grant: str, revision: str, key_id: str, files: Sequence[ManifestFile]) -> dict[str, bytes]:
    body = {"revision": revision, "key": key_id, "files": [file.id for file in files]}
    found = api.issue(f"/grants/{grant}/headers", body).get("headers")
    if not isinstance(found, list):
        raise unreadable("A list of headers was expected.")
    try:
        return {str(entry["file"]): base64.b64decode(entry["header"], validate=True) for entry in found}
    except (TypeError, KeyError, ValueError, binascii.Error):
        raise unreadable("One of its headers is not base64.") from None


def _batches(files: Sequence[ManifestFile]) -> Iterator[Sequence[ManifestFile]]:
    for start in range(0, len(files), BATCH_FILES):
        yield files[start : start + BATCH_FILES]
