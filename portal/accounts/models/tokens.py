"""What programs act with."""

from datetime import datetime
from functools import partial

from django.db import models
from django.db.models import F, Q

from portal.accounts.models.users import User
from portal.core.ids import public_id


class AccessToken(models.Model):
    """A bearer token. Only its SHA-256 is kept.

    prefix: its first characters, so that people recognize it. binding: digest of the owner's password and
    second factors when it was made; a change of either ends it without anybody having to remember to.
    grant: public id of the one grant that it is for, "" for every one of its owner. address: of its last use.
    """

    id = models.CharField(primary_key=True, max_length=32, default=partial(public_id, "tok"), editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="access_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    binding = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    grant = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="accounts_token_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_live(self, now: datetime) -> bool:
        """True until it is ended or expires."""
        return self.ended_at is None and now < self.expires_at
