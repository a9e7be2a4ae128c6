"""What Celery calls: wake up and look at the rows."""

import os
import socket
from datetime import datetime

from django.utils import timezone

from portal.celery import app
from portal.core import jobs
from portal.core.models import Heartbeat


def worker_name() -> str:
    """Return what this process is called in leases and heartbeats."""
    return f"{socket.gethostname()}:{os.getpid()}"


def beat_heart(name: str, now: datetime) -> None:
    """Note that the worker `name` is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now})


def _wake() -> None:
    """Do what is due; sent after each commit that wrote a job."""
    jobs.run_due(worker=worker_name(), now=timezone.now())


def _sweep() -> None:
    """Do what is due and what no message told about; sent by beat every few seconds."""
    now = timezone.now()
    beat_heart(socket.gethostname(), now)
    jobs.arm_schedule(now)
    jobs.run_due(worker=worker_name(), now=now)


wake = app.task(name="portal.core.tasks.wake")(_wake)
sweep = app.task(name="portal.core.tasks.sweep")(_sweep)
