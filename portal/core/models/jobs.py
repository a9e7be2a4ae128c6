"""Work to be done, as rows: a broker may lose or repeat a message, a row is there until it is done."""

from django.db import models
from django.db.models import Q


class Job(models.Model):
    """One piece of work. `attempts` rises with each taking, so it also tells an old holder from a new one."""

    class State(models.TextChoices):
        READY = "ready"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=64)
    payload = models.JSONField(default=dict)
    key = models.CharField(max_length=160, null=True, unique=True, help_text="at most one job a key, ever")  # noqa: DJ001
    state = models.CharField(max_length=8, choices=State.choices, default=State.READY)
    run_at = models.DateTimeField()
    every_s = models.PositiveIntegerField(null=True, help_text="repeats; null: once")
    attempts = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=160, blank=True)
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["run_at", "pk"]
        indexes = [models.Index(fields=["state", "run_at"], name="core_job_due")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["ready", "running", "done", "failed"]), name="core_job_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="running", lease_until__isnull=False)
                | (~Q(state="running") & Q(lease_until__isnull=True)),
                name="core_job_lease_only_while_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"


class Heartbeat(models.Model):
    """When a worker was last seen, so that `manage.py doctor` can say that none is running."""

    name = models.CharField(max_length=160, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
