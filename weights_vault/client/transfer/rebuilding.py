"""What a folder holds, where its state.json cannot be read any more: from the signed manifest beside it, the
journal, and the files themselves.

The manifest is read here without its signature being checked: it says no more than a state.json would, and
whoever goes on with it checks it against the portal's keys (verify.py, earlier.py). What was asked for is not
known any more. What there is something of counts as asked for; complete is a folder only where the journal
knows every file of the release.
"""

from __future__ import annotations

import base64
import binascii
import glob
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weights_vault.client.output import Output
from weights_vault.client.transfer.folder_state import FolderState
from weights_vault.client.transfer.journal import Notes, read_notes
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.manifest import (
    MAX_MANIFEST_SIZE,
    Manifest,
    ManifestFile,
    decode_manifest,
    envelope_digest,
)

if TYPE_CHECKING:
    from weights_vault.client.transfer.folder import DownloadFolder


def rebuilt_state(folder: DownloadFolder, wanted: bytes | None = None) -> FolderState | None:
    """What the folder holds, None where nothing tells.

    wanted: the envelope of a manifest; it stands for the folder's own where that is damaged too and the
    journal speaks of it.
    Raises: OSError.
    """
    own = _read(folder.manifest_path)
    if own is not None and (manifest := _manifest(own)) is not None:
        return _state(folder, own, manifest, read_notes(folder.journal_path, envelope_digest(own)))
    notes = read_notes(folder.journal_path, envelope_digest(wanted)) if wanted is not None else None
    if wanted is None or notes is None or (manifest := _manifest(wanted)) is None:
        return None
    return _state(folder, wanted, manifest, notes)


def warn_of_rebuilt(output: Output, root: Path, next_step: str) -> None:
    """Say what was made up for, and that nobody knows any more what was asked for."""
    output.warning(
        "folder-notes-rebuilt",
        f"{root}/.weights/state.json was damaged: what the folder holds was read from the rest of it.",
        f"{next_step} Name --include and --group again where you used them.",
    )


def _state(folder: DownloadFolder, envelope: bytes, manifest: Manifest, notes: Notes | None) -> FolderState:
    known = notes or Notes()
    begun = [file.path for file in manifest.files if _is_begun(folder, file, known)]
    whole = all(known.is_known(file.id, folder.plain(file).final) for file in manifest.files)
    return FolderState(
        portal=manifest.portal,
        release=manifest.release,
        revision=manifest.revision,
        grant="",
        manifest_sha256=envelope_digest(envelope),
        trusted_at=_written(folder).isoformat(timespec="seconds"),
        include=() if len(begun) == len(manifest.files) else tuple(sorted(map(glob.escape, begun))),
        complete=whole,
        rebuilt=True,
    )


def _is_begun(folder: DownloadFolder, file: ManifestFile, notes: Notes) -> bool:
    place = folder.plain(file)
    return file.id in notes.files or file.id in notes.parts or place.final.is_file() or place.partial.exists()


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_MANIFEST_SIZE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _manifest(envelope: bytes) -> Manifest | None:
    try:
        found: Any = json.loads(envelope)
        return decode_manifest(base64.b64decode(found["payload"], validate=True))
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error, SealedError):
        return None


def _written(folder: DownloadFolder) -> datetime:
    """When the documents were put down, which was right after they were checked."""
    try:
        return datetime.fromtimestamp(folder.trust_path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return datetime.now(UTC)
