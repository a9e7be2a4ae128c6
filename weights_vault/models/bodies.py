"""Sealed bodies: what stands in the store, and the wrapped key of each."""

from django.db import models
from django.db.models import Q

from portal.core.ids import public_id


def body_id() -> str:
    return public_id("bod")


class SealedBody(models.Model):
    """One object of the store: a sealed file without a header, the same for everybody.

    The row is written, as `writing`, before the first byte of the object: whatever a killed publish leaves
    in the store has a row that names it. `object_name` is random and never in a manifest.
    """

    class State(models.TextChoices):
        WRITING = "writing", "Writing"
        STORED = "stored", "Stored"

    id = models.CharField(primary_key=True, max_length=40, default=body_id, editable=False)
    object_name = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=16, choices=State, default=State.WRITING)
    body_format = models.CharField(max_length=32)
    nonce = models.CharField(max_length=32, unique=True, help_text="16 bytes, hex.")
    wrapped_key = models.BinaryField()
    plain_size = models.BigIntegerField()
    body_size = models.BigIntegerField()
    parts = models.JSONField(default=list, help_text="[sealed BLAKE3, plain BLAKE3] of each part, hex.")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "sealed bodies"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["writing", "stored"]), name="body_state_known"),
            models.CheckConstraint(condition=Q(plain_size__gte=0, body_size__gt=0), name="body_sizes_sane"),
        ]

    def __str__(self) -> str:
        return self.id
