"""What people typed or are called, beside the log: the log holds only commitments to it."""

from django.db import models


class AuditDisclosure(models.Model):
    """The value behind one commitment of one event.

    The event holds a salted SHA-256 of it (weights_vault/sealed/log/entry.py). While this row stands, the
    value can be shown and proved; an erasure deletes the row, and the log stays whole. No foreign key: the
    event is never deleted.
    about: public id of the person whom the value is about, "" for nobody; their erasure deletes it.
    """

    event = models.BigIntegerField()
    field = models.CharField(max_length=64)
    salt = models.BinaryField()
    value = models.JSONField()
    about = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["event", "field"]
        constraints = [models.UniqueConstraint(fields=["event", "field"], name="core_disclosure_once")]
        indexes = [
            models.Index(fields=["about"], condition=~models.Q(about=""), name="core_disclosure_about"),
        ]

    def __str__(self) -> str:
        return f"{self.field} of event {self.event}"
