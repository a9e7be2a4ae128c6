"""From one revision of a release to another in the same folder: what stays, moves, is copied, is fetched.

Everything is decided by the digests that the publisher signed, part by part:

- a file whose bytes are equal stays where it is, or is renamed to its new path; nothing is copied for it;
- a changed file grows beside the old one, which stands until the new one is whole and takes its place; parts
  that are equal at the same number come from the old file, the others are fetched;
- a file that the new revision lacks is removed at the end (retired.py).

This module only looks and decides; upgrade_steps.py does it. Whatever an earlier journal says is a hint:
a file that changed since is hashed, never trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from weights_vault.client.transfer.earlier import Earlier
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.transfer.journal import Notes
from weights_vault.client.transfer.plan import all_parts
from weights_vault.sealed.manifest import Manifest, ManifestFile

Content: TypeAlias = tuple[int, tuple[str, ...]]  # size, and the plain digest of each part


@dataclass(frozen=True)
class Old:
    """A file of an earlier revision. notes: of that revision's journal."""

    file: ManifestFile
    notes: Notes


@dataclass(frozen=True)
class Renaming:
    """A file of the new revision whose bytes are here under another name.

    source: where they stand. final: straight to the final name, which is free; else to the partial one,
    whose parts are hashed. indices: the parts that stand there.
    """

    file: ManifestFile
    old: ManifestFile
    source: Path
    final: bool
    indices: frozenset[int]


@dataclass(frozen=True)
class Copying:
    """Parts that are equal in a file of an earlier revision, which stays as it is."""

    file: ManifestFile
    source: Path
    indices: frozenset[int]


@dataclass
class Upgrade:
    """What is to be done before anything is fetched.

    kept: files that stand in their place. replaced: ids of files at whose place an older one stands.
    """

    kept: list[ManifestFile] = field(default_factory=list)
    renamings: list[Renaming] = field(default_factory=list)
    copyings: list[Copying] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)

    def here(self) -> dict[str, frozenset[int]]:
        """Part numbers that need not be fetched, by file id."""
        found = {file.id: frozenset(all_parts(file)) for file in self.kept}
        steps: list[Renaming | Copying] = [*self.renamings, *self.copyings]
        for step in steps:
            found[step.file.id] = found.get(step.file.id, frozenset()) | step.indices
        return found


def content_of(file: ManifestFile) -> Content:
    """What two files have in common exactly when their bytes are equal."""
    return file.size, tuple(part.plain for part in file.parts)


def plan_upgrade(
    folder: DownloadFolder,
    notes: Notes,
    manifest: Manifest,
    files: Sequence[ManifestFile],
    earlier: Sequence[Earlier],
    *,
    keep_sealed: bool,
) -> Upgrade:
    """Decide for each file. Nothing on the disk is changed.

    notes: of the new revision's journal. files: those of the manifest that this run is to get.
    earlier: revisions whose files may stand in the folder, the newest first.
    """
    planner = _Planner(folder, notes, manifest, earlier)
    for file in files if earlier else ():
        planner.decide(file, keep_sealed=keep_sealed)
    return planner.upgrade


class _Planner:
    def __init__(
        self, folder: DownloadFolder, notes: Notes, manifest: Manifest, earlier: Sequence[Earlier]
    ) -> None:
        self.upgrade = Upgrade()
        self._folder = folder
        self._notes = notes
        self._stays = {file.path: content_of(file) for file in manifest.files}
        self._taken: set[Path] = set()
        self._by_content: dict[Content, list[Old]] = {}
        self._by_path: dict[str, list[Old]] = {}
        for each in earlier:
            for file in each.manifest.files:
                old = Old(file, each.notes)
                self._by_content.setdefault(content_of(file), []).append(old)
                self._by_path.setdefault(file.path, []).append(old)

    def decide(self, file: ManifestFile, *, keep_sealed: bool) -> None:
        """Choose where a file of the new revision comes from: it stays, is moved, or its parts are copied."""
        final = self._folder.plain(file).final
        if self._notes.is_known(file.id, final):
            return
        same = self._by_content.get(content_of(file), [])
        if _is_plain(final) and self._folder.is_within(final):
            if self._keep(file, final, same):
                return
            self.upgrade.replaced.add(file.id)
        if not (self._rename(file, same) or self._adopt(file, same) or keep_sealed):
            self._copy(file, [*same, *self._by_path.get(file.path, [])])

    def _keep(self, file: ManifestFile, final: Path, same: Sequence[Old]) -> bool:
        """Whether what stands at the final name is to be left to stand, or to be hashed and mended there."""
        here = [old for old in same if old.file.path == file.path]
        if any(old.notes.is_known(old.file.id, final) for old in here):
            self.upgrade.kept.append(file)
        return bool(here) or file.path not in self._by_path

    def _rename(self, file: ManifestFile, same: Sequence[Old]) -> bool:
        for old in same:
            source = self._folder.plain(old.file).final
            # A file that the new revision has there too is not taken away from it.
            needed = self._stays.get(old.file.path) == content_of(old.file)
            if needed or source in self._taken or not self._folder.is_within(source):
                continue
            if old.notes.is_known(old.file.id, source) and _is_plain(source):
                free = not self._folder.plain(file).final.exists()
                self._taken.add(source)
                every = frozenset(all_parts(file))
                self.upgrade.renamings.append(Renaming(file, old.file, source, free, every))
                return True
        return False

    def _adopt(self, file: ManifestFile, same: Sequence[Old]) -> bool:
        """Go on with what an unfinished download of an earlier revision has of the same bytes."""
        if self._notes.parts.get(file.id) and self._folder.plain(file).partial.exists():
            return False  # it went on already
        for old in same:
            source = self._folder.plain(old.file).partial
            parts = frozenset(old.notes.parts.get(old.file.id, ()))
            if parts and source not in self._taken and _is_plain(source):
                self._taken.add(source)
                self.upgrade.renamings.append(Renaming(file, old.file, source, final=False, indices=parts))
                return True
        return False

    def _copy(self, file: ManifestFile, sources: Sequence[Old]) -> None:
        left = frozenset(all_parts(file))
        if self._folder.plain(file).partial.exists():
            left -= self._notes.parts.get(file.id, set())
        for old in sources:
            for source, claimed in self._places(old):
                equal = frozenset(
                    index
                    for index in left & claimed
                    if old.file.parts[index].plain == file.parts[index].plain
                )
                if equal:
                    self.upgrade.copyings.append(Copying(file, source, equal))
                    left -= equal

    def _places(self, old: Old) -> Iterator[tuple[Path, set[int]]]:
        """Where parts of an old file stand, and which."""
        target = self._folder.plain(old.file)
        if _is_plain(target.final) and self._folder.is_within(target.final):
            yield target.final, all_parts(old.file)
        elif _is_plain(target.partial):
            yield target.partial, old.notes.parts.get(old.file.id, set()) & all_parts(old.file)


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
