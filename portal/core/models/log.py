"""The audit log as a Merkle tree: which event stands where, the hashes, the signed checkpoints.

Events get their place from the log signer, a process of its own, a moment after they were committed
(portal/core/log/sequencer.py). Format: docs/reference/audit-log.md.
"""

from django.db import models


class LogPending(models.Model):
    """An event without a place yet. A trigger on the audit log writes the row, in the event's transaction."""

    event = models.BigIntegerField(primary_key=True)

    class Meta:
        ordering = ["event"]

    def __str__(self) -> str:
        return f"event {self.event} waits"


class LogEntry(models.Model):
    """The place of one event: leaf `position` of the tree, from 0, without gaps. Never changed."""

    position = models.BigIntegerField(primary_key=True)
    event = models.BigIntegerField(unique=True)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"event {self.event} is leaf {self.position}"


class LogTile(models.Model):
    """Up to 256 neighboring hashes of one level, 32 bytes each, as C2SP tlog-tiles cuts the tree.

    level 0 holds hashes of entries; level n, roots of full tiles of level n - 1. The last tile of a level
    grows until it is full; a full one never changes.
    """

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        ordering = ["level", "index"]
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="core_logtile_once")]

    def __str__(self) -> str:
        return f"tile {self.level}/{self.index}"


class LogCheckpoint(models.Model):
    """A signed head of the tree. note: C2SP signed-note, as it was signed, with witnesses' lines after ours.

    The newest one is kept in a file outside the database too, which is what the signer believes (J3).
    """

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["-size"]

    def __str__(self) -> str:
        return f"checkpoint of {self.size} entries"


class LogRecovered(models.Model):
    """An entry that this database lost, when a backup of it was restored, and the log's own files still hold.

    entry: the canonical bytes that were hashed. Its `LogEntry`, once the tree was repaired, has the event
    -1 - position: an event of that number may exist that is another one, written after the restoring.
    at: when it was found missing.
    """

    position = models.BigIntegerField(primary_key=True)
    entry = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"entry {self.position}, recovered"
