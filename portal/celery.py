"""The Celery application. It carries no work of its own: messages wake a worker, rows say what is to be done.

Run a worker with `celery -A portal worker --beat`; exactly one of several workers gets `--beat`.
"""

import os
from pathlib import Path

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.embedded")

SWEEP_EVERY_S = 5
BROKER_TIMEOUT_S = 2

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = {
    "sweep": {
        "task": "portal.core.tasks.sweep",
        "schedule": SWEEP_EVERY_S,
        # A sweep that waited longer than this is no use: the next one is there.
        "options": {"expires": SWEEP_EVERY_S},
    }
}
app.conf.task_reject_on_worker_lost = True
# Whoever sends a message has written a row already: a broker that is away must not hold them up (kombu
# would try for 6 s). Workers try forever (broker_connection_max_retries).
app.conf.broker_connection_max_retries = None
app.conf.broker_connection_timeout = BROKER_TIMEOUT_S
app.conf.broker_transport_options = {
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
    "socket_connect_timeout": BROKER_TIMEOUT_S,
    **(app.conf.broker_transport_options or {}),
}
app.conf.worker_hijack_root_logger = False
app.autodiscover_tasks(["portal.core"])


def make_broker_folders() -> None:
    """Make the folders of the filesystem broker, which whoever sends or receives expects to find."""
    options = app.conf.broker_transport_options
    for name in ("data_folder_in", "data_folder_out", "control_folder"):
        Path(options[name]).mkdir(parents=True, exist_ok=True, mode=0o700)


def make_beat_folder(**event: object) -> None:
    """Make the folder of beat's notes: without it beat dies, and the worker goes on without sweeps."""
    Path(app.conf.beat_schedule_filename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)


worker_init.connect(make_beat_folder)
beat_init.connect(make_beat_folder)
if str(app.conf.broker_url or "").startswith("filesystem:"):
    make_broker_folders()
