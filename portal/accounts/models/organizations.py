"""Where people work."""

from functools import partial

from django.db import models

from portal.core.ids import public_id


class Organization(models.Model):
    """An institution as people named it at sign-up; `domains` are the mail domains known to be its own."""

    id = models.CharField(primary_key=True, max_length=32, default=partial(public_id, "org"), editable=False)
    name = models.CharField(max_length=200, unique=True)
    domains = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
