"""Jobs as rows with leases.

`enqueue` writes the row in the caller's transaction; after the commit a Celery message wakes a worker. The
message carries nothing: lost, doubled or late, the row decides, and a sweep every few seconds finds what no
message told about. A worker takes a row by a conditional UPDATE; when it dies, its lease runs out and
another takes the row again. So every handler must be idempotent.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from portal.core.models import Job
from portal.core.secrecy import redact

logger = logging.getLogger(__name__)

FIRST_RETRY_S = 5
LONGEST_RETRY_S = 3600
FAILED_PERIODIC_RETRY_S = 300
ERROR_CHARACTERS = 500
BATCH = 1000
CANDIDATES = 20


@dataclass(frozen=True)
class Handler:
    """What does jobs of one kind: `function(payload, now=…)`."""

    function: Callable[..., None]
    lease_s: float
    max_attempts: int


class LeaseLost(RuntimeError):
    """This job's lease ran out and another worker has it: stop, and leave its outcome to them."""


@dataclass(frozen=True)
class _Held:
    """The job that this thread does now. clock: the time of the run, going on."""

    job: Job
    lease_s: float
    clock: Callable[[], datetime]


_held: ContextVar[_Held | None] = ContextVar("held", default=None)
_handlers: dict[str, Handler] = {}
_schedule: dict[str, int] = {}

Function = TypeVar("Function", bound=Callable[..., None])


def handler(kind: str, *, lease_s: float = 60, max_attempts: int = 8) -> Callable[[Function], Function]:
    """Decorator: the function does jobs of this kind; it is called as `function(payload, now=…)`.

    lease_s: after how long without a word the work is taken to be dead and is done again: longer than it
    ever takes, or than it takes between two calls of `keep_lease`.
    """

    def register(function: Function) -> Function:
        if kind in _handlers and _handlers[kind].function is not function:
            raise RuntimeError(f"two handlers for jobs of kind {kind}")
        _handlers[kind] = Handler(function, lease_s, max_attempts)
        return function

    return register


def periodic(kind: str, every_s: int) -> None:
    """Have the job `kind` done every `every_s` seconds; after downtime once, not for each missed time."""
    _schedule[kind] = every_s


def enqueue(
    kind: str, payload: dict[str, Any], *, key: str | None = None, run_at: datetime | None = None
) -> Job:
    """Write a job in the current transaction and wake a worker after its commit.

    key: with a key that a job already has, nothing is written and that job is returned, done or not.
    run_at: not before; now when left out.
    """
    fields = {"kind": kind, "payload": payload, "run_at": run_at or timezone.now()}
    if key is None:
        job = Job.objects.create(**fields)
    else:
        job, _ = Job.objects.get_or_create(key=key, defaults=fields)
    _wake_after_commit()
    return job


def enqueue_many(kind: str, payloads: Mapping[str, dict[str, Any]]) -> None:
    """Write jobs of one kind in one statement, and wake a worker after the commit.

    payloads: by key, which no job has yet.
    """
    now = timezone.now()
    jobs = (Job(kind=kind, payload=payload, key=key, run_at=now) for key, payload in payloads.items())
    Job.objects.bulk_create(jobs)
    _wake_after_commit()


def arm_schedule(now: datetime) -> None:
    """Make the row of each periodic job that has none yet, and follow a changed interval."""
    keys = {f"periodic:{kind}": (kind, every_s) for kind, every_s in _schedule.items()}
    known = dict(Job.objects.filter(key__in=keys).values_list("key", "every_s"))
    for key, (kind, every_s) in keys.items():
        if key not in known:
            Job.objects.get_or_create(key=key, defaults={"kind": kind, "run_at": now, "every_s": every_s})
        elif known[key] != every_s:
            Job.objects.filter(key=key).update(every_s=every_s, run_at=now)


def run_due(*, worker: str, now: datetime, limit: int = BATCH) -> int:
    """Take and do the jobs that are due, at most `limit`; return how many were taken.

    worker: who takes them, for people who look at the rows.
    """
    started = time.monotonic()
    taken = 0
    for _ in range(limit):
        moment = now + timedelta(seconds=time.monotonic() - started)
        job = _take_next(worker, moment)
        if job is None:
            break
        _do(job, moment, lambda: now + timedelta(seconds=time.monotonic() - started))
        taken += 1
    return taken


