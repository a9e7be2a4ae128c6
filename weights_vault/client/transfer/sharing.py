"""--group: finished files 0640 in folders 0750, of the folder's own group; never more than that.

Partial files stay 0600: they become readable when they are whole. The person's umask is respected, so that
`umask 077` keeps the group out whatever is asked for; that is said.
"""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from weights_vault.client.errors import machine_fault
from weights_vault.client.output import Output

FILE_MODE = 0o640
FOLDER_MODE = 0o750
# What a member of the group needs for `verify`.
_SHARED_OWN = ("manifest.dsse.json", "trust.dsse.json", "state.json")


def warn_of_group(output: Output, folder: Path) -> None:
    """Say in plain words what --group means, before anything is fetched."""
    name = _group_name(folder)
    output.warning(
        "group-can-read",
        f"Everybody in the group {name} will be able to read these weights.",
        "The license speaks of persons: share only with those who have a grant of their own; "
        f"`getent group {name}` lists who is in it.",
    )
    if _umask() & 0o050:
        output.warning(
            "umask-keeps-group-out",
            f"Your umask is {_umask():04o}: it takes the group's rights away, whatever --group says.",
            "Run `umask 027` first, then the same command.",
        )


def share(root: Path, paths: Iterable[str]) -> None:
    """Give the folder's group what --group promises; called when files are complete.

    paths: of the release's files, as the manifest has them; nothing else in the folder is touched.
    Raises: MachineFault: a mode or a group cannot be set.
    """
    group, mask = root.stat().st_gid, _umask()
    try:
        for place, mode in _shared(root, paths).items():
            if place.exists() and not place.is_symlink():
                with suppress(PermissionError):  # a group that this person is not in: the mode alone then
                    os.chown(place, -1, group, follow_symlinks=False)
                place.chmod(mode & ~mask)
    except OSError as error:
        raise machine_fault(error, f"{root} cannot be opened to its group.") from None


def exposed(root: Path, paths: Iterable[str], *, shared: bool) -> list[str]:
    """Those files, and the folders above them, that more people can read or write than should: with modes.

    shared: the folder was downloaded with --group.
    """
    allowed_file, allowed_folder = (FILE_MODE, FOLDER_MODE) if shared else (0o600, 0o700)
    found: dict[str, int] = {}
    for path in paths:
        for place in _up_to(root, root / path):
            mode = _mode(place)
            allowed = allowed_folder if place.is_dir() else allowed_file
            if mode is not None and mode & 0o077 & ~allowed:
                found[place.relative_to(root).as_posix()] = mode
    return [f"{name} ({mode:04o})" for name, mode in sorted(found.items())]


def _shared(root: Path, paths: Iterable[str]) -> dict[Path, int]:
    """Everything that the group may have, with its mode."""
    found = {root / ".weights" / name: FILE_MODE for name in _SHARED_OWN}
    found |= dict.fromkeys((root, root / ".weights", root / ".sealed"), FOLDER_MODE)
    for path in paths:
        for target in (root / path, *(root / ".sealed" / f"{path}.{kind}" for kind in ("body", "header"))):
            found |= dict.fromkeys(_up_to(root, target), FOLDER_MODE) | {target: FILE_MODE}
    return found


def _up_to(root: Path, path: Path) -> Iterator[Path]:
    """A path and the folders above it, up to the root and with it."""
    while path != root:
        yield path
        path = path.parent
    yield root


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.lstat().st_mode) if not path.is_symlink() else None
    except OSError:
        return None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _group_name(folder: Path) -> str:
    place = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    # A new folder takes the group of the one above only where that has the setgid bit.
    status = place.stat()
    group = status.st_gid if place == folder or status.st_mode & stat.S_ISGID else os.getegid()
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)
