"""Which roles a person has."""

from django.db import models
from django.db.models import Q

from portal.accounts.models.users import User


class RoleGrant(models.Model):
    """One role of one person. A row stands for the present; the past is in the audit log.

    What each role may do is one table: portal/accounts/matrix.py.
    """

    class Role(models.TextChoices):
        REVIEWER = "reviewer"
        LEGAL_LEAD = "legal_lead"
        RELEASE_MANAGER = "release_manager"
        AUDITOR = "auditor"
        ADMINISTRATOR = "administrator"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_grants")
    role = models.CharField(max_length=20, choices=Role.choices)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["role"]
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="accounts_role_once"),
            models.CheckConstraint(
                condition=Q(
                    role__in=["reviewer", "legal_lead", "release_manager", "auditor", "administrator"]
                ),
                name="accounts_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role}"
