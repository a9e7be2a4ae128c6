"""The whole folder: what is taken, and every reason why something is not, in one go."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from portal.core.problems import Invalid
from weights_vault.ingest import contents
from weights_vault.ingest.kinds import REFERENCE_PATHS, kind_of, max_bytes, why_not
from weights_vault.ingest.source import Fingerprint, SourceFile, opened
from weights_vault.sealed.errors import ManifestMalformed
from weights_vault.sealed.paths import check_path, fold_path

MAX_FILES = 10_000
MAX_DEPTH = 8

_SPECIAL = (
    (stat.S_ISLNK, "it is a symbolic link; copy the file itself into the folder"),
    (stat.S_ISFIFO, "it is a pipe, not a file"),
    (stat.S_ISSOCK, "it is a socket, not a file"),
    (stat.S_ISCHR, "it is a device, not a file"),
    (stat.S_ISBLK, "it is a device, not a file"),
)


class FolderRefused(Invalid):
    """The folder holds what a release may not hold; `errors` names each path with its reason."""

    code = "folder_refused"
    title = "The folder cannot be published"

    def __init__(self, refusals: Mapping[str, str]) -> None:
        super().__init__(
            detail=f"{len(refusals)} of its entries cannot be published.",
            next_step="Correct them, or leave them out with --exclude PATTERN, and run this again.",
            errors={path: [reason] for path, reason in sorted(refusals.items())},
        )


def scan(folder: Path, exclude: Sequence[str] = ()) -> list[SourceFile]:
    """The files of `folder` to publish, by path.

    exclude: patterns of relative paths that are left out (`*` also matches "/").
    Raises: FolderRefused: with the reason for each entry that is not taken (I3).
    """
    if not folder.is_dir():
        raise FolderRefused({str(folder): "it is not a folder"})
    refusals: dict[str, str] = {}
    files: list[SourceFile] = []
    for path, place in _walk(folder, refusals):
        if any(fnmatchcase(path, pattern) for pattern in exclude):
            continue
        taken = _judge(path, place)
        if isinstance(taken, SourceFile):
            files.append(taken)
        else:
            refusals[path] = taken
    files.sort(key=lambda file: file.path)
    refusals.update(_collisions(files))
    if not any(file.kind == "weights" for file in files):
        refusals.setdefault(".", "it holds no weights (*.safetensors)")
    if len(files) > MAX_FILES:
        refusals["."] = f"it holds more than {MAX_FILES:,} files"
    if refusals:
        raise FolderRefused(refusals)
    return files


def has_reference(files: Sequence[SourceFile]) -> bool:
    """Is the smoke test's reference among the files?"""
    return set(REFERENCE_PATHS) <= {file.path for file in files}


def _walk(folder: Path, refusals: dict[str, str]) -> Iterator[tuple[str, Path]]:
    """Every entry that is not a folder; links to folders are entries, never entered."""
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            with os.scandir(current) as found:
                entries = list(found)
        except OSError as error:
            refusals[current.relative_to(folder).as_posix()] = f"it cannot be read: {error.strerror}"
            continue
        for entry in entries:
            place = Path(entry.path)
            path = place.relative_to(folder).as_posix()
            if not entry.is_dir(follow_symlinks=False):
                yield path, place
            elif path.count("/") >= MAX_DEPTH:
                refusals[path] = f"it lies more than {MAX_DEPTH} folders deep"
            else:
                waiting.append(place)


def _judge(path: str, place: Path) -> SourceFile | str:
    """The file, or the reason why it is not taken. By name first: what is refused is not even opened."""
    status = place.lstat()
    special = next((reason for test, reason in _SPECIAL if test(status.st_mode)), None)
    if special is not None:
        return special
    try:
        check_path(path)
    except ManifestMalformed as error:
        return f"its path cannot be published: {error}"
    kind = kind_of(path)
    if kind is None:
        return why_not(path)
    if status.st_size > max_bytes(path, kind):
        return f"it is larger than {max_bytes(path, kind):,} bytes, the limit for files of its kind"
    source = SourceFile(path, place, kind, Fingerprint.of(status))
    return _judge_contents(source) or source


def _judge_contents(source: SourceFile) -> str | None:
    if not os.access(source.place, os.R_OK):
        return "it cannot be read"
    with opened(source) as file:
        return contents.refusal(file)


def _collisions(files: Sequence[SourceFile]) -> dict[str, str]:
    """Paths that one file system or another would take for the same."""
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for file in files:
        other = first.setdefault(fold_path(file.path), file.path)
        if other != file.path:
            found[file.path] = f"some file systems cannot tell it from {other}"
    return found
