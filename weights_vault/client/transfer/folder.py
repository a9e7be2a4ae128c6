"""The folder of a download: where each thing stands, who holds it, and what may be written into it.

    DIR/<path>                       finished files, 0600
    DIR/.sealed/<path>.body          with --keep-sealed: the sealed body, and
    DIR/.sealed/<path>.header        the header: `cat FILE.header FILE.body | age -d -i KEY`
    DIR/.weights/manifest.dsse.json, trust.dsse.json     the signed documents as received
    DIR/.weights/state.json          portal, release, revision, grant
    DIR/.weights/journal, partial/<file id>[.body]       what is in so far
    DIR/.weights/before/             earlier revisions, on the way to another (earlier.py)
    DIR/.weights/lock                held while a command works in the folder (lock.py)

Everything below DIR/.weights and DIR/.sealed is the client's own; no file of a release goes there.
"""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager
from pathlib import Path

from weights_vault.client.errors import WrongUsage, machine_fault
from weights_vault.client.output import typed
from weights_vault.client.parts import Target, plain_target, sealed_target
from weights_vault.client.transfer.folder_state import FolderState, state_of
from weights_vault.client.transfer.lock import locked
from weights_vault.client.transfer.preflight import check_writable
from weights_vault.client.transfer.rebuilding import rebuilt_state
from weights_vault.sealed.manifest import ManifestFile

RESERVED = (".weights", ".sealed")


