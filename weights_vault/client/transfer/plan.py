"""What a download consists of: the chosen files, their missing parts, and who takes the next."""

from __future__ import annotations

import fnmatch
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weights_vault.client.errors import IntegrityFailure, WrongUsage
from weights_vault.client.integrity import NOTHING_WRITTEN
from weights_vault.client.transfer.folder import RESERVED
from weights_vault.sealed.body import PartRange, part_count, part_range
from weights_vault.sealed.manifest import Manifest, ManifestFile

# Paths that a line can hold.
NAMED = 5


@dataclass(frozen=True)
class PartTask:
    """One part that a worker fetches, checks, opens and writes."""

    file: ManifestFile
    place: PartRange

    @property
    def sealed_digest(self) -> str:
        """BLAKE3-256 of the part as stored, from the signed manifest."""
        return self.file.parts[self.place.index].sealed


class Plan:
    """Parts that are missing, in the order of the files. Thread-safe: each is taken once."""

    def __init__(self, missing: Iterable[tuple[ManifestFile, Iterable[int]]]) -> None:
        self._tasks = deque(
            PartTask(file, part_range(index, file.size))
            for file, indices in missing
            for index in sorted(indices)
        )
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._tasks)

    def take(self) -> PartTask | None:
        """The next part, None when all are taken."""
        with self._lock:
            return self._tasks.popleft() if self._tasks else None


def choose_files(manifest: Manifest, include: Sequence[str]) -> list[ManifestFile]:
    """The files to get: all, or those whose path matches one of the globs (`*` matches `/` too).

    Raises: WrongUsage(nothing-included).
    """
    if not include:
        return list(manifest.files)
    chosen = [
        file for file in manifest.files if any(fnmatch.fnmatchcase(file.path, glob) for glob in include)
    ]
    if not chosen:
        raise WrongUsage(
            "nothing-included",
            "No file of this release matches --include.",
            f"Its files are {', '.join(file.path for file in manifest.files[:NAMED])}"
            f"{', …' if len(manifest.files) > NAMED else '.'}",
            f"`weights show {manifest.release}` lists them; quote the pattern, as in --include '*.json'.",
        )
    return chosen


def check_names(manifest: Manifest) -> None:
    """Refuse names that cannot stand in one folder: a second fence behind the format's.

    Two files of one path, also where a disk ignores case; a file where another needs a folder; our own
    corner; ids that are no file names. Raises: IntegrityFailure(manifest-paths-clash).
    """
    folders: set[str] = set()
    paths: set[str] = set()
    ids: set[str] = set()
    for file in manifest.files:
        path = file.path.casefold()
        folders |= {*folders_of(path)}
        if path in paths or path.split("/")[0] in RESERVED or file.id in ids or not _is_file_name(file.id):
            raise _clash(file.path)
        paths.add(path)
        ids.add(file.id)
    if clash := paths & folders:
        raise _clash(min(clash))


def missing_bytes(missing: Iterable[tuple[ManifestFile, Iterable[int]]]) -> int:
    """Plaintext bytes of the missing parts."""
    return sum(part_range(index, file.size).plain_size for file, indices in missing for index in indices)


def all_parts(file: ManifestFile) -> set[int]:
    """Every part number of a file, from 0."""
    return set(range(part_count(file.size)))


def folders_of(path: str) -> list[str]:
    """The folders above a path of the manifest, from the top: `a/b/c` → `a`, `a/b`."""
    above = path.split("/")[:-1]
    return ["/".join(above[: depth + 1]) for depth in range(len(above))]


def _is_file_name(identifier: str) -> bool:
    return identifier not in (".", "..") and "/" not in identifier and not identifier.endswith(".body")


def _clash(path: str) -> IntegrityFailure:
    return IntegrityFailure(
        "manifest-paths-clash",
        "The manifest is refused.",
        f"{path} cannot stand in one folder with the others.",
        NOTHING_WRITTEN,
    )
