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
