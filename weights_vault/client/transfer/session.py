"""One download, from the portal's word to files that stand: what is asked, decided and written.

1. Access, head, manifest: checked whole before anything is written.
2. The folder: usable, with room, locked; then the signed documents are put down.
3. What is in already is found by digest; headers are asked for what is missing, and opened.
4. The engine fetches the missing parts. However it ends, what is in stays in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from weights_vault.client import clock
from weights_vault.client.api import Api
from weights_vault.client.enrollment import EnrolledKey
from weights_vault.client.errors import Interrupted, machine_fault
from weights_vault.client.output import Output
from weights_vault.client.transfer.engine import Engine, Work
from weights_vault.client.transfer.folder import DownloadFolder, FolderState
from weights_vault.client.transfer.headers import fetch_headers
from weights_vault.client.transfer.inventory import Found, take_stock
from weights_vault.client.transfer.journal import Journal
from weights_vault.client.transfer.limits import DEFAULT_JOBS, Limits
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.plan import Plan, check_names, choose_files, missing_bytes
from weights_vault.client.transfer.progress import make_display
from weights_vault.client.transfer.urls import UrlBook
from weights_vault.client.transfer.writer import FileJob, make_job
from weights_vault.client.trust import TrustedManifest
from weights_vault.sealed.body import part_range
from weights_vault.sealed.manifest import Manifest, ManifestFile


@dataclass(frozen=True)
class Wishes:
    """What the person asked for. include: globs, () for all files. thorough: hash finished files too
    (repair).
    """

    folder: Path
    include: tuple[str, ...] = ()
    jobs: int = DEFAULT_JOBS
    keep_sealed: bool = False
    thorough: bool = False


@dataclass(frozen=True)
class Summary:
    """What a download did. Sizes in bytes; fetched and again are sealed bytes of this run, seconds what
    fetching took; damaged: parts mended.
    """

    folder: Path
    files: int
    size: int
    fetched: int
    again: int
    damaged: int
    seconds: float
    complete: bool

    @property
    def rate(self) -> float:
        """Bytes fetched a second."""
        return self.fetched / self.seconds if self.seconds > 0 else 0.0


@dataclass
class Session:
    """A download of one manifest with one grant and key."""

    api: Api
    output: Output
    trusted: TrustedManifest
    grant: str
    wishes: Wishes
    limits: Limits = field(default_factory=Limits)
    monotonic: Callable[[], float] = time.monotonic
    _seconds: float = field(default=0.0, init=False)

    def run(self, key: Callable[[], EnrolledKey]) -> Summary:
        """Bring the folder to completion.

        key: gives the enrolled key; may wait for a person. Not called where everything is in already.
        Raises: ClientError. Whatever was in stays in.
        """
        manifest = self.trusted.manifest
        folder, files = DownloadFolder(self.wishes.folder), choose_files(manifest, self.wishes.include)
        check_names(manifest)
        state = self._state(folder)
        folder.check_usable(state)
        if folder.state() is None:
            # Both before there is a folder, and room first: nobody confirms a key for what cannot fit.
            folder.check_room(_room_for_all(files, keep_sealed=self.wishes.keep_sealed))
            key()  # may wait for a person, and be refused
        folder.check_room(0)
        folder.make()
        try:
            with folder.locked():
                folder.begin(state, self.trusted.envelope, self.trusted.trust_envelope)
                meter, damaged = self._transfer(folder, files, key)
                complete = self._complete(folder, state)
        except OSError as error:
            raise machine_fault(error, f"{folder.root} cannot be read or written.") from None
        size = sum(file.size for file in files)
        return Summary(
            folder.root, len(files), size, meter.fetched, meter.again, damaged, self._seconds, complete
        )

    def _state(self, folder: DownloadFolder) -> FolderState:
        manifest = self.trusted.manifest
        before = folder.state()
        include = self.wishes.include
        if before is not None:
            # What an earlier run was asked for stays asked for; () means everything and swallows the rest.
            include = tuple(sorted({*before.include, *include})) if before.include and include else ()
        return FolderState(
            portal=manifest.portal,
            release=manifest.release,
            revision=manifest.revision,
            grant=self.grant,
            manifest_sha256=self.trusted.sha256,
            trusted_at=clock.now().isoformat(timespec="seconds"),
            include=include,
        )

    def _transfer(
        self, folder: DownloadFolder, files: Sequence[ManifestFile], key: Callable[[], EnrolledKey]
    ) -> tuple[Meter, int]:
        journal = Journal(folder.journal_path, self.trusted.sha256)
        try:
            found = take_stock(
                folder, journal, files, keep_sealed=self.wishes.keep_sealed, thorough=self.wishes.thorough
            )
            waiting = [stock for stock in found if not stock.in_place]
            folder.check_room(_room_needed(waiting, keep_sealed=self.wishes.keep_sealed))
            meter = _meter_of(found)
            if waiting:
                jobs = self._jobs(folder, waiting, key())
                self._run(folder, journal, waiting, jobs, meter)
            return meter, sum(len(stock.damaged) for stock in found)
        finally:
            journal.close()

    def _jobs(self, folder: DownloadFolder, waiting: Sequence[Found], key: EnrolledKey) -> dict[str, FileJob]:
        files = [stock.file for stock in waiting]
        headers = fetch_headers(
            self.api, grant=self.grant, manifest=self.trusted.manifest, files=files, key=key
        )
        return {
            stock.file.id: make_job(
                folder, stock.file, stock.missing, headers[stock.file.id], keep_sealed=self.wishes.keep_sealed
            )
            for stock in waiting
        }

    def _run(
        self,
        folder: DownloadFolder,
        journal: Journal,
        waiting: Sequence[Found],
        jobs: dict[str, FileJob],
        meter: Meter,
    ) -> None:
        for stock in waiting:
            if not stock.missing:  # killed between the last part and the rename
                jobs[stock.file.id].finish(folder, journal)
                meter.file_in(stock.file.id)
        plan = Plan((stock.file, stock.missing) for stock in waiting)
        urls = UrlBook(
            self.api,
            grant=self.grant,
            revision=self.trusted.manifest.revision,
            file_ids=[stock.file.id for stock in waiting if stock.missing],
        )
        display = make_display(self.output, meter)
        work = Work(plan, jobs, urls, folder, journal, meter, self.limits)
        began = self.monotonic()
        try:
            Engine(work, workers=self.wishes.jobs, tick=display.tick).run()
        except KeyboardInterrupt:
            raise interrupted(folder.root) from None
        finally:
            display.close()
            self._seconds = self.monotonic() - began

    def _complete(self, folder: DownloadFolder, state: FolderState) -> bool:
        """Note whether all that was ever asked for is in. Returns: whether the whole release is."""
        asked = choose_files(self.trusted.manifest, state.include)
        if not all(folder.plain(file).final.is_file() for file in asked):
            return False  # an earlier run asked for more; its parts stay where they are
        folder.keep_state(replace(state, complete=True))
        folder.clear_partial()
        return not state.include


def interrupted(folder: Path) -> Interrupted:
    """The error of a Ctrl-C during a download."""
    return Interrupted(
        "interrupted",
        "The download was interrupted.",
        f"You stopped it; what is in stays in {folder}.",
        "Run the same command again: it goes on where it stopped.",
    )


def describe(manifest: Manifest, files: Sequence[ManifestFile]) -> dict[str, object]:
    """What a download would fetch, for --dry-run."""
    return {
        "portal": manifest.portal,
        "release": manifest.release,
        "revision": manifest.revision,
        "size": sum(file.size for file in files),
        "parts": sum(len(file.parts) for file in files),
        "files": [{"path": file.path, "kind": file.kind, "size": file.size} for file in files],
    }


def _room_for_all(files: Sequence[ManifestFile], *, keep_sealed: bool) -> int:
    return sum(file.size for file in files) * (2 if keep_sealed else 1)


def _room_needed(waiting: Sequence[Found], *, keep_sealed: bool) -> int:
    needed = missing_bytes((stock.file, stock.missing) for stock in waiting)
    return needed * 2 if keep_sealed else needed


def _meter_of(found: Sequence[Found]) -> Meter:
    meter = Meter(total=sum(stock.file.size for stock in found), files=len(found))
    for stock in found:
        left = missing_bytes([(stock.file, stock.missing)])
        meter.done += stock.file.size - left
        if stock.in_place:
            meter.files_done += 1
        else:
            meter.begin_file(stock.file.id, stock.file.path, stock.file.size, stock.file.size - left)
        again = sum(part_range(index, stock.file.size).sealed_size for index in stock.damaged)
        meter.again += again
    return meter
