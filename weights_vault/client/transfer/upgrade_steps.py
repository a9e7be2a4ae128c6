"""Does what upgrade.py decided: notes, copies parts, renames. Killed anywhere, the next run goes on.

Copies come before renames, so that what is copied from still stands. A line of the journal comes before the
rename it speaks of: it is a hint that is checked by digest, or by size and time of a file under its final
name, so that one without its file does no harm and a file is never without its line.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from weights_vault.client.output import Output
from weights_vault.client.parts import Target, is_good
from weights_vault.client.transfer.folder import DownloadFolder, sync_folder
from weights_vault.client.transfer.inventory import make_writable
from weights_vault.client.transfer.journal import Journal
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.plan import missing_bytes
from weights_vault.client.transfer.progress import Display, Phase, make_display
from weights_vault.client.transfer.upgrade import Copying, Renaming, Upgrade
from weights_vault.sealed.manifest import ManifestFile

_COPY_BYTES = 8 << 20


def take_over(folder: DownloadFolder, journal: Journal, upgrade: Upgrade, output: Output) -> None:
    """Bring what is here already to where the new revision wants it. Raises: OSError, WrongUsage."""
    for file in upgrade.kept:
        _note(folder, journal, file)
    _copy_all(folder, journal, upgrade.copyings, output)
    for step in upgrade.renamings:
        if step.final:
            _rename_final(folder, journal, step)
        else:
            _rename_partial(folder, journal, step)


def _note(folder: DownloadFolder, journal: Journal, file: ManifestFile) -> None:
    status = folder.plain(file).final.lstat()
    journal.file(file.id, status.st_size, status.st_mtime_ns)


def _copy_all(folder: DownloadFolder, journal: Journal, copyings: Sequence[Copying], output: Output) -> None:
    if not copyings:
        return
    meter = Meter(total=missing_bytes((step.file, step.indices) for step in copyings), files=len(copyings))
    display = make_display(output, meter, Phase.copy)
    try:
        for step in copyings:
            _copy(folder, journal, step, meter, display)
    finally:
        display.close()


def _copy(folder: DownloadFolder, journal: Journal, step: Copying, meter: Meter, display: Display) -> None:
    target = folder.plain(step.file)
    meter.begin_file(step.file.id, step.file.path, missing_bytes([(step.file, step.indices)]), 0)
    with ExitStack() as stack:
        source = os.open(step.source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        stack.callback(os.close, source)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        partial = os.open(target.partial, flags, 0o600)
        stack.callback(os.close, partial)
        for index in sorted(step.indices):
            if is_good(source, target, index):
                _copy_part(source, partial, target, index)
                journal.parts_of(step.file.id, [index])
            start, end = target.spans[index]
            meter.part_in(step.file.id, plain_size=end - start, sealed_size=0)
            display.tick()
    meter.file_in(step.file.id)


def _copy_part(source: int, partial: int, target: Target, index: int) -> None:
    """The same bytes at the same place."""
    start, end = target.spans[index]
    while start < end:
        piece = os.pread(source, min(_COPY_BYTES, end - start), start)
        if not piece:
            return  # it was cut meanwhile; the part's digest will say so
        start += os.pwrite(partial, piece, start)


def _rename_final(folder: DownloadFolder, journal: Journal, step: Renaming) -> None:
    target = folder.plain(step.file)
    folder.make_parents(target.final)
    status = step.source.lstat()
    journal.file(step.file.id, status.st_size, status.st_mtime_ns)
    _rename_sealed(folder, step)
    step.source.replace(target.final)
    sync_folder(target.final.parent)
    sync_folder(step.source.parent)


def _rename_partial(folder: DownloadFolder, journal: Journal, step: Renaming) -> None:
    target = folder.plain(step.file)
    journal.parts_of(step.file.id, step.indices)
    if step.source != target.partial:
        step.source.replace(target.partial)
        make_writable(target.partial)
        sync_folder(target.partial.parent)


def _rename_sealed(folder: DownloadFolder, step: Renaming) -> None:
    """Take the kept sealed body along, where it is the very same one."""
    if step.old.nonce != step.file.nonce or step.old.parts != step.file.parts:
        return
    before, after = folder.sealed(step.old).final, folder.sealed(step.file).final
    if not before.is_file():
        return
    folder.make_parents(after)
    for old, new in ((before, after), (folder.header_path(step.old), folder.header_path(step.file))):
        with suppress(FileNotFoundError):
            old.replace(new)
