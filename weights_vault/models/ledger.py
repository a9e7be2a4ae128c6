"""The ledger of deliveries: who was given what of which revision, when and from where; what clients reported.

Kept for years, so it is small: one row a batch, whose files are a bitmap over the files of the revision as
its manifest lists them (a published revision never changes). No URL, header or key stands in it.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

DIGEST_SIZE = 32


class LedgerEntry(models.Model):
    """One batch that left the portal, or one word of a client about it. Rows are only ever added.

    Ids are text, so the ledger outlives what it speaks of.
    person: public id. key: the recipient key that headers were wrapped to.
    files: bit i (of byte i // 8, from the lowest) is file i of the manifest. count: how many.
    digests: SHA-256 of each header, 32 bytes each, in the order of the bits: the evidence (a label can be
        forged).
    size: sealed bytes of the files' bodies; of a report, what the client says it holds.
    fetched, again: of a report, bytes that came over the network, and those of them that came twice.
    client: of a report, such as "weights/1.0". origin: number of the row that says from where; such rows are
        deleted after LEDGER_ADDRESS_DAYS, and the number stays.
    """

    class Kind(models.TextChoices):
        MANIFEST = "manifest", "Manifest given"
        HEADERS = "headers", "Headers given"
        URLS = "urls", "URLs given"
        COMPLETED = "completed", "Reported complete"
        VERIFIED = "verified", "Reported verified"
        OPENED = "opened", "Reported opened"

    kind = models.CharField(max_length=16, choices=Kind)
    grant = models.CharField(max_length=40)
    revision = models.CharField(max_length=40)
    person = models.CharField(max_length=40)
    key = models.CharField(max_length=40, blank=True)
    files = models.BinaryField(default=bytes)
    count = models.PositiveIntegerField(default=0)
    digests = models.BinaryField(default=bytes)
    size = models.BigIntegerField(default=0)
    lifetime_s = models.PositiveIntegerField(null=True, blank=True)
    fetched = models.BigIntegerField(null=True, blank=True)
    again = models.BigIntegerField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    client = models.CharField(max_length=64, blank=True)
    origin = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        verbose_name_plural = "ledger entries"
        indexes = [
            models.Index(fields=["grant", "at"], name="ledger_grant"),
            models.Index(fields=["revision", "at"], name="ledger_revision"),
            models.Index(fields=["at"], name="ledger_at"),
            models.Index(
                fields=["revision", "grant", "key"], condition=Q(kind="headers"), name="ledger_holders"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["manifest", "headers", "urls", "completed", "verified", "opened"]),
                name="ledger_kind_known",
            ),
            models.CheckConstraint(
                condition=(Q(Exact(Length("digests"), F("count") * DIGEST_SIZE), kind="headers") & ~Q(key=""))
                | (Q(Exact(Length("digests"), 0), key="") & ~Q(kind="headers")),
                name="ledger_digest_a_header",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.revision} for {self.grant}"


class Holding(models.Model):
    """The running sum of one grant's entries about one revision: what the page lists. Derived, so it changes.

    files: bitmap of the files whose headers were given at least once; file_count: how many those are.
    stirred: something was added since the watch last looked; watched_to: how far it has looked.
    """

    grant = models.CharField(max_length=40)
    revision = models.CharField(max_length=40)
    release = models.CharField(max_length=100, help_text="Slug.")
    person = models.CharField(max_length=40)
    files = models.BinaryField(default=bytes)
    file_count = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    stirred = models.BooleanField(default=True)
    watched_to = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_at", "-id"]
        indexes = [
            models.Index(fields=["-last_at", "-id"], name="holding_last"),
            models.Index(fields=["release", "-last_at"], name="holding_release"),
            models.Index(fields=["person"], name="holding_person"),
            models.Index(fields=["grant"], condition=Q(stirred=True), name="holding_stirred"),
        ]
        constraints = [models.UniqueConstraint(fields=["grant", "revision"], name="holding_once")]

    def __str__(self) -> str:
        return f"{self.revision} with {self.grant}"


class Origin(models.Model):
    """From where a grant was used on one day (UTC). Personal data: deleted after LEDGER_ADDRESS_DAYS.

    network: the /24 of an IPv4 address, the /48 of an IPv6 one.
    """

    grant = models.CharField(max_length=40)
    day = models.DateField()
    address = models.GenericIPAddressField()
    network = models.CharField(max_length=43)

    class Meta:
        ordering = ["-day", "id"]
        indexes = [models.Index(fields=["day"], name="origin_day")]
        constraints = [models.UniqueConstraint(fields=["grant", "day", "address"], name="origin_once")]

    def __str__(self) -> str:
        return f"{self.address} on {self.day}"
