"""What of a release stands in a folder already: found by digest, whatever an earlier run wrote down.

A finished file that the journal knows, unchanged since, is taken as it is (`verify` looks inside). Everything
else is hashed: each part that the journal lists of an unfinished file, and each part of a file that changed
after it was finished. A part that is not what the publisher signed is missing, and it alone.

A file of an earlier revision that stands where a changed one belongs is no part of this: it stays until the
new one is whole beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from weights_vault.client.checking import Check, check_all
from weights_vault.client.output import Output
from weights_vault.client.parts import Target
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.transfer.journal import Journal
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.plan import all_parts
from weights_vault.client.transfer.progress import Phase, make_display
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


@dataclass(frozen=True)
class Asked:
    """How to look. keep_sealed: a part counts only if its sealed bytes are kept too. suspects: ids of files
    to hash whatever the journal says. replaced: ids of files at whose place an earlier revision's stands.
    """

    keep_sealed: bool = False
    suspects: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()


def take_stock(
    folder: DownloadFolder, journal: Journal, files: Iterable[ManifestFile], asked: Asked, output: Output
) -> list[Found]:
    """Find what is in, and bring files that need work back under their partial names.

    Raises: OSError: the disk cannot be read or written.
    """
    stock = _Stock(folder, journal, asked)
    found: dict[str, Found] = {}
    unsure = [file for file in files if not _is_settled(stock, file, found)]
    claimed = {file.id: stock.claimed(file) for file in unsure}
    good = _hashed(output, [stock.check(folder.plain(file), file, claimed[file.id]) for file in unsure])
    if asked.keep_sealed:
        good = _hashed(output, [stock.check(folder.sealed(file), file, good[file.id]) for file in unsure])
    for file in unsure:
        found[file.id] = stock.judged(file, claimed[file.id], good[file.id])
    return [found[file.id] for file in files]


def _is_settled(stock: _Stock, file: ManifestFile, found: dict[str, Found]) -> bool:
    if stock.is_known(file):
        found[file.id] = Found(file, frozenset(), in_place=True)
    return file.id in found


@dataclass(frozen=True)
class _Stock:
    folder: DownloadFolder
    journal: Journal
    asked: Asked

    def is_known(self, file: ManifestFile) -> bool:
        """Whether the journal vouches for everything that is asked of a file."""
        if file.id in self.asked.suspects:
            return False
        whole = not self.asked.keep_sealed or _is_whole(self.folder.sealed(file))
        final = self.folder.plain(file).final
        return whole and self.journal.notes.is_known(file.id, final) and _size(final) == file.size

    def claimed(self, file: ManifestFile) -> frozenset[int]:
        """Parts worth hashing: all of a file under its final name, else those that the journal lists."""
        plain, every = self.folder.plain(file), frozenset(all_parts(file))
        journaled = every & self.journal.parts.get(file.id, set())
        if file.id in self.asked.replaced:
            # Killed between the rename and the note about it: then what stands there is the new one.
            renamed = journaled == every and not plain.partial.exists()
            return every if renamed else journaled if plain.partial.exists() else frozenset()
        return every if plain.final.is_file() and not plain.final.is_symlink() else journaled

    def check(self, target: Target, file: ManifestFile, indices: frozenset[int]) -> Check:
        """Those parts, where they stand: in place of an earlier revision's file the new one is beside it."""
        in_place = target.final.is_file() and not target.final.is_symlink()
        if file.id in self.asked.replaced:
            in_place = not target.partial.exists()
        return Check(file.id, file.path, target, target.final if in_place else target.partial, indices)

    def judged(self, file: ManifestFile, claimed: frozenset[int], good: frozenset[int]) -> Found:
        """What is missing of a file whose parts were hashed; everything is left where work can go on."""
        plain, sealed = self.folder.plain(file), self.folder.sealed(file)
        missing = frozenset(all_parts(file)) - good
        whole = not self.asked.keep_sealed or _is_whole(sealed)
        replaced = file.id in self.asked.replaced and bool(missing or plain.partial.exists())
        if missing or not whole or replaced or not plain.final.exists():
            if not replaced:
                for target in (plain, sealed) if self.asked.keep_sealed else (plain,):
                    reopen(target)
            return Found(file, missing, frozenset(claimed - good))
        if _size(plain.final) != plain.size:
            os.truncate(plain.final, plain.size)  # every part is right, and something was added behind it
        status = plain.final.stat()
        self.journal.file(file.id, status.st_size, status.st_mtime_ns)
        return Found(file, missing, in_place=True)


def _hashed(output: Output, checks: Sequence[Check]) -> dict[str, frozenset[int]]:
    """Those of the parts that have their signed digest, by file id."""
    good = {check.name: frozenset[int]() for check in checks}
    wanted = [check for check in checks if check.indices]
    if wanted:
        meter = meter_of_checks(wanted)
        display = make_display(output, meter, Phase.check)
        try:
            for done in check_all(wanted, on_part=part_counter(meter), tick=display.tick):
                good[done.check.name] = done.good
                meter.file_in(done.check.name)
        finally:
            display.close()
    return good


def meter_of_checks(checks: Iterable[Check]) -> Meter:
    """A meter for the display of what is being hashed."""
    sizes = {check.name: sum(_span(check.target, index) for index in check.indices) for check in checks}
    meter = Meter(total=sum(sizes.values()), files=len(sizes))
    for check in checks:
        meter.begin_file(check.name, check.shown, sizes[check.name], 0)
    return meter


def part_counter(meter: Meter) -> Callable[[str, int], None]:
    """What tells a meter of hashed parts."""
    return lambda name, size: meter.part_in(name, plain_size=size, sealed_size=0)


def _span(target: Target, index: int) -> int:
    start, end = target.spans[index]
    return end - start


def _size(path: os.PathLike[str]) -> int:
    return os.lstat(path).st_size


def _is_whole(sealed: Target) -> bool:
    try:
        with sealed.final.open("rb") as file:
            begins = file.read(len(sealed.prefix)) == sealed.prefix
        return begins and _size(sealed.final) == sealed.size and sealed.final.with_suffix(".header").exists()
    except OSError:
        return False


def reopen(target: Target) -> None:
    """Take a file back from its final name, so that nothing damaged stands there while it is mended."""
    for name in (target.final, target.partial):
        if name.is_symlink():
            name.unlink()  # what it leads to is not ours, and stays
    if target.final.is_file():
        target.final.replace(target.partial)
    make_writable(target.partial)


def make_writable(partial: Path) -> None:
    """Let a partial file be written that its owner had protected as a complete one."""
    with suppress(FileNotFoundError, PermissionError):
        partial.chmod(0o600)
