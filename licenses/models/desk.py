"""What legal staff keep on their desk: messages and notes, recusals, absences, saved views, reasons."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from licenses.models.requests import Request
from portal.core.ids import public_id


def message_id() -> str:
    return public_id("msg")


def view_id() -> str:
    return public_id("viw")


def template_id() -> str:
    return public_id("rsn")


class Message(models.Model):
    """One thing said about a request. Never changed: a correction is another message.

    kind: a message goes between the parties and staff, and both read it; a note is for staff alone.
    asks: staff wait for the applicant's answer; the request's clock for staff stops meanwhile.
    """

    class Kind(models.TextChoices):
        MESSAGE = "message", "Message"
        NOTE = "note", "Note for staff"

    id = models.CharField(primary_key=True, max_length=40, default=message_id, editable=False)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    by_staff = models.BooleanField()
    asks = models.BooleanField(default=False)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["request", "at"], name="message_of_request")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["message", "note"]), name="message_kind_known"),
            models.CheckConstraint(condition=~Q(text=""), name="message_says_something"),
            models.CheckConstraint(
                condition=Q(asks=False) | Q(kind="message", by_staff=True), name="message_question_by_staff"
            ),
            models.CheckConstraint(
                condition=Q(kind="message") | Q(by_staff=True), name="message_note_by_staff"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.request_id}"


class Recusal(models.Model):
    """A reviewer who takes no part in one request, for a reason that only staff read. For good."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="recusals")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="recusals")
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["request", "reviewer"], name="recusal_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="recusal_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} not on {self.request_id}"


class Absence(models.Model):
    """When a reviewer is away, from starts_on to ends_on, both included, in UTC days; and who stands in.

    While it lasts nothing is assigned to them, and reminders go to the stand-in.
    """

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences")
    starts_on = models.DateField()
    ends_on = models.DateField()
    cover = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["starts_on"]
        indexes = [models.Index(fields=["reviewer", "ends_on"], name="absence_of_reviewer")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="absence_ends_after_start"),
            models.CheckConstraint(
                condition=Q(cover__isnull=True) | ~Q(cover=F("reviewer")), name="absence_covered_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} away until {self.ends_on}"


class SavedView(models.Model):
    """A named filter of a staff list. query: as in the address. shared: everybody on the desk sees it."""

    id = models.CharField(primary_key=True, max_length=40, default=view_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000, blank=True)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_view_name_once")]

    def __str__(self) -> str:
        return self.name


class ReasonTemplate(models.Model):
    """A reason that staff keep ready. verdict: for which ("approve", "reject", "request_changes",
    "grant" for changes of a grant). archived_at: no longer offered; what it was used for stays."""

    id = models.CharField(primary_key=True, max_length=40, default=template_id, editable=False)
    verdict = models.CharField(max_length=16)
    title = models.CharField(max_length=80)
    text = models.TextField()
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=64)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["verdict", "title"]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["approve", "reject", "request_changes", "grant"]),
                name="reason_template_verdict_known",
            ),
            models.CheckConstraint(condition=~Q(title="") & ~Q(text=""), name="reason_template_whole"),
        ]

    def __str__(self) -> str:
        return self.title
