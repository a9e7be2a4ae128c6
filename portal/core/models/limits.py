"""How often something was done lately, for the limits that must be exact."""

from django.db import models


class LimitUse(models.Model):
    """One count: a limit, and whom or what it counts for, until its window ends.

    The window begins with the first use. The row says nothing about who it is: `key` is keyed by
    SECRET_KEY (portal/core/limits.py), because addresses of callers are personal.
    """

    key = models.CharField(max_length=64, primary_key=True)
    used = models.PositiveIntegerField()
    ends_at_ms = models.BigIntegerField(db_index=True, help_text="Unix time in milliseconds")

    class Meta:
        ordering = ["ends_at_ms"]

    def __str__(self) -> str:
        return f"{self.used} times"
