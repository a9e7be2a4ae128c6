"""manage.py audit: check the log, show its heads, bring in witnesses' lines, repair it after a restore."""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from portal.core.log import health, keys, proofs, recovering, witnesses
from portal.core.log.files import LogFiles, SignerBusy, log_files
from portal.core.log.recovering import Lost
from portal.core.log.refusals import LogRefused
from portal.core.log.trace import Bad
from portal.core.log.verify import verify
from portal.core.log.witnesses import WitnessRefused
from portal.core.management.base import DatabaseCommand
from portal.core.models import LogCheckpoint

LISTED = 200
_SIGNER_PAUSES_S = 10.0  # a signer that refuses holds the folder now and then, for a moment


class Command(DatabaseCommand):
    help = "The audit log: verify it, show its signed heads, repair it after a backup was restored."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        verifying = steps.add_parser(
            "verify", help="read every event again; exit 1 and name the first bad one"
        )
        verifying.add_argument(
            "--head", action="append", type=Path, default=[], help="a checkpoint kept elsewhere; repeatable"
        )
        verifying.add_argument("--no-folder", action="store_true", help="the signer is on another machine")
        shown = steps.add_parser("checkpoint", help="print the newest signed head, as witnesses sign it")
        shown.add_argument("--size", type=int, help="that of so many entries")
        cosigning = steps.add_parser("cosign", help="add a witness's signature lines by hand")
        cosigning.add_argument("file", type=Path, help="the lines, or a checkpoint with them")
        growing = steps.add_parser("consistency", help="print the proof that one head grew out of another")
        growing.add_argument("old", type=int)
        growing.add_argument("new", type=int, nargs="?", help="default: the newest")
        self._repairs(steps.add_parser("repair", help="what a restored database lost, and what to do"))

    def _repairs(self, parser: argparse.ArgumentParser) -> None:
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--adopt", action="store_true", help="take the lost entries over from the journal")
        ways.add_argument(
            "--trust-database",
            action="store_true",
            help="begin the signer's lost folder anew from the database",
        )
        parser.add_argument("--by", default="", help="who decides it; recorded")
        parser.add_argument("--reason", default="", help="why; recorded")

    def handle(self, *args: Any, **options: Any) -> None:
        steps: dict[str, Callable[..., None]] = {
            "verify": self._verify,
            "checkpoint": self._checkpoint,
            "cosign": self._cosign,
            "consistency": self._consistency,
            "repair": self._repair,
        }
        try:
            steps[options["step"]](**options)
        except (LogRefused, SignerBusy, OSError) as error:
            raise CommandError(str(error)) from error

    def _verify(self, *, head: list[Path], no_folder: bool, **options: Any) -> None:
        files, began = None if no_folder else _readable(log_files()), time.monotonic()
        if files is None and not no_folder:
            self.stderr.write(
                "Not compared with the signer's folder: this user may not read LOG_CHECKPOINTS."
            )
        notes = [_head(path) for path in head]
        cosigners = [witness.key for witness in witnesses.configured()]
        try:
            sound = verify(files, notes, witnesses=cosigners)
        except Bad as bad:
            raise CommandError(
                f"The log is not what was signed. First: {bad}.\n"
                "→ Keep the database as it is for whoever investigates: docs/reference/audit-log.md."
            ) from bad
        self.stdout.write(
            f"{sound.entries} entries are good, read in {time.monotonic() - began:.1f} s: they lead to "
            f"{sound.heads} signed heads; {sound.journaled} are in the signer's folder, too; "
            f"{sound.waiting} events wait."
        )
        if sound.unproved:
            self.stdout.write(
                f"{sound.unproved} earlier heads fit, too, but prove nothing: LOG_VERIFIER does not list "
                "their key any more. The last signed head covers all that they did."
            )

    def _checkpoint(self, *, size: int | None, **options: Any) -> None:
        self.stdout.write(_row(size).note, ending="")

    def _cosign(self, *, file: Path, **options: Any) -> None:
        text = _text(file)
        lines = "".join(line for line in text.splitlines(keepends=True) if line.startswith("— "))
        row = _row(None)
        if "\n\n" in text:  # a whole checkpoint: the lines belong to the head that it is of
            row = witnesses.row_of(text) or row
        try:
            names = witnesses.add_line(row, lines)
        except WitnessRefused as error:
            raise CommandError(f"Nothing was added to the head of {row.size} entries: {error}.") from error
        self.stdout.write(f"The head of {row.size} entries is cosigned by {', '.join(names)}.")

    def _consistency(self, *, old: int, new: int | None, **options: Any) -> None:
        text = proofs.consistency(old, new)
        if text is None:
            swapped = " The smaller size stands first." if new is not None and old > new else ""
            raise CommandError(f"There is no such head.{swapped} The newest is of {_row(None).size} entries.")
        self.stdout.write(text, ending="")

    def _repair(self, *, adopt: bool, trust_database: bool, by: str, reason: str, **options: Any) -> None:
        files, now = log_files(), timezone.now()
        if not adopt and not trust_database:
            self._tell(recovering.lost_events(files))
            return
        if not by.strip():
            raise CommandError("Say who decides this: --by YOUR-NAME. It stands in the log.")
        if adopt:
            with files.taken(within_s=_SIGNER_PAUSES_S):
                recovering.hold_lost(files, now)
                done = recovering.adopt(files, by=by, reason=reason, now=now)
            self.stdout.write(
                f"{done.count} entries were taken over: from {done.before} to {done.after}. The signer goes "
                "on by itself; the event log.repaired names both heads."
            )
            return
        with files.taken(within_s=_SIGNER_PAUSES_S):
            head = recovering.trust_database(files, by=by, reason=reason, now=now)
        self.stdout.write(f"The signer's folder begins anew from {head}.")

    def _tell(self, lost: list[Lost]) -> None:
        if not lost:
            self.stdout.write("Nothing is lost: the database has every entry of the journal.")
            return
        self.stdout.write(f"{len(lost)} events of the journal are not in this database:")
        for each in lost[:LISTED]:
            kind = each.fields["kind"]
            mark = recovering.mark(kind)
            line = f"{each.position:>9}  {each.fields['at']}  {kind:<28}{each.fields['subject']:<40}{mark}"
            self.stdout.write(line.rstrip())
        if len(lost) > LISTED:
            self.stdout.write(f"… and {len(lost) - LISTED} more: {_counted(lost[LISTED:])}")
        self.stdout.write(
            "held: the log signer has put this out of force; staff decide again. do again: it is in force, "
            "or back, until somebody does it again.\n"
            "→ Take them over: python manage.py audit repair --adopt --by YOUR-NAME --reason TEXT"
        )


def _row(size: int | None) -> LogCheckpoint:
    row = proofs.newest_checkpoint() if size is None else LogCheckpoint.objects.filter(size=size).first()
    if row is None and size is not None:
        raise CommandError(f"No head of {size} entries was signed. The newest is of {_row(None).size}.")
    if row is None:
        raise CommandError(f"There is no signed head yet. {health.START}")
    return row


def _head(path: Path) -> str:
    """A wrong file behind --head is a mistake of whoever typed it, and must not read as a forged log."""
    text, name = _text(path), keys.origin()
    if not text.startswith(f"{name}\n"):
        raise CommandError(
            f"{path} is not a checkpoint of this log: its first line is not {name}.\n"
            "→ Name a file as the portal gave it, or as `audit checkpoint` printed it."
        )
    return text


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no text file.") from error


def _readable(files: LogFiles) -> LogFiles | None:
    try:
        files.checkpoint()
        files.size()
    except PermissionError:
        return None
    return files


def _counted(lost: list[Lost]) -> str:
    return ", ".join(
        f"{count} × {kind}" for kind, count in Counter(e.fields["kind"] for e in lost).most_common()
    )