class DownloadFolder:
    """One folder on this disk. Nothing is made before `make`.

    wanted: the envelope of the manifest that it is to hold, where that is known.
    """

    def __init__(self, root: Path, wanted: bytes | None = None) -> None:
        self.root = root
        self.own = root / ".weights"
        self._wanted = wanted

    @property
    def manifest_path(self) -> Path:
        """The manifest's envelope as received."""
        return self.own / "manifest.dsse.json"

    @property
    def trust_path(self) -> Path:
        """The trust document's envelope as received with the manifest."""
        return self.own / "trust.dsse.json"

    @property
    def journal_path(self) -> Path:
        """The journal."""
        return self.own / "journal"

    def state(self) -> FolderState | None:
        """What the folder holds, None where it is no download. A damaged state.json is made up for by the
        manifest, the journal and the files. Raises: WrongUsage(folder-damaged), MachineFault.
        """
        try:
            return state_of(json.loads((self.own / "state.json").read_bytes()))
        except (FileNotFoundError, NotADirectoryError):
            # A journal comes after state.json: beside one, it was lost.
            return self._rebuilt() if self.journal_path.is_file() else None
        except OSError as error:
            raise machine_fault(error, f"{self.root} cannot be read.") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            return self._rebuilt()

    def _rebuilt(self) -> FolderState:
        try:
            found = rebuilt_state(self, self._wanted)
        except OSError as error:
            raise machine_fault(error, f"{self.root} cannot be read.") from None
        if found is not None:
            return found
        raise WrongUsage(
            "folder-damaged",
            f"{self.root} is a download whose notes are damaged.",
            "Neither its .weights/state.json nor the manifest beside it can be read.",
            f"`weights download RELEASE@REVISION --to {typed(self.root)}` with the release and the revision "
            "that it holds checks what is in and goes on; or choose a new folder.",
        )

    def check_usable(self, wanted: FolderState) -> None:
        """Refuse a folder that is something else already; nothing is written yet. Raises: WrongUsage.

        Another revision of the same release is no reason: the folder is brought to the one that is wanted.
        """
        found = self.state()
        if found is None:
            self._check_empty()
        elif (found.portal, found.release) != (wanted.portal, wanted.release):
            raise WrongUsage(
                "folder-holds-another",
                f"{self.root} holds {found.release}@{found.revision} of {found.portal}.",
                f"{wanted.release}@{wanted.revision} cannot go on in it.",
                f"Choose another with --to, or run `weights download {found.release}@{found.revision}`.",
            )

    def check_place(self) -> None:
        """Refuse a place that can hold no download, whichever it is. Raises: WrongUsage, MachineFault."""
        if self.state() is None:
            self._check_empty()
        check_writable(self.root)

    def make(self) -> None:
        """Make the folder and its own corner, 0700. Raises: WrongUsage(folder-has-links), MachineFault."""
        # The folder may be a person's link; below it everything is ours, and what is in partial/ is removed.
        for corner in (self.own, self.own / "partial", self.own / "before"):
            if corner.is_symlink():
                raise leads_elsewhere(corner)
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.root, self.own, self.own / "partial"):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise machine_fault(error, f"{self.root} cannot be written.") from None

    def begin(self, state: FolderState, manifest: bytes, trust: bytes) -> None:
        """Write down what the folder is for; called under the lock. state.json comes last: it alone decides.

        Raises: MachineFault.
        """
        try:
            write_whole(self.manifest_path, manifest)
            write_whole(self.trust_path, trust)
            self.keep_state(state)
        except OSError as error:
            raise machine_fault(error, f"{self.root} cannot be written.") from None

    def keep_state(self, state: FolderState) -> None:
        """Replace state.json."""
        write_whole(self.own / "state.json", json.dumps(state.to_json(), indent=1).encode() + b"\n")

    def plain(self, file: ManifestFile) -> Target:
        """Where a file is opened to."""
        return plain_target(file, final=self.root / file.path, partial=self.own / "partial" / file.id)

    def sealed(self, file: ManifestFile) -> Target:
        """Where a file's sealed body is kept with --keep-sealed."""
        final = self.root / ".sealed" / f"{file.path}.body"
        return sealed_target(file, final=final, partial=self.own / "partial" / f"{file.id}.body")

    def header_path(self, file: ManifestFile) -> Path:
        """Where a file's header is kept with --keep-sealed."""
        return self.root / ".sealed" / f"{file.path}.header"

    def write_header(self, file: ManifestFile, header: bytes) -> None:
        """Keep a file's header beside its sealed body. Raises: OSError."""
        path = self.header_path(file)
        self.make_parents(path)
        write_whole(path, header)

    def make_parents(self, path: Path) -> None:
        """Make the folders above a file, 0700; refuse links among them, which could lead elsewhere.

        Raises: WrongUsage(folder-has-links), OSError.
        """
        current = self.root
        for name in path.parent.relative_to(self.root).parts:
            current = current / name
            if current.is_symlink():
                raise leads_elsewhere(current)
            current.mkdir(mode=0o700, exist_ok=True)

    def clear_partial(self) -> None:
        """Remove what is left of parts once everything stands under its final name."""
        for path in (self.own / "partial").iterdir():
            path.unlink()

    def locked(self) -> AbstractContextManager[None]:
        """Held by one process at a time. Raises: WrongUsage(folder-in-use)."""
        return locked(self.own, self.root)

    def is_within(self, path: Path) -> bool:
        """Whether a path leads through no symbolic link, so that what is done to it is done in here."""
        above = [place for place in path.parents if place.is_relative_to(self.root) and place != self.root]
        return not any(place.is_symlink() for place in above)

    def _check_empty(self) -> None:
        try:
            occupied = self.root.is_dir() and any(entry.name != ".weights" for entry in self.root.iterdir())
        except OSError as error:
            raise machine_fault(error, f"{self.root} cannot be read.") from None
        if occupied or (os.path.lexists(self.root) and not self.root.is_dir()):
            file = "It is a file." if self.root.exists() else "It is a link that leads nowhere."
            raise WrongUsage(
                "folder-not-empty",
                f"{self.root} exists and is not a download of `weights`.",
                "What is already there might be overwritten." if self.root.is_dir() else file,
                "Choose an empty or a new folder with --to.",
            )


def leads_elsewhere(link: Path) -> WrongUsage:
    """The error for a link where a folder or a file of ours should stand."""
    return WrongUsage(
        "folder-has-links",
        f"{link} is a symbolic link.",
        "Files are never written through links.",
        "Remove the link, or choose a new folder with --to.",
    )


def write_whole(path: Path, content: bytes) -> None:
    """Put a file down whole or not at all, 0600: temporary name, sync, rename. Raises: OSError."""
    temporary = path.with_name(f"{path.name}.new")
    descriptor = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
