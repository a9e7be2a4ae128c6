"""Files of earlier revisions that the new one lacks: removed at the end, if they are as they were published.

What a person changed is theirs: it stays, and is named. Links are never followed, and nothing is removed
through one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from weights_vault.client.checking import Check, check_all
from weights_vault.client.transfer.earlier import Earlier
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.transfer.plan import all_parts, folders_of
from weights_vault.client.transfer.upgrade import Old
from weights_vault.sealed.manifest import Manifest, ManifestFile


class Retired:
    """What earlier revisions have and the new one lacks."""

    def __init__(self, folder: DownloadFolder, manifest: Manifest, earlier: Sequence[Earlier]) -> None:
        self._folder = folder
        self._manifest = manifest
        self._paths = {file.path for file in manifest.files}
        self._folded = {path.casefold(): path for path in self._paths}
        self._old: dict[str, list[Old]] = {}
        self._sealed: list[ManifestFile] = []
        for each in earlier:
            for file in each.manifest.files:
                self._sealed.append(file)
                if file.path not in self._paths:
                    self._old.setdefault(file.path, []).append(Old(file, each.notes))

    def in_the_way(self) -> list[str]:
        """Paths that must go first: a file where a folder is needed, or in a folder where a file is."""
        folders = {above for path in self._paths for above in folders_of(path)}
        return [path for path in self._old if path in folders or self._paths & {*folders_of(path)}]

    def everything(self) -> list[str]:
        """All paths that the new revision lacks."""
        return list(self._old)

    def remove(self, paths: Iterable[str]) -> list[str]:
        """Remove those that are as published. Returns: paths that were changed, and stay. Raises: OSError."""
        left = []
        for path in paths:
            place = self._folder.root / path
            if self._is_new_one(path):
                continue
            if not self._folder.is_within(place) or not (place.is_file() or place.is_symlink()):
                continue
            if place.is_symlink() or not any(self._is_as_published(old) for old in self._old[path]):
                left.append(path)
                continue
            place.unlink()
            _remove_empty(place.parent, self._folder.root)
        return left

    def remove_sealed(self) -> None:
        """Remove sealed bodies and headers that belong to no file of the new revision. Raises: OSError."""
        wanted = {(file.path, file.nonce) for file in self._manifest.files}
        for file in self._sealed:
            body = self._folder.sealed(file)
            if (file.path, file.nonce) not in wanted and _begins_with(body.final, body.prefix):
                for place in (body.final, self._folder.header_path(file)):
                    place.unlink(missing_ok=True)
                _remove_empty(body.final.parent, self._folder.root)

    def _is_new_one(self, path: str) -> bool:
        """Whether this name leads to a file of the new revision, on a disk that ignores case."""
        new, place = self._folded.get(path.casefold()), self._folder.root / path
        try:
            return new is not None and place.samefile(self._folder.root / new)
        except OSError:
            return False

    def _is_as_published(self, old: Old) -> bool:
        target = self._folder.plain(old.file)
        if old.notes.is_known(old.file.id, target.final):
            return True
        if target.final.lstat().st_size != old.file.size:
            return False
        check = Check(old.file.id, old.file.path, target, target.final, frozenset(all_parts(old.file)))
        try:
            return all(done.good == check.indices for done in check_all([check]))
        except PermissionError:
            return False  # a mode that nobody gave it but its owner


def _begins_with(path: Path, prefix: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(prefix)) == prefix
    except OSError:
        return False


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder, and those above it, that became empty."""
    with suppress(OSError):  # the first that is not empty ends it
        while folder != root:
            folder.rmdir()
            folder = folder.parent
