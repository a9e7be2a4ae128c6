"""Recipient keys that people enrolled; the identities never leave their machines."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.core.ids import public_id

POSTQUANTUM_KINDS = ("mlkem768x25519",)


def key_id() -> str:
    return public_id("key")


class RecipientKey(models.Model):
    """One age recipient of one person: challenged → proven → active → removed.

    digest: SHA-256 of the recipient; a recipient is active for one person at most.
    answer_sha256: digest of the one answer that proves possession, empty when there is no open challenge.
        The challenge's nonce itself is not kept: reading the database lets nobody answer.
    """

    class State(models.TextChoices):
        CHALLENGED = "challenged", "Waiting for its proof"
        PROVEN = "proven", "Waiting for your confirmation"
        ACTIVE = "active", "Active"
        REMOVED = "removed", "Removed"

    id = models.CharField(primary_key=True, max_length=40, default=key_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="recipient_keys"
    )
    recipient = models.TextField()
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=32)
    fingerprint = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=16, choices=State, default=State.CHALLENGED)
    answer_sha256 = models.CharField(max_length=64, blank=True)
    answer_by = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["digest"], condition=Q(state="active"), name="recipient_active_once"
            ),
            models.UniqueConstraint(
                fields=["user", "digest"], condition=~Q(state="removed"), name="recipient_once_a_person"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["challenged", "proven"], activated_at__isnull=True)
                | Q(state="active", activated_at__isnull=False, removed_at__isnull=True)
                | Q(state="removed", removed_at__isnull=False),
                name="recipient_dates_fit_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.fingerprint})"

    @property
    def postquantum(self) -> bool:
        return self.kind in POSTQUANTUM_KINDS

    @property
    def active(self) -> bool:
        return self.state == self.State.ACTIVE
