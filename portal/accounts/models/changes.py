"""What one person proposes and a second one has to confirm."""

from datetime import datetime
from functools import partial

from django.db import models
from django.db.models import F, Q

from portal.accounts.models.users import User
from portal.core.ids import public_id


class TwoPersonChange(models.Model):
    """A change of consequence: a role, a policy, a quorum, an export of many people's data.

    proposed_by is empty where the portal's operator proposed it at the console; `proposer` always says who,
    as the audit log does. Whoever decides is somebody else: the database holds that too.
    payload: JSON that the kind's performer understands. result: what performing it returned.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        CONFIRMED = "confirmed"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"
        EXPIRED = "expired"

    id = models.CharField(primary_key=True, max_length=32, default=partial(public_id, "chg"), editable=False)
    kind = models.CharField(max_length=64)
    payload = models.JSONField(default=dict)
    summary = models.TextField()
    reason = models.TextField(blank=True)
    proposer = models.CharField(max_length=64)
    proposed_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="changes_proposed"
    )
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.PROPOSED)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="changes_decided")
    decided_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)

    class Meta:
        ordering = ["-proposed_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "confirmed", "refused", "withdrawn", "expired"]),
                name="accounts_change_state_known",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=True)
                | Q(decided_by__isnull=True)
                | Q(state="withdrawn")
                | ~Q(proposed_by=F("decided_by")),
                name="accounts_change_needs_two",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["confirmed", "refused", "withdrawn"],
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                )
                | Q(state__in=["proposed", "expired"], decided_at__isnull=True, decided_by__isnull=True),
                name="accounts_change_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.summary}"

    def state_at(self, now: datetime) -> str:
        """The state, with "expired" as soon as it is so, whether or not a job has noted it yet."""
        if self.state == self.State.PROPOSED and now >= self.expires_at:
            return self.State.EXPIRED.value
        return str(self.state)
