"""What a program asked for and a person has to confirm in a browser."""

from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.accounts.models.users import User
from portal.core.ids import public_id


class PendingAction(models.Model):
    """One proposed action: confirmed or refused by its owner, once, before it expires.

    code: what the terminal and the page both show, so that a person can tell that they speak of the same
    thing. requested_by: public id of the token that asked, empty when a browser did.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        CONFIRMED = "confirmed"
        REFUSED = "refused"
        EXPIRED = "expired"

    id = models.CharField(primary_key=True, max_length=32, default=partial(public_id, "act"), editable=False)
    kind = models.CharField(max_length=64)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="pending_actions")
    payload = models.JSONField(default=dict)
    summary = models.TextField()
    code = models.CharField(max_length=9)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    requested_by = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["pending", "confirmed", "refused", "expired"]),
                name="accounts_pending_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["confirmed", "refused"], decided_at__isnull=False)
                | Q(state__in=["pending", "expired"], decided_at__isnull=True),
                name="accounts_pending_decided_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.code})"

    @property
    def url(self) -> str:
        """Where a person confirms or refuses it."""
        return f"{settings.PORTAL_URL}/pending/{self.pk}/"

    def state_at(self, now: datetime) -> str:
        """The state, with "expired" as soon as it is so, whether or not a job has noted it yet."""
        if self.state == self.State.PENDING and now >= self.expires_at:
            return self.State.EXPIRED.value
        return str(self.state)
