"""What stands in a folder and is not of the release: it is never written over, and said before anything is.

A file is taken for one of the release where a journal says that it was written, where an earlier revision has
one of that name, or where it is of the right size and one of its parts is what the publisher signed (a kill
between the rename and its note). Everything else at such a place is a person's own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from weights_vault.client.errors import WrongUsage
from weights_vault.client.parts import Target, is_good
from weights_vault.client.transfer.earlier import Earlier
from weights_vault.client.transfer.folder import DownloadFolder, leads_elsewhere
from weights_vault.client.transfer.journal import Notes
from weights_vault.client.transfer.plan import folders_of
from weights_vault.sealed.manifest import ManifestFile

# Names that a line can hold.
NAMED = 10


def refuse_yours(
    folder: DownloadFolder,
    notes: Notes,
    files: Iterable[ManifestFile],
    earlier: Sequence[Earlier],
    suspects: frozenset[str] = frozenset(),
) -> None:
    """Refuse to go on where a file of a person's own, or a link, has the place of one that is to come.

    notes: of the wanted revision's journal. earlier: revisions whose files may stand here. suspects: ids of
    files that a person asked to have mended.
    Raises: WrongUsage(folder-holds-yours | folder-has-links), OSError: a file cannot be read.
    """
    old = {file.path for each in earlier for file in each.manifest.files}
    looked: set[str] = set()
    yours = []
    for file in files:
        target = folder.plain(file)
        if notes.is_known(file.id, target.final):
            continue
        _refuse_above(folder.root, [each for each in folders_of(file.path) if each not in looked], old)
        looked |= {*folders_of(file.path)}
        if file.id in suspects and target.final.is_symlink():
            continue  # it is replaced: what it leads to stays
        ours = file.path in old or file.id in notes.files or file.id in suspects
        if _stands(folder.root, target, old, ours=ours):
            yours.append(file.path)
    if yours:
        raise _yours(folder.root, yours)


def make_way(folder: DownloadFolder, files: Iterable[ManifestFile], left: Sequence[str]) -> None:
    """Remove empty folders that stand where files are to come.

    left: files of earlier revisions that had to go first, and stay because they were changed here.
    Raises: WrongUsage(folder-holds-yours), OSError.
    """
    if left:
        raise _yours(folder.root, left)
    for file in files:
        place = folder.plain(file).final
        if folder.is_within(place) and stat.S_ISDIR(_mode(place) or 0):
            for each, _, _ in os.walk(place, topdown=False):
                Path(each).rmdir()


def _refuse_above(root: Path, folders: Iterable[str], old: set[str]) -> None:
    for name in folders:
        mode = _mode(root / name)
        if mode is not None and stat.S_ISLNK(mode):
            raise leads_elsewhere(root / name)
        if mode is not None and not stat.S_ISDIR(mode) and name not in old:
            raise _yours(root, [name])


def _stands(root: Path, target: Target, old: set[str], *, ours: bool) -> bool:
    """Whether something that is a person's own has the place. ours: a file there is of the release."""
    mode = _mode(target.final)
    if mode is None:
        return False
    if stat.S_ISLNK(mode):
        raise leads_elsewhere(target.final)
    if stat.S_ISDIR(mode):
        return any(path not in old for path in _below(root, target.final))
    return not (stat.S_ISREG(mode) and (ours or _is_of_release(target)))


def _is_of_release(target: Target) -> bool:
    descriptor = os.open(target.final, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        right = os.fstat(descriptor).st_size == target.size
        return right and any(is_good(descriptor, target, index) for index in range(len(target.spans)))
    finally:
        os.close(descriptor)


def _below(root: Path, place: Path) -> Iterator[str]:
    """Paths of everything in a folder but folders; links to folders count."""
    for folder, folders, names in os.walk(place):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        yield from ((Path(folder) / name).relative_to(root).as_posix() for name in (*names, *links))


def _mode(path: Path) -> int | None:
    try:
        return path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _yours(root: Path, paths: Sequence[str]) -> WrongUsage:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return WrongUsage(
        "folder-holds-yours",
        f"In {root}, files that are not of this release have the place of some that are.",
        f"They are yours, or were changed here, and are not written over: {', '.join(paths[:NAMED])}{more}.",
        "Move them elsewhere, then run the same command again.",
    )
