"""The machines that `weights login` signed in."""

from datetime import datetime
from functools import partial

from django.db import models
from django.db.models import F, Q

from portal.accounts.models.users import User
from portal.core.ids import public_id


class Device(models.Model):
    """One sign-in by the device flow (RFC 8628): a family of tokens that end together.

    Each token of the family carries this id in its data. name: what the program calls the machine.
    scopes: what the person allowed. binding: as of an access token: a new password, or a new second factor,
    ends the family without anybody having to remember to. expires_at: when the last refresh token ends,
    however often it was used. reused: a refresh token came a second time, so one of two holders stole it.
    """

    id = models.CharField(primary_key=True, max_length=32, default=partial(public_id, "dev"), editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="devices")
    name = models.CharField(max_length=80)
    scopes = models.JSONField(default=list)
    binding = models.CharField(max_length=64)
    address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reused = models.BooleanField(default=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="accounts_device_expires"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_live(self, now: datetime) -> bool:
        """True until it is ended or expires."""
        return self.ended_at is None and now < self.expires_at


class DeviceCode(models.Model):
    """What a machine that wants to be signed in waits with, until a person has decided (RFC 8628).

    Rows and not the cache, so that every process sees the same, and that of many who decide or fetch at once
    the database lets one. digest: SHA-256 of the device code, which the machine alone holds. user_code: what
    the person types or compares; by itself it opens nothing. state: moves once from waiting, and once to
    taken, as the machine fetches its tokens. asked_from: address, as the portal saw it.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        ALLOWED = "allowed"
        REFUSED = "refused"
        TAKEN = "taken"

    id = models.CharField(primary_key=True, max_length=32, default=partial(public_id, "dvc"), editable=False)
    digest = models.CharField(max_length=64, unique=True)
    user_code = models.CharField(max_length=9, unique=True)
    client = models.CharField(max_length=100)
    machine = models.CharField(max_length=80)
    scopes = models.JSONField(default=list)
    asked_from = models.GenericIPAddressField(null=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    device = models.OneToOneField(Device, null=True, on_delete=models.CASCADE, related_name="code")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    polled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "allowed", "refused", "taken"]),
                name="accounts_devicecode_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["allowed", "taken"], device__isnull=False)
                | Q(state__in=["waiting", "refused"], device__isnull=True),
                name="accounts_devicecode_device",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.machine} ({self.user_code})"

    def state_at(self, now: datetime) -> str:
        """The state, with "expired" for one on which nobody decided in time."""
        if self.state == self.State.WAITING and now >= self.expires_at:
            return "expired"
        return str(self.state)
