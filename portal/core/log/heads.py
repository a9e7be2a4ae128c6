"""Signed heads in the order of their sizes: where the retraced tree must have had which root."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portal.core.log.files import LogFiles
from portal.core.log.signing import read_head, unlisted_head
from portal.core.log.stored import Head
from portal.core.log.trace import Bad, Trace
from portal.core.models import LogCheckpoint
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.log.note import NoteVerifier

_PAGE = 500


@dataclass(frozen=True)
class Named:
    """where: in words. proved: a key that we know signed it; else only its root was compared."""

    head: Head
    where: str
    proved: bool = True


class Heads:
    """Heads of the database, of the signer's folder and of notes kept elsewhere, each in its turn."""

    def __init__(
        self, files: LogFiles | None, notes: Sequence[str], witnesses: Sequence[NoteVerifier]
    ) -> None:
        """Raises: Bad: one of those outside the database cannot be read, or the folder has lost its own."""
        self._witnesses = witnesses
        self._known = _merged(self._rows(), self._apart(files, notes))
        self._good = 0  # the last size whose head fits
        self._proved_to = self._unproved_to = -1  # sizes
        self.compared = 0  # heads that fit and that a key of ours signed
        self.unproved = 0  # heads that fit, of keys that are not listed any more
        self._next: Named | None = next(self._known, None)

    def size(self) -> int:
        """Return the size of the next head, -1 after the last."""
        return -1 if self._next is None else self._next.head.size

    def check(self, trace: Trace) -> None:
        """Compare each head of the trace's size. Raises: Bad: an entry since the last good one is not."""
        while self._next is not None and self._next.head.size == trace.size:
            named = self._next
            if named.head.root != trace.root():
                said = (
                    f"the entries do not lead to {named.where}. The first that is not what was signed is one "
                    f"of {self._good} to {trace.size - 1}"
                )
                raise Bad(said, self._good)
            if named.proved:
                self._good = self._proved_to = trace.size
                self.compared += 1
            else:
                self._unproved_to = trace.size
                self.unproved += 1
            self._next = next(self._known, None)

    def finish(self, size: int) -> None:
        """Raises: Bad: a head is of more entries than there are, or no key of ours signed the last one."""
        if self._next is not None:
            where, signed = self._next.where, self._next.head.size
            raise Bad(f"the log was cut: {where} is of {signed} entries, {size} are here", size)
        if self._unproved_to > self._proved_to:
            where = f"the checkpoint of {self._unproved_to} entries"
            raise Bad(f"neither {where} nor a later one is signed by a key that LOG_VERIFIER lists")

    def _apart(self, files: LogFiles | None, notes: Sequence[str]) -> list[Named]:
        found = [(note, "a head that was kept elsewhere") for note in notes]
        if files is not None:
            note = files.checkpoint()
            if note is None and LogCheckpoint.objects.exists():
                raise Bad(f"the last signed head is not in {files.folder}, though the database has heads")
            found += [(note, "the head in the signer's folder")] if note is not None else []
        named = [Named(self._opened(note, where), where) for note, where in found]
        return sorted(named, key=lambda each: each.head.size)

    def _rows(self) -> Iterator[Named]:
        last = -1
        while page := list(LogCheckpoint.objects.filter(size__gt=last).order_by("size")[:_PAGE]):
            for row in page:
                named = self._row(row)
                if named.head != Head(row.size, bytes(row.root)):
                    raise Bad(f"{named.where} is not what its own note says", row.size)
                yield named
            last = page[-1].size

    def _row(self, row: LogCheckpoint) -> Named:
        where = f"the checkpoint of {row.size} entries"
        if (head := unlisted_head(row.note)) is not None:
            return Named(head, where, proved=False)
        return Named(self._opened(row.note, where), where)

    def _opened(self, note: str, where: str) -> Head:
        try:
            return read_head(note, self._witnesses)
        except SealedError as error:
            if unlisted_head(note) is not None:
                raise Bad(f"{where} is signed by no key that LOG_VERIFIER lists") from error
            raise Bad(f"{where} is not what was signed: {error}") from error


def _merged(rows: Iterator[Named], apart: list[Named]) -> Iterator[Named]:
    waiting = list(apart)
    for row in rows:
        while waiting and waiting[0].head.size <= row.head.size:
            yield waiting.pop(0)
        yield row
    yield from waiting
