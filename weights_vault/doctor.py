"""What `manage.py doctor` examines of the vault."""

from datetime import datetime

from django.conf import settings

from portal.core import key_checks
from portal.core.doctor import Finding, examination
from portal.core.models import Job
from portal.core.problems import Problem
from weights_vault.keeping import door
from weights_vault.scrub.due import tally
from weights_vault.scrub.rounds import SCRUB
from weights_vault.storage import storage
from weights_vault.storage.port import StorageError
from weights_vault.tidy import leftovers


@examination("storage")
def store(now: datetime) -> Finding:
    """The store works, strangers cannot get at it, and it holds nothing of no use."""
    writes = not key_checks.is_keyless()  # whoever has the keys publishes; all others read
    try:
        faults = storage().faults(writing=writes) or storage().public_faults()
        left = None if faults else leftovers(now)
    except StorageError as error:
        faults, left = [str(error)], None
    if faults:
        return Finding(False, "; ".join(faults), "Correct STORAGE_URL or the store that it names.")
    if left:
        return Finding(
            False,
            f"for more than {settings.LEFTOVER_DAYS} days: {left}",
            "Look at who deleted their rows or stopped publishing; then they can be deleted from the store.",
        )
    can = "read and written" if writes else "read"
    return Finding(True, f"the store can be {can}; it holds nothing unknown")


@examination("keeper")
def keeper(now: datetime) -> Finding:
    """The process with the keys answers."""
    if not door.is_apart():
        return Finding(True, "the keys are in this very process")
    try:
        root = door.ask("health", {})["root"]
    except Problem as problem:
        return Finding(False, problem.detail, "Start it: python manage.py keeper")
    return Finding(True, f"it answers; its root is {root}")


@examination("scrub")
def scrub(now: datetime) -> Finding:
    """Every stored body was read within SCRUB_DAYS, and is what was signed."""
    found = tally(now)
    told = f"{found.bodies} bodies, {found.unread} never read"
    if found.oldest is not None:
        told += f", the longest unread was read {found.oldest:%Y-%m-%d %H:%M} UTC"
    if found.damaged:
        return Finding(
            False,
            f"{found.damaged} of {found.bodies} bodies are damaged in the store",
            "See which: manage.py scrub RELEASE. Put the same bytes back, check with --now, then restore.",
        )
    if settings.SCRUB_BYTES_PER_S == 0 and found.bodies:
        return Finding(False, f"the scrubber is off; {told}", "Set SCRUB_BYTES_PER_S.")
    job = Job.objects.filter(key=f"periodic:{SCRUB}").first()
    if found.failing or (job is not None and job.last_error):
        why = job.last_error if job is not None and job.last_error else "the store could not be read"
        return Finding(
            False, f"{found.failing} bodies could not be read: {why}", "Look at the store; it is tried again."
        )
    if found.overdue:
        return Finding(
            False,
            f"{found.overdue} of {told.partition(',')[0]} unread for more than {settings.SCRUB_DAYS} days",
            "Raise SCRUB_BYTES_PER_S, or see that a worker runs.",
        )
    return Finding(True, told)