def keep_lease() -> None:
    """Begin the lease of the job at hand anew. For handlers between two pieces of long work; cheap enough for
    each batch. Outside of a job, as in a command, it does nothing.

    Raises: LeaseLost: it had run out, and somebody else took the job.
    """
    held = _held.get()
    if held is None:
        return
    until = held.clock() + timedelta(seconds=held.lease_s)
    mine = Job.objects.filter(pk=held.job.pk, state=Job.State.RUNNING, attempts=held.job.attempts)
    if not mine.update(lease_until=until):
        raise LeaseLost(f"job {held.job.pk} {held.job.kind} is another worker's now")


def _take_next(worker: str, now: datetime) -> Job | None:
    due = Q(state=Job.State.READY, run_at__lte=now) | Q(state=Job.State.RUNNING, lease_until__lt=now)
    for job in Job.objects.filter(due, kind__in=_handlers)[:CANDIDATES]:
        attempt = job.attempts + 1
        lease = timedelta(seconds=_handlers[job.kind].lease_s)
        # Whoever changes `attempts` first has the row; the others' condition no longer holds.
        took = Job.objects.filter(due, pk=job.pk, attempts=job.attempts).update(
            state=Job.State.RUNNING, attempts=F("attempts") + 1, lease_owner=worker, lease_until=now + lease
        )
        if took:
            job.attempts = attempt
            return job
    return None


def _do(job: Job, now: datetime, clock: Callable[[], datetime]) -> None:
    """Run one taken job and note how it ended."""
    work = _handlers[job.kind]
    if job.attempts > work.max_attempts and job.every_s is None:
        _finish(job, Job.State.FAILED, clock(), error="its worker died or hung each time")
        return
    token = _held.set(_Held(job, work.lease_s, clock))
    try:
        work.function(job.payload, now=now)
    except LeaseLost as error:
        logger.warning("%s", error)
    except Exception as error:
        # Any error of any handler: noted and tried again, never the end of the worker.
        logger.warning("job %s %s failed, attempt %s: %s", job.pk, job.kind, job.attempts, redact(str(error)))
        _retry(job, work, clock(), redact(f"{type(error).__name__}: {error}")[:ERROR_CHARACTERS])
    else:
        _finish(job, Job.State.DONE, clock())
    finally:
        _held.reset(token)


def _retry(job: Job, work: Handler, now: datetime, error: str) -> None:
    if job.attempts >= work.max_attempts or job.every_s is not None:
        _finish(job, Job.State.FAILED, now, error=error)
        return
    _release(job, state=Job.State.READY, run_at=now + backoff(job.attempts), last_error=error)


def _finish(job: Job, state: Job.State, now: datetime, error: str = "") -> None:
    if job.every_s is None:
        _release(job, state=state, finished_at=now, last_error=error)
        return
    # A periodic job never ends. Its next time counts from now, so that what was missed is done once;
    # `attempts` keeps rising, so that a holder whose lease ran out is never taken for the present one.
    pause_s = min(job.every_s, FAILED_PERIODIC_RETRY_S) if error else job.every_s
    _release(
        job,
        state=Job.State.READY,
        run_at=now + timedelta(seconds=pause_s),
        finished_at=now,
        last_error=error,
    )


def _release(job: Job, **fields: Any) -> None:
    """Write the outcome, unless the lease ran out and somebody else has the row now."""
    held = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, attempts=job.attempts)
    if not held.update(lease_owner="", lease_until=None, **fields):
        logger.warning("job %s %s outlived its lease; its outcome is left to who took it", job.pk, job.kind)


def backoff(attempts: int) -> timedelta:
    """How long to wait after the given number of failed attempts: doubling, capped, with jitter."""
    longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** (attempts - 1))
    return timedelta(seconds=longest * random.uniform(0.5, 1.5))  # noqa: S311  spreads load, guards nothing


def _wake_after_commit() -> None:
    """One message a transaction is enough, however many jobs it wrote."""
    waiting = transaction.get_connection().run_on_commit
    if not any(entry[1] is _wake for entry in waiting):
        transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    from portal.core.tasks import wake

    if not settings.CELERY_BROKER_URL:
        return  # the keeper and the log signer have none: the sweep finds what they order
    try:
        wake.apply_async(retry=False)
    except (OperationalError, OSError) as error:
        # The row is committed, so the work is safe: the sweep finds it when no message does.
        logger.warning("no worker was woken, the broker is out of reach: %s", redact(str(error)))
