"""What of a release stands in a folder already: found by digest, whatever an earlier run wrote down.

A finished file that the journal knows, unchanged since, is taken as it is (`verify` looks inside). Everything
else is
hashed: each part that the journal lists of an unfinished file, and each part of a file that changed after it
was finished. A part that is not what the publisher signed is missing, and it alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from weights_vault.client.parts import Target, good_parts
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.transfer.journal import Journal
from weights_vault.client.transfer.plan import all_parts
from weights_vault.sealed.manifest import ManifestFile


@dataclass(frozen=True)
class Found:
    """What is in of one file.

    missing: part numbers to fetch. damaged: those of them that were in once and are not what was signed any
    more.
    in_place: nothing is missing, and everything stands under its final name.
    """

    file: ManifestFile
    missing: frozenset[int]
    damaged: frozenset[int] = frozenset()
    in_place: bool = False


def take_stock(
    folder: DownloadFolder,
    journal: Journal,
    files: Iterable[ManifestFile],
    *,
    keep_sealed: bool,
    thorough: bool = False,
) -> list[Found]:
    """Find what is in, and bring files that need work back under their partial names.

    keep_sealed: a part counts only if its sealed bytes are kept too. thorough: hash finished files as well.
    Raises: OSError: the disk cannot be read or written.
    """
    return [_stock_of(folder, journal, file, keep_sealed=keep_sealed, thorough=thorough) for file in files]


def _stock_of(
    folder: DownloadFolder, journal: Journal, file: ManifestFile, *, keep_sealed: bool, thorough: bool
) -> Found:
    plain, sealed = folder.plain(file), folder.sealed(file)
    kept_too = not keep_sealed or _is_whole(sealed)
    if not thorough and kept_too and _is_known(plain, journal.files.get(file.id)):
        return Found(file, frozenset(), in_place=True)
    claimed = _claimed(plain, journal.parts.get(file.id, set()), all_parts(file))
    good = _good(plain, claimed)
    if keep_sealed:
        good &= _good(sealed, good)
    missing = frozenset(all_parts(file) - good)
    if missing or not kept_too or not plain.final.exists():
        for target in (plain, sealed) if keep_sealed else (plain,):
            reopen(target)
        return Found(file, missing, frozenset(claimed - good))
    status = plain.final.stat()
    if status.st_size != plain.size:
        os.truncate(plain.final, plain.size)  # every part is right, and something was added behind the last
        status = plain.final.stat()
    journal.file(file.id, status.st_size, status.st_mtime_ns)
    return Found(file, missing, in_place=True)


def _claimed(plain: Target, journaled: set[int], every: set[int]) -> set[int]:
    """Parts worth hashing: all of a file under its final name, else those that the journal lists."""
    return every if plain.final.is_file() and not plain.final.is_symlink() else journaled & every


def _good(target: Target, indices: set[int]) -> set[int]:
    for path in (target.final, target.partial):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            return good_parts(descriptor, target, indices) if _begins_right(descriptor, target) else set()
        finally:
            os.close(descriptor)
    return set()


def _begins_right(descriptor: int, target: Target) -> bool:
    return os.pread(descriptor, len(target.prefix), 0) == target.prefix


def _is_known(plain: Target, noted: tuple[int, int] | None) -> bool:
    try:
        status = plain.final.lstat()
    except OSError:
        return False
    return noted == (status.st_size, status.st_mtime_ns) and status.st_size == plain.size


def _is_whole(sealed: Target) -> bool:
    try:
        return sealed.final.lstat().st_size == sealed.size and sealed.final.with_suffix(".header").exists()
    except OSError:
        return False


def reopen(target: Target) -> None:
    """Take a file back from its final name, so that nothing damaged stands there while it is mended."""
    if target.final.is_file() or target.final.is_symlink():
        target.final.replace(target.partial)
