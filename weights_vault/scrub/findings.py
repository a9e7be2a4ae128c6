"""What a reading is worth: the body's row, the recall of what uses the body, the mail to the managers.

The row and everything that follows from it are one transaction: killed before it, the parts are read again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from portal.accounts import matrix
from portal.accounts.models import User
from portal.accounts.principals import system_principal
from portal.accounts.staff import people_who
from portal.core import audit, jobs
from portal.core.outbox import queue_mail
from weights_vault.actions import withdraw
from weights_vault.models import File, Revision, SealedBody
from weights_vault.models.scrub import BodyCheck
from weights_vault.scrub.reading import Finding, Reading

REPORT = "vault.scrub_report"
MAX_NAMED_PARTS = 20
SCRUBBER = system_principal("scrub")


def check_of(body: SealedBody) -> BodyCheck:
    """The row of `body`; a new one, unsaved, where it was never read."""
    return BodyCheck.objects.filter(pk=body.pk).first() or BodyCheck(body=body)


@transaction.atomic
def note(*, body: SealedBody, start: int, reading: Reading, now: datetime) -> BodyCheck:
    """Write down what a sitting found that began at part `start`, and do what follows from it.

    Damage quarantines every published revision that uses the body, at once. A complete reading without any
    closes the finding. A sitting that another overtook counts for the damage it found alone.
    """
    BodyCheck.objects.get_or_create(body=body)
    row = BodyCheck.objects.select_for_update().get(pk=body.pk)
    earlier = row.finding
    if start in (0, row.position):
        _go_on(row, start, reading, now)
    if reading.finding:
        row.finding, row.found_at = reading.finding, row.found_at or now
        row.parts = sorted({*row.parts, *reading.damaged})
    row.save()
    if reading.finding:
        _follow_up(row, now, new=not earlier)
    elif earlier and not row.finding:
        audit.record("scrub.damage_gone", by=SCRUBBER.actor, subject=f"body:{body.pk}", now=now)
    return row


def _go_on(row: BodyCheck, start: int, reading: Reading, now: datetime) -> None:
    """Move the position; at the end of the body, what this whole reading saw replaces what was known."""
    seen = sorted({*(row.seen if start else ()), *reading.damaged})
    row.failed_at = None
    if not reading.complete:
        row.position, row.seen = reading.position, seen
        return
    row.position, row.seen, row.checked_at, row.parts = 0, [], now, seen
    if not seen and not reading.finding:
        row.finding, row.found_at, row.reported_at = Finding.NONE, None, None


def note_failure(*, body: SealedBody, now: datetime) -> None:
    """The body could not be read: somebody else's turn, and no word about the body."""
    BodyCheck.objects.update_or_create(body=body, defaults={"failed_at": now})


def describe(row: BodyCheck, path: str) -> str:
    """One sentence on an open finding, for people."""
    if row.finding == Finding.MISSING:
        return f"The stored copy of {path} is missing."
    if row.finding == Finding.RESIZED:
        return f"The stored copy of {path} has another size than it was published with."
    return f"The stored copy of {path} is damaged in {parts_text(row)}."


def parts_text(row: BodyCheck) -> str:
    """The damaged parts as people count them in a list: part 3 of 8; parts 3, 4 and 5 of 8."""
    numbers = [str(index) for index in row.parts[:MAX_NAMED_PARTS]]
    more = len(row.parts) - len(numbers)
    if more:
        numbers.append(f"{more} more")
    listed = numbers[0] if len(numbers) == 1 else f"{', '.join(numbers[:-1])} and {numbers[-1]}"
    return f"part{'' if len(row.parts) == 1 else 's'} {listed} (counted from 0) of {len(row.body.parts)}"


def _follow_up(row: BodyCheck, now: datetime, *, new: bool) -> None:
    files = _files_of(row)
    if new:
        audit.record(
            "scrub.damage_found",
            by=SCRUBBER.actor,
            subject=f"body:{row.pk}",
            now=now,
            finding=row.finding,
            parts=row.parts[:MAX_NAMED_PARTS],
            files=[file.pk for file in files],
        )
    published = [file for file in files if file.revision.state == Revision.State.PUBLISHED]
    # In one order everywhere: two findings at once cannot wait for each other.
    for file in sorted(published, key=lambda file: (file.revision.release_id, file.revision_id)):
        withdraw.quarantine_damaged(
            revision=file.revision, reason=_reason(row, file.path), by=SCRUBBER, now=now
        )
    if new or published:
        BodyCheck.objects.filter(pk=row.pk).update(reported_at=None)
        jobs.enqueue(REPORT, {}, key=f"{REPORT}:{row.pk}:{now.isoformat()}")


def _reason(row: BodyCheck, path: str) -> str:
    return (
        f"{describe(row, path)} The portal's own check found it. A download that was completed and verified"
        " before is not affected; the command weights verify proves it."
    )


@jobs.handler(REPORT, lease_s=120, max_attempts=20)
@transaction.atomic
def report(payload: dict[str, Any], now: datetime) -> None:
    """Mail the release managers every finding that they were not told yet, in one mail each."""
    rows = list(
        BodyCheck.objects.select_for_update(of=("self",))
        .filter(found_at__isnull=False, reported_at=None)
        .select_related("body")
        .order_by("pk")
    )
    if not rows:
        return
    findings = [(row, _files_of(row)) for row in rows]
    for manager in managers():
        queue_mail(
            to=manager.email,
            template="weights_vault/mail/scrub_found",
            context={"user": manager, "findings": _told(findings), "revisions": _revisions(findings)},
            key=f"scrub_found:{manager.public_id}:{rows[0].pk}:{now.isoformat()}",
        )
    BodyCheck.objects.filter(pk__in=[row.pk for row in rows]).update(reported_at=now)


def managers() -> list[User]:
    """The release managers who can act; the administrators where there is none."""
    return list(people_who(matrix.RELEASE_MANAGE)) or list(people_who(matrix.PEOPLE_MANAGE))


def _files_of(row: BodyCheck) -> list[File]:
    files = File.objects.filter(body=row.pk, revision__sequence__isnull=False)
    return list(
        files.select_related("revision__release").defer("tensors", "revision__manifest").order_by("pk")
    )


def _told(findings: Sequence[tuple[BodyCheck, list[File]]]) -> list[str]:
    return [describe(row, f"{file.path} ({file.revision})") for row, files in findings for file in files]


def _revisions(findings: Sequence[tuple[BodyCheck, list[File]]]) -> list[Revision]:
    """Each once: the revisions that are on hold now."""
    every = {file.revision_id: file.revision for _, files in findings for file in files}
    return [each for each in every.values() if each.state == Revision.State.QUARANTINED]
