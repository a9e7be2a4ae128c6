"""One download, from the portal's word to files that stand: what is asked, decided and written.

1. Access, head, manifest: checked whole before anything is written.
2. The folder: usable, with room, locked; then the signed documents are put down. From then on it is of the
   wanted revision, on its way from whatever it was before.
3. What is in already is found by digest, moved or copied to where it belongs; headers are asked for what is
   missing, and opened.
4. The engine fetches the missing parts. However it ends, what is in stays in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from weights_vault.client import clock
from weights_vault.client.api import Api
from weights_vault.client.enrollment import EnrolledKey
from weights_vault.client.errors import machine_fault
from weights_vault.client.output import Output
from weights_vault.client.signals import ended_in_order
from weights_vault.client.transfer.earlier import Earlier, EarlierRevisions
from weights_vault.client.transfer.ends import End, EndWatch, find_ends, warn_at_start
from weights_vault.client.transfer.engine import Engine, Work
from weights_vault.client.transfer.estimate import Estimate, estimate
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.transfer.folder_state import FolderState
from weights_vault.client.transfer.headers import fetch_headers
from weights_vault.client.transfer.inventory import Asked, Found, take_stock
from weights_vault.client.transfer.journal import Journal, Notes, read_notes
from weights_vault.client.transfer.limits import Limits
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.pace import Pace
from weights_vault.client.transfer.plan import Plan, check_names, choose_files, missing_bytes
from weights_vault.client.transfer.preflight import check_large_files, check_room
from weights_vault.client.transfer.progress import make_display
from weights_vault.client.transfer.rebuilding import warn_of_rebuilt
from weights_vault.client.transfer.retired import Retired
from weights_vault.client.transfer.sharing import share, warn_of_group
from weights_vault.client.transfer.upgrade import plan_upgrade
from weights_vault.client.transfer.upgrade_steps import take_over
from weights_vault.client.transfer.urls import UrlBook
from weights_vault.client.transfer.wishes import Summary, Wishes
from weights_vault.client.transfer.writer import FileJob, make_job
from weights_vault.client.transfer.yours import make_way, refuse_yours
from weights_vault.client.trust import TrustedManifest
from weights_vault.sealed.body import part_range
from weights_vault.sealed.manifest import ManifestFile

__all__ = ["Session", "Summary", "Wishes"]


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
    _ends: list[End] = field(default_factory=list, init=False)

    def run(self, key: Callable[[], EnrolledKey]) -> Summary:
        """Bring the folder to completion.

        key: gives the enrolled key; may wait for a person. Not called where everything is in already.
        Raises: ClientError. Whatever was in stays in.
        """
        folder = self._folder()
        with ended_in_order("The download", f"what is in stays in {folder.root}."):
            try:
                return self._run(folder, key)
            except OSError as error:
                raise machine_fault(error, f"{folder.root} cannot be read or written.") from None

    def preview(self) -> Estimate:
        """What a run would fetch, and the room it needs. Nothing is written. Raises: ClientError, OSError."""
        folder, files = self._folder(), self.files()
        folder.check_usable(self._state(folder))
        earlier = self._earlier(folder, EarlierRevisions(folder))
        notes = read_notes(folder.journal_path, self.trusted.sha256) or Notes()
        refuse_yours(folder, notes, files, earlier, self.wishes.suspects)
        return estimate(folder, self.trusted, files, earlier, keep_sealed=self.wishes.keep_sealed)

    def files(self) -> list[ManifestFile]:
        """The files that are asked for. Raises: WrongUsage(nothing-included), IntegrityFailure."""
        check_names(self.trusted.manifest)
        return choose_files(self.trusted.manifest, self.wishes.include)

    def _folder(self) -> DownloadFolder:
        return DownloadFolder(self.wishes.folder, self.trusted.envelope)

    def _run(self, folder: DownloadFolder, key: Callable[[], EnrolledKey]) -> Summary:
        manifest, files = self.trusted.manifest, self.files()
        expected = self.preview()
        check_room(folder.root, expected.room, expected.inodes)
        before, state = folder.state(), self._state(folder)
        if before is None:
            key()  # may wait for a person, and be refused: while there is no folder yet
        elif before.rebuilt:
            warn_of_rebuilt(self.output, folder.root, "It is written anew, and what is in is kept.")
        self._warn(folder, expected)
        folder.make()
        with folder.locked():
            kept = EarlierRevisions(folder)
            kept.keep(self.trusted.sha256)
            folder.begin(state, self.trusted.envelope, self.trusted.trust_envelope)
            check_large_files(folder.own, (file.size for file in files))
            earlier = kept.read(self.trusted.keys)
            retired = Retired(folder, manifest, earlier)
            make_way(folder, files, retired.remove(retired.in_the_way()))
            meter, damaged = self._transfer(folder, files, earlier, key)
            complete, left = self._complete(folder, state, kept, retired)
        return Summary(
            folder=folder.root,
            files=len(files),
            size=sum(file.size for file in files),
            fetched=meter.fetched,
            again=meter.again,
            damaged=damaged,
            seconds=self._seconds,
            complete=complete,
            again_by=dict(meter.again_by),
            retries=dict(meter.retries),
            waited_s=meter.waited_s,
            news=meter.fetched > 0 or before is None or not before.complete or bool(earlier),
            earlier=next(
                (name for each in earlier if (name := each.manifest.revision) != manifest.revision), None
            ),
            left=tuple(left),
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
            group=self.wishes.group or (before is not None and before.group),
        )

    def _warn(self, folder: DownloadFolder, expected: Estimate) -> None:
        if self.wishes.group:
            warn_of_group(self.output, folder.root)
        if expected.fetch:
            self._ends = find_ends(self.api, self.grant)
            warn_at_start(self._ends, expected.fetch, self.output)

    def _earlier(self, folder: DownloadFolder, kept: EarlierRevisions) -> list[Earlier]:
        """Earlier revisions in the folder, that of now among them where it is another than the wanted one."""
        state = folder.state()
        now = state.manifest_sha256 if state and state.manifest_sha256 != self.trusted.sha256 else ""
        return kept.read(self.trusted.keys, now)

    def _transfer(
        self,
        folder: DownloadFolder,
        files: Sequence[ManifestFile],
        earlier: Sequence[Earlier],
        key: Callable[[], EnrolledKey],
    ) -> tuple[Meter, int]:
        with closing(Journal(folder.journal_path, self.trusted.sha256)) as journal:
            found = self._found(folder, journal, files, earlier)
            waiting = [stock for stock in found if not stock.in_place]
            check_room(folder.root, _room_needed(waiting, keep_sealed=self.wishes.keep_sealed))
            meter = _meter_of(found)
            if waiting:
                jobs = self._jobs(folder, waiting, key())
                self._fetch(folder, journal, waiting, jobs, meter)
            return meter, sum(len(stock.damaged) for stock in found)

    def _found(
        self,
        folder: DownloadFolder,
        journal: Journal,
        files: Sequence[ManifestFile],
        earlier: Sequence[Earlier],
    ) -> list[Found]:
        """What is in, after everything of earlier revisions was brought to its place."""
        keep_sealed = self.wishes.keep_sealed
        upgrade = plan_upgrade(
            folder, journal.notes, self.trusted.manifest, files, earlier, keep_sealed=keep_sealed
        )
        take_over(folder, journal, upgrade, self.output)
        asked = Asked(keep_sealed, self.wishes.suspects, frozenset(upgrade.replaced))
        return take_stock(folder, journal, files, asked, self.output)

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

    def _fetch(
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
        pace = Pace(self.wishes.limit_rate)
        work = Work(plan, jobs, urls, folder, journal, meter, self.limits, pace=pace)
        display, ends = make_display(self.output, meter), EndWatch(self._ends, meter, self.output)
        began = self.monotonic()

        def tick() -> None:
            display.tick()
            ends.tick()

        try:
            Engine(work, workers=self.wishes.jobs, tick=tick).run()
        finally:
            display.close()
            self._seconds = self.monotonic() - began

    def _complete(
        self, folder: DownloadFolder, state: FolderState, kept: EarlierRevisions, retired: Retired
    ) -> tuple[bool, list[str]]:
        """Note whether all that was ever asked for is in; then what the revision lacks goes.

        Returns: whether the whole release is in; files of earlier revisions that were changed, and stay.
        """
        asked = choose_files(self.trusted.manifest, state.include)
        notes = read_notes(folder.journal_path, self.trusted.sha256) or Notes()
        whole = all(notes.is_known(file.id, folder.plain(file).final) for file in asked)
        left = retired.remove(retired.everything()) if whole else []
        if whole:  # else an earlier run asked for more; its parts stay where they are
            retired.remove_sealed()
            folder.keep_state(replace(state, complete=True))
            folder.clear_partial()
            kept.clear()
        if state.group:
            share(folder.root, [file.path for file in asked])
        return whole and not state.include, left


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
        meter.damaged_here(sum(part_range(index, stock.file.size).sealed_size for index in stock.damaged))
    return meter
