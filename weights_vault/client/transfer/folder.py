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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from weights_vault.client.errors import WrongUsage, machine_fault
from weights_vault.client.parts import Target, plain_target, sealed_target
from weights_vault.client.transfer.lock import locked
from weights_vault.client.transfer.preflight import check_writable
from weights_vault.sealed.manifest import ManifestFile

RESERVED = (".weights", ".sealed")
_STATE_WORDS = ("portal", "release", "revision", "grant", "manifest_sha256", "trusted_at")


@dataclass(frozen=True)
class FolderState:
    """What a folder holds.

    trusted_at: ISO time at which the signed documents were checked. include: the globs asked for so far, ()
    for everything. complete: all that was asked for is in. group: the folder's group may read it.
    """

    portal: str
    release: str
    revision: str
    grant: str
    manifest_sha256: str
    trusted_at: str
    include: tuple[str, ...] = ()
    complete: bool = False
    group: bool = False


class DownloadFolder:
    """One folder on this disk. Nothing is made before `make`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.own = root / ".weights"

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
        """What the folder holds, None where it is no download. Raises: WrongUsage(folder-damaged),
        MachineFault.
        """
        try:
            found: Any = json.loads((self.own / "state.json").read_bytes())
            return FolderState(
                **{name: str(found[name]) for name in _STATE_WORDS},
                include=tuple(map(str, found["include"])),
                complete=found["complete"] is True,
                group=found.get("group") is True,
            )
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise machine_fault(error, f"{self.root} cannot be read.") from None
        except (ValueError, KeyError, TypeError):
            raise WrongUsage(
                "folder-damaged",
                f"{self.root} is not a download that can go on.",
                "Its .weights/state.json is damaged.",
                "Choose a new folder with --to, or remove this one.",
            ) from None

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
        write_whole(self.own / "state.json", json.dumps(asdict(state), indent=1).encode() + b"\n")

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
