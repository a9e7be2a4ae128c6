"""What a download would fetch, and the room it needs, from notes and sizes alone: nothing is hashed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from weights_vault.client.transfer.earlier import Earlier
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.transfer.journal import Notes, read_notes
from weights_vault.client.transfer.plan import all_parts, missing_bytes
from weights_vault.client.transfer.preflight import inodes_for
from weights_vault.client.transfer.upgrade import plan_upgrade
from weights_vault.client.trust import TrustedManifest
from weights_vault.sealed.manifest import ManifestFile


@dataclass(frozen=True)
class Estimate:
    """fetch: bytes to come over the network, about. room: bytes that the disk must take. inodes: files and
    folders that it must take. unsure: bytes that stand there and will be hashed.
    """

    fetch: int
    room: int
    inodes: int
    unsure: int = 0


def estimate(
    folder: DownloadFolder,
    trusted: TrustedManifest,
    files: Sequence[ManifestFile],
    earlier: Sequence[Earlier],
    *,
    keep_sealed: bool,
) -> Estimate:
    """Look at a folder, which may not exist yet. Raises: OSError."""
    notes = read_notes(folder.journal_path, trusted.sha256) or Notes()
    upgrade = plan_upgrade(folder, notes, trusted.manifest, files, earlier, keep_sealed=keep_sealed)
    here = upgrade.here()
    missing = {
        file.id: _missing(folder, notes, file, here, upgrade.replaced, keep_sealed=keep_sealed)
        for file in files
    }
    new = [file for file in files if not folder.plain(file).final.exists()]
    fetch = missing_bytes((file, missing[file.id]) for file in files)
    copied = missing_bytes((step.file, step.indices) for step in upgrade.copyings)
    kept = {file.id for file in upgrade.kept}
    unsure = sum(
        file.size - missing_bytes([(file, missing[file.id])])
        for file in files
        if not notes.is_known(file.id, folder.plain(file).final) and file.id not in kept
    )
    sealed = 2 if keep_sealed else 1
    return Estimate(
        fetch=fetch,
        room=fetch * sealed + copied,
        inodes=inodes_for([file.path for file in new]) * sealed,
        unsure=unsure,
    )


def _missing(
    folder: DownloadFolder,
    notes: Notes,
    file: ManifestFile,
    here: Mapping[str, frozenset[int]],
    replaced: Set[str],
    *,
    keep_sealed: bool,
) -> frozenset[int]:
    """Part numbers that are not in, as far as can be told without hashing.

    here, replaced: what the upgrade brings along, by file id, and whose place an older file has.
    """
    every, plain = frozenset(all_parts(file)), folder.plain(file)
    sealed = folder.sealed(file)
    if keep_sealed and not (sealed.final.exists() or sealed.partial.exists()):
        return every
    if notes.is_known(file.id, plain.final):
        return frozenset()
    left = every - here.get(file.id, frozenset())
    if plain.partial.exists():
        left -= notes.parts.get(file.id, set())
    in_place = plain.final.is_file() and file.id not in replaced
    return frozenset() if in_place else left
