"""Checks a finished folder against the signed manifest it came with; no network, no fresh head.

The chain is the same as for a download, from the root key pinned on this machine (or given with --portal-key)
down to each part's digest. A folder alone cannot vouch for itself: without a known root key nothing is said
to be right.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from weights_vault.client.errors import WrongUsage, machine_fault
from weights_vault.client.integrity import refused_as
from weights_vault.client.parts import Target, good_parts
from weights_vault.client.pins import Pins
from weights_vault.client.settings import Settings
from weights_vault.client.transfer.folder import RESERVED, DownloadFolder, FolderState
from weights_vault.client.transfer.plan import check_names, choose_files
from weights_vault.client.trust import TrustedManifest, check_place
from weights_vault.sealed.manifest import ManifestFile, envelope_digest, open_manifest
from weights_vault.sealed.trust import open_trust


@dataclass(frozen=True)
class FileVerdict:
    """What was found of one file. problem: None, `missing`, `size`, `damaged`. parts: numbers of damaged
    parts.
    """

    file: ManifestFile
    problem: str | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class FolderVerdict:
    """What was found in a folder.

    left_out: files of the release that were never asked for. extra: paths that the release does not have.
    """

    files: tuple[FileVerdict, ...]
    left_out: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def problems(self) -> tuple[FileVerdict, ...]:
        """The files that are not what was published."""
        return tuple(verdict for verdict in self.files if verdict.problem)


def open_folder(settings: Settings, folder: DownloadFolder) -> tuple[FolderState, TrustedManifest]:
    """The folder's state and its manifest, trusted by the root key this machine knows.

    Raises: WrongUsage(not-a-download | portal-key-unknown), IntegrityFailure.
    """
    state = folder.state()
    if state is None:
        there = folder.root.exists()
        raise WrongUsage(
            "not-a-download",
            f"{folder.root} is not a download of `weights`.",
            "It has no .weights/state.json." if there else "There is no such folder.",
            "Name the folder that `weights download` made.",
        )
    pinned = settings.portal_key or Pins(settings.home, state.portal).root
    if pinned is None:
        raise WrongUsage(
            "portal-key-unknown",
            f"The key of {state.portal} is not known on this machine.",
            "A folder cannot vouch for itself: its documents must be signed by a key that you trust.",
            f"Pass --portal-key with the fingerprint that stands on {state.portal}/about/.",
        )
    envelope, trust_envelope = _read(folder.manifest_path), _read(folder.trust_path)
    with refused_as(f"The signed documents in {folder.root} are refused.", "Download the release again."):
        trust = open_trust(
            trust_envelope, pinned=pinned, minimum_sequence=0, portal=state.portal, now=_moment(state)
        )
        manifest = open_manifest(envelope, trust.keys["manifest"])
    check_place(manifest, portal=state.portal, release=state.release, revision=state.revision)
    check_names(manifest)
    return state, TrustedManifest(manifest, envelope, envelope_digest(envelope), trust_envelope)


def verify_folder(
    folder: DownloadFolder,
    state: FolderState,
    trusted: TrustedManifest,
    on_file: Callable[[FileVerdict], None],
) -> FolderVerdict:
    """Hash every part of every file that was asked for.

    on_file: told of each file as soon as it is judged; a release takes minutes.
    Raises: MachineFault: the disk cannot be read.
    """
    asked = choose_files(trusted.manifest, state.include)
    known = {file.path for file in trusted.manifest.files}
    return FolderVerdict(
        files=tuple(_judged(folder, file, on_file) for file in asked),
        left_out=tuple(file.path for file in trusted.manifest.files if file not in asked),
        extra=tuple(path for path in _paths_in(folder.root) if path not in known),
    )


def _judged(
    folder: DownloadFolder, file: ManifestFile, on_file: Callable[[FileVerdict], None]
) -> FileVerdict:
    verdict = _verdict(folder, file)
    on_file(verdict)
    return verdict


def _verdict(folder: DownloadFolder, file: ManifestFile) -> FileVerdict:
    target = folder.plain(file)
    try:
        descriptor = os.open(target.final, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return FileVerdict(file, "missing")
    try:
        bad = _bad_parts(descriptor, target)
        size = os.fstat(descriptor).st_size
    except OSError as error:
        raise machine_fault(error, f"{target.final} cannot be read.") from None
    finally:
        os.close(descriptor)
    problem = "damaged" if bad else "size" if size != file.size else None
    return FileVerdict(file, problem, bad)


def _bad_parts(descriptor: int, target: Target) -> tuple[int, ...]:
    every = range(len(target.spans))
    return tuple(sorted(set(every) - good_parts(descriptor, target, every)))


def _paths_in(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if name not in RESERVED]
        folders.sort()
        yield from ((Path(folder) / name).relative_to(root).as_posix() for name in sorted(names))


def _moment(state: FolderState) -> datetime:
    """When the documents were checked against the portal: expiry stops an old word from being passed off as
    the newest, which is not what is asked here."""
    try:
        moment = datetime.fromisoformat(state.trusted_at)
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise machine_fault(error, f"{path} cannot be read.") from None
