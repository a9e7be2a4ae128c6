"""Sealed bodies: what stands in the store, and the wrapped key of each; and what is under way there."""

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


class BodyUnderWay(models.Model):
    """How to go on with a body in state writing; gone when it is stored (`ingest/under_way.py`).

    upload: what the store needs to find what was put so far.
    """

    body = models.OneToOneField(SealedBody, primary_key=True, on_delete=models.CASCADE, related_name="+")
    upload = models.CharField(max_length=256, blank=True)

    class Meta:
        verbose_name_plural = "bodies under way"

    def __str__(self) -> str:
        return str(self.body_id)


class PartUnderWay(models.Model):
    """A part of such a body: its plaintext's digest before it is stored, the rest after.

    plain, sealed: BLAKE3-256, hex. receipt: the store's answer.
    """

    under_way = models.ForeignKey(BodyUnderWay, on_delete=models.CASCADE, related_name="parts")
    index = models.PositiveIntegerField()
    plain = models.CharField(max_length=64)
    sealed = models.CharField(max_length=64, blank=True)
    receipt = models.CharField(max_length=256, blank=True)

    class Meta:
        verbose_name_plural = "parts under way"
        constraints = [models.UniqueConstraint(fields=["under_way", "index"], name="part_under_way_once")]

    def __str__(self) -> str:
        return f"{self.under_way_id}:{self.index}"
