"""Earlier revisions in a folder: what is kept of them while the folder is on its way to another.

    DIR/.weights/before/<sha256 of the manifest's envelope>/
        manifest.dsse.json, trust.dsse.json     as they stood in the folder
        journal                                 what was in, and when it was written

They are put there before the new documents take the folder over, and go when the new revision is complete.
state.json alone says which revision the folder is of: replacing it is the moment of the change.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from weights_vault.client.errors import IntegrityFailure, machine_fault
from weights_vault.client.transfer.folder import DownloadFolder, write_whole
from weights_vault.client.transfer.journal import Notes, read_notes
from weights_vault.client.transfer.plan import check_names
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.manifest import Manifest, envelope_digest, open_manifest
from weights_vault.sealed.signing import PublicKey


@dataclass(frozen=True)
class Earlier:
    """A revision whose files may stand in the folder, and what its journal said of them."""

    manifest: Manifest
    notes: Notes


class EarlierRevisions:
    """The `before` corner of one folder."""

    def __init__(self, folder: DownloadFolder) -> None:
        self._folder = folder
        self._root = folder.own / "before"

    def keep(self, wanted_sha256: str) -> None:
        """Before the folder becomes another manifest's: keep what it is of now. Raises: OSError."""
        state = self._folder.state()
        if state is None or state.manifest_sha256 == wanted_sha256:
            return
        documents = self.documents(state.manifest_sha256)
        if documents is None:
            return  # nothing to rely on: its files are found by digest, or left alone
        place = self._root / state.manifest_sha256
        for corner in (self._root, place):
            corner.mkdir(mode=0o700, exist_ok=True)
        write_whole(place / "manifest.dsse.json", documents[0])
        write_whole(place / "trust.dsse.json", documents[1])
        if read_notes(self._folder.journal_path, state.manifest_sha256) is not None:
            write_whole(place / "journal", self._folder.journal_path.read_bytes())

    def documents(self, sha256: str) -> tuple[bytes, bytes] | None:
        """The manifest's and the trust document's envelopes of a revision, by the manifest's digest.

        A kill between the documents and state.json leaves newer documents than the state says; those of the
        state are then in `before`. Raises: OSError.
        """
        for place in (self._folder.own, self._root / sha256):
            try:
                envelope = (place / "manifest.dsse.json").read_bytes()
                if envelope_digest(envelope) == sha256:
                    return envelope, (place / "trust.dsse.json").read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
        return None

    def read(self, keys: Sequence[PublicKey], current_sha256: str = "") -> list[Earlier]:
        """What is kept and signed by the publisher; what is not is passed over. Raises: MachineFault.

        current_sha256: a manifest that the folder is of now, to be counted among them.
        """
        try:
            names = sorted(path.name for path in self._root.iterdir()) if self._root.is_dir() else []
            found = [self._read(sha256, keys) for sha256 in {*names, *filter(None, [current_sha256])}]
        except OSError as error:
            raise machine_fault(error, f"{self._root} cannot be read.") from None
        return sorted((each for each in found if each), key=lambda each: each.manifest.sequence, reverse=True)

    def clear(self) -> None:
        """Forget all of them, once the folder is complete."""
        if self._root.is_dir():
            shutil.rmtree(self._root)

    def _read(self, sha256: str, keys: Sequence[PublicKey]) -> Earlier | None:
        documents = self.documents(sha256)
        if documents is None:
            return None
        try:
            manifest = open_manifest(documents[0], keys)
            check_names(manifest)
        except (SealedError, IntegrityFailure):
            return None
        notes = read_notes(self._folder.journal_path, sha256) or read_notes(
            self._root / sha256 / "journal", sha256
        )
        return Earlier(manifest, notes or Notes())
