"""Where a person is signed in, so that they can see it and end it."""

from functools import partial

from django.db import models

from portal.accounts.models.users import User
from portal.core.ids import public_id


class BrowserSession(models.Model):
    """A browser that is signed in.

    row: primary key of the session's own row, which is a hash of the cookie and opens nothing
    (portal/accounts/session_store.py). Who deletes that row ends the session at its next request.
    agent: what the browser calls itself, cut short. address: of the network, as of last_seen_at.
    """

    id = models.CharField(primary_key=True, max_length=32, default=partial(public_id, "ses"), editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="browser_sessions")
    row = models.CharField(max_length=40, unique=True)
    agent = models.CharField(max_length=200, blank=True)
    address = models.GenericIPAddressField(null=True)
    opened_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_seen_at"]

    def __str__(self) -> str:
        return f"{self.user} since {self.opened_at:%Y-%m-%d %H:%M} UTC"
