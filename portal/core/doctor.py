"""What `manage.py doctor` examines: each part the portal needs, and what to do about one that is broken.

Apps add their own with `@examination("name")`; each is called in turn and must not change anything.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.db import DatabaseError, connection

from portal.core import key_checks, keys
from portal.core.models import Heartbeat, Job, OutboxMessage
from portal.core.schema import MIGRATE, waiting_migrations
from portal.core.secrecy import redact
from weights_vault.sealed.trust import ROLES

ELSEWHERE = "no affair of this process; ask as web or worker"
WORKER_SILENT_AFTER = timedelta(seconds=60)


@dataclass(frozen=True)
class Finding:
    """ok: it works. detail: what was found. next_step: what to do when it does not work."""

    ok: bool
    detail: str
    next_step: str = ""


Examination = Callable[[datetime], Finding]

_examinations: dict[str, Examination] = {}


def examination(name: str) -> Callable[[Examination], Examination]:
    """Decorator: `function(now) -> Finding` is one line of the doctor's report; a later one replaces."""

    def register(function: Examination) -> Examination:
        _examinations[name] = function
        return function

    return register


def examine(now: datetime) -> list[tuple[str, Finding]]:
    """Return what each examination found, in order of registration."""
    return [(name, _examine_one(function, now)) for name, function in _examinations.items()]


def _examine_one(function: Examination, now: datetime) -> Finding:
    try:
        return function(now)
    except (ImproperlyConfigured, OSError, DatabaseError) as error:
        if isinstance(error, DatabaseError) and _lacks_migrations():
            return Finding(False, "its tables are not all there: migrations wait", MIGRATE)
        return Finding(
            False, redact(str(error)).strip() or type(error).__name__, "Correct this and run doctor again."
        )


def _lacks_migrations() -> bool:
    try:
        return waiting_migrations() > 0
    except DatabaseError:
        return False  # it does not answer at all, and the error says so


@examination("database")
def database(now: datetime) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding(True, f"{connection.display_name} answers")


@examination("migrations")
def migrations(now: datetime) -> Finding:
    waiting = waiting_migrations()
    if waiting:
        return Finding(False, f"{waiting} not applied", MIGRATE)
    return Finding(True, "all applied")


@examination("broker")
def broker(now: datetime) -> Finding:
    from kombu.exceptions import OperationalError

    from portal.celery import app

    if not key_checks.serves():
        return Finding(True, ELSEWHERE)
    url = str(app.conf.broker_url)
    if url.startswith("filesystem:"):
        folder = Path(app.conf.broker_transport_options["data_folder_in"])
        return _writable(folder, "broker folder", "Set VAR_DIR to a folder that this user may write.")
    host = url.rpartition("@")[2].partition("//")[2] or url.rpartition("@")[2]
    with app.connection_for_write(connect_timeout=3) as link:
        try:
            link.ensure_connection(max_retries=0, timeout=3)
        except (OperationalError, *link.connection_errors):  # Redis's transport raises kombu's own
            return Finding(False, f"{host} does not answer", "Start it, or correct BROKER_URL.")
    return Finding(True, f"{host} answers")


@examination("keys")
def all_keys(now: datetime) -> Finding:
    there = []
    if key_checks.serves():
        keys.delivery_keys()
        there.append("delivery keys")
    if key_checks.is_keyless():
        there.append("the public signing keys")
    else:
        keys.master_key()
        for role in ROLES:
            keys.signing_key(role)
        there.append("master and signing keys")
    return Finding(True, f"{' and '.join(there)} are there; root is {keys.root_fingerprint()}")


@examination("mail")
def mail(now: datetime) -> Finding:
    if not key_checks.serves():
        return Finding(True, ELSEWHERE)
    late = OutboxMessage.objects.filter(
        sent_at__isnull=True, created_at__lt=now - timedelta(minutes=10)
    ).count()
    backend = get_connection()
    try:
        backend.open()
    except OSError as error:
        return Finding(False, f"the mail server does not answer ({error})", "Correct EMAIL_URL.")
    finally:
        backend.close()
    if late:
        return Finding(False, f"{late} mails wait for more than 10 minutes", "Look at the worker's log.")
    return Finding(True, "the backend opens; nothing waits")


@examination("worker")
def worker(now: datetime) -> Finding:
    last = Heartbeat.objects.order_by("-at").first()
    if last is None or now - last.at > WORKER_SILENT_AFTER:
        seen = f"last seen {last.at:%Y-%m-%d %H:%M:%S} UTC" if last else "never seen"
        return Finding(False, f"no worker runs ({seen})", "Start one: celery -A portal worker --beat")
    failed = Job.objects.filter(state=Job.State.FAILED).count()
    if failed:
        return Finding(False, f"{failed} jobs failed for good", "Read their errors under /admin/core/job/.")
    again = Job.objects.filter(every_s__isnull=False).exclude(last_error="").order_by("kind").first()
    if again:
        # A periodic job never fails for good: it comes again, and may fail each time.
        said = f"{again.kind} failed when it last ran: {again.last_error}"
        return Finding(False, said, "It is tried again by itself. If it goes on, read the worker's log.")
    return Finding(True, f"runs on {last.name}, no job failed")


def _writable(folder: Path, noun: str, next_step: str) -> Finding:
    probe = next((path for path in (folder, *folder.parents) if path.exists()), None)
    if probe is None or not probe.is_dir() or not _may_write(probe):
        return Finding(False, f"{noun}: {folder} cannot be written", next_step)
    return Finding(True, f"{noun}: {folder}")


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)
