"""Checks a finished folder against the signed manifest it came with; no network, no fresh head.

The chain is the same as for a download, from the root key pinned on this machine (or given with --portal-key)
down to each part's digest. A folder alone cannot vouch for itself: without a known root key nothing is said
to be right.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from weights_vault.client.checking import Check, Checked, check_all
from weights_vault.client.errors import WrongUsage, machine_fault
from weights_vault.client.integrity import refused_as
from weights_vault.client.output import Output
from weights_vault.client.pins import Pins
from weights_vault.client.settings import Settings
from weights_vault.client.transfer.earlier import Earlier, EarlierRevisions
from weights_vault.client.transfer.folder import RESERVED, DownloadFolder
from weights_vault.client.transfer.folder_state import FolderState
from weights_vault.client.transfer.inventory import meter_of_checks, part_counter
from weights_vault.client.transfer.plan import all_parts, check_names, choose_files
from weights_vault.client.transfer.progress import Phase, make_display
from weights_vault.client.transfer.sharing import exposed
from weights_vault.client.trust import TrustedManifest, check_place
from weights_vault.sealed.manifest import ManifestFile, envelope_digest, open_manifest
from weights_vault.sealed.trust import open_trust

_READABLE = "Let its owner give you the right to read it, or check the disk; then run the same command again."


@dataclass(frozen=True)
class FileVerdict:
    """What was found of one file.

    problem: None, `missing`, `link`, `size`, `damaged`, or `old`: as an earlier revision has it. parts:
    numbers of damaged parts.
    """

    file: ManifestFile
    problem: str | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class FolderVerdict:
    """What was found in a folder.

    left_out: files of the release that were never asked for. extra: paths that the release does not have.
    links: those of them that are symbolic links. exposed: what others can read or write, with modes.
    earlier: the revision that the folder is on its way from, None where it is not on its way.
    """

    files: tuple[FileVerdict, ...]
    left_out: tuple[str, ...]
    extra: tuple[str, ...]
    links: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    earlier: str | None = None

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
        there = "It is a file, not a folder." if folder.root.exists() else "There is no such folder."
        raise WrongUsage(
            "not-a-download",
            f"{folder.root} is not a download of `weights`.",
            "It has no .weights/state.json." if folder.root.is_dir() else there,
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
    envelope, trust_envelope = _documents(folder, state)
    with refused_as(f"The signed documents in {folder.root} are refused.", "Download the release again."):
        trust = open_trust(
            trust_envelope, pinned=pinned, minimum_sequence=0, portal=state.portal, now=_moment(state)
        )
        manifest = open_manifest(envelope, trust.keys["manifest"])
    check_place(manifest, portal=state.portal, release=state.release, revision=state.revision)
    check_names(manifest)
    keys = tuple(trust.keys["manifest"])
    return state, TrustedManifest(manifest, envelope, envelope_digest(envelope), trust_envelope, keys)


def verify_folder(
    folder: DownloadFolder,
    state: FolderState,
    trusted: TrustedManifest,
    output: Output,
    on_file: Callable[[FileVerdict], None],
    only: Iterable[ManifestFile] | None = None,
) -> FolderVerdict:
    """Hash every part of every file that was asked for, two threads at a time.

    on_file: told of each file as soon as it is judged; a release takes minutes. only: files to hash; the
    others are taken to be as they were.
    Raises: MachineFault: the disk cannot be read.
    """
    asked = choose_files(trusted.manifest, state.include)
    earlier = [] if state.complete else EarlierRevisions(folder).read(trusted.keys)
    known, asked_for = {file.path for file in trusted.manifest.files}, {file.path for file in asked}
    old = {file.path for each in earlier for file in each.manifest.files}
    extra = [path for path in _paths_in(folder.root) if path not in known | old]
    hashed = list(asked if only is None else only)
    judged = {each.file.id: each for each in _judged(folder, hashed, earlier, output, on_file)}
    return FolderVerdict(
        files=tuple(judged.get(file.id, FileVerdict(file)) for file in asked),
        left_out=tuple(file.path for file in trusted.manifest.files if file.path not in asked_for),
        extra=tuple(extra),
        links=tuple(path for path in extra if (folder.root / path).is_symlink()),
        exposed=tuple(exposed(folder.root, [file.path for file in asked], shared=state.group)),
        earlier=next((name for each in earlier if (name := each.manifest.revision) != state.revision), None),
    )


def _judged(
    folder: DownloadFolder,
    files: Sequence[ManifestFile],
    earlier: Sequence[Earlier],
    output: Output,
    on_file: Callable[[FileVerdict], None],
) -> Iterator[FileVerdict]:
    by_id = {file.id: file for file in files}
    checks = [_check_of(folder, file) for file in files]
    meter = meter_of_checks(checks)
    display = make_display(output, meter, Phase.check)
    try:
        for done in check_all(checks, on_part=part_counter(meter), tick=display.tick):
            meter.file_in(done.check.name)
            verdict = _verdict(folder, by_id[done.check.name], done, earlier)
            on_file(verdict)
            yield verdict
    except OSError as error:
        raise machine_fault(error, f"{folder.root} cannot be read.", _READABLE) from None
    finally:
        display.close()


def _check_of(folder: DownloadFolder, file: ManifestFile) -> Check:
    target = folder.plain(file)
    return Check(file.id, file.path, target, target.final, frozenset(all_parts(file)))


def _verdict(
    folder: DownloadFolder, file: ManifestFile, done: Checked, earlier: Sequence[Earlier]
) -> FileVerdict:
    final = done.check.path
    if final.is_symlink() or not folder.is_within(final):
        return FileVerdict(file, "link")
    if done.status is None:
        return FileVerdict(file, "missing")
    bad = tuple(sorted(done.check.indices - done.good))
    if not bad:
        return FileVerdict(file, None if done.status.st_size == file.size else "size")
    old = (each for revision in earlier for each in revision.manifest.files if each.path == file.path)
    if any(_is_as_published(folder, each, done.status.st_size) for each in old):
        return FileVerdict(file, "old")
    return FileVerdict(file, "damaged", bad)


def _is_as_published(folder: DownloadFolder, file: ManifestFile, size: int) -> bool:
    check = _check_of(folder, file)
    return size == file.size and all(done.good == check.indices for done in check_all([check]))


def _paths_in(root: Path) -> Iterator[str]:
    """Every path that is not the client's own; a link to a folder is one, and is not entered."""
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if name not in RESERVED]
        names += [name for name in folders if (Path(folder) / name).is_symlink()]
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


def _documents(folder: DownloadFolder, state: FolderState) -> tuple[bytes, bytes]:
    """The envelopes of the revision that the state names; else what stands there, to be judged as it is."""
    try:
        kept = EarlierRevisions(folder).documents(state.manifest_sha256)
        return kept or (folder.manifest_path.read_bytes(), folder.trust_path.read_bytes())
    except OSError as error:
        raise machine_fault(error, f"{folder.own} cannot be read.") from None
