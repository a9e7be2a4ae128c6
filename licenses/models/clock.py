"""What the portal remembers about time: which reminders it sent, and how long reviews take."""

from django.db import models
from django.db.models import Q

from weights_vault.models import Release


class Reminder(models.Model):
    """A notice that time brought, written in the transaction that queues its mails: so never sent twice.

    subject: as the audit log names it, "grant:grt_…". kind: which one and of what, such as
    "grant_ends_30:2026-12-01", so that an extended grant is reminded of its new end.
    """

    subject = models.CharField(max_length=80)
    kind = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "kind"], name="reminder_once")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.subject}"


class ReviewPace(models.Model):
    """How long the decisions of one release took in the days before `at`, from submission to decision.

    median_s, p90_s: seconds. count: decisions counted. Written by a job; pages only read it.
    """

    release = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="review_pace")
    median_s = models.PositiveIntegerField()
    p90_s = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(count__gte=1), name="review_pace_of_some")]

    def __str__(self) -> str:
        return f"pace of {self.release_id}"
