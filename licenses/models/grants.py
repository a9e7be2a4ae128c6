"""What follows an approval: who accepted which text, and the right it gave."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from licenses import states
from licenses.models.requests import Request
from licenses.models.terms import LicenseVersion
from portal.accounts.models import Organization
from portal.core.ids import public_id
from weights_vault.models import Release


def grant_id() -> str:
    return public_id("grt")


class Acceptance(models.Model):
    """Who accepted which license text, when and how authenticated.

    sha256: of the text shown. how: "session", or "pending:act_…" when begun from the command line and
    confirmed in a browser.
    """

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="acceptances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="acceptances")
    license_version = models.ForeignKey(LicenseVersion, on_delete=models.PROTECT, related_name="acceptances")
    sha256 = models.CharField(max_length=64)
    typed_name = models.CharField(max_length=200)
    how = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["request", "user", "license_version"], name="acceptance_once"),
            models.CheckConstraint(
                condition=Q(Exact(Length("sha256"), 64)) & ~Q(typed_name="") & ~Q(how=""),
                name="acceptance_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.typed_name} on {self.request_id}"


class Grant(models.Model):
    """One person's right to one release, from starts_at up to, not at, ends_at.

    Expired is computed from ends_at, never stored. state_reason: why it is in its state; the holder sees it.
    reaccept_by: a newer license version must be accepted by then; null when nothing is due.
    organization: under which it was given; null for a person without one. expired_at: when a job noted its
    end and told the holder; its end itself is ends_at.
    """

    class State(models.TextChoices):
        ACTIVE = states.ACTIVE, "Active"
        SUSPENDED = states.SUSPENDED, "Suspended"
        REVOKED = states.REVOKED, "Revoked"
        CLOSED = states.CLOSED, "Closed"

    id = models.CharField(primary_key=True, max_length=40, default=grant_id, editable=False)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="grants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="grants")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="grants")
    license_version = models.ForeignKey(LicenseVersion, on_delete=models.PROTECT, related_name="grants")
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    state_reason = models.TextField(blank=True)
    state_at = models.DateTimeField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reaccept_by = models.DateTimeField(null=True, blank=True)
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="grants"
    )
    expired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-starts_at", "-id"]
        indexes = [
            models.Index(fields=["user", "release"], name="grant_of_person"),
            models.Index(fields=["state", "ends_at"], name="grant_ending"),
            models.Index(fields=["organization", "state"], name="grant_of_organization"),
            models.Index(fields=["-starts_at", "-id"], name="grant_newest"),
            # What the clock looks for every hour: however much has ended, it reads what has not.
            models.Index(
                fields=["ends_at", "id"],
                condition=Q(expired_at__isnull=True, state__in=list(states.LIVE_STATES)),
                name="grant_not_ended",
            ),
            models.Index(
                fields=["reaccept_by", "id"],
                condition=Q(reaccept_by__isnull=False),
                name="grant_to_reaccept",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=list(states.GRANT_STATES)), name="grant_state_known"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="grant_ends_after_start"),
            models.CheckConstraint(
                condition=Q(state="active") | ~Q(state_reason=""), name="grant_reason_recorded"
            ),
            models.UniqueConstraint(
                fields=["user", "release"],
                condition=Q(state__in=list(states.LIVE_STATES)),
                name="grant_live_once",
            ),
            models.UniqueConstraint(fields=["request", "user", "release"], name="grant_once_a_request"),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def final(self) -> bool:
        """It was revoked or closed: nothing moves it any more."""
        return self.state not in states.LIVE_STATES
