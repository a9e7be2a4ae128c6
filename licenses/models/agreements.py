"""What was signed, as documents: master agreements, destruction certificates, and the executed PDFs."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Lower
from django.db.models.lookups import Exact

from licenses.models.grants import Acceptance, Grant
from licenses.models.terms import LicenseVersion
from portal.accounts.models import Organization
from portal.core.ids import public_id


def agreement_id() -> str:
    return public_id("agr")


def master_id() -> str:
    return public_id("mas")


class MasterAgreement(models.Model):
    """A license version that an organization accepted once for people whom it names.

    proposed by staff to the signatory's address; in force from signed_at up to, not at, ends_at.
    """

    id = models.CharField(primary_key=True, max_length=40, default=master_id, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="master_agreements")
    license_version = models.ForeignKey(LicenseVersion, on_delete=models.PROTECT, related_name="+")
    signatory_email = models.EmailField()
    signatory_name = models.CharField(max_length=200)
    signatory = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    typed_name = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)
    signed_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("created_at")), name="master_ends_after_start"),
            models.CheckConstraint(
                condition=Q(signatory_email=Lower(F("signatory_email"))), name="master_email_lower"
            ),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True)
                | (Q(signatory__isnull=False) & ~Q(typed_name="") & Q(Exact(Length("sha256"), 64))),
                name="master_signed_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} under {self.license_version}"


class MasterMember(models.Model):
    """A person whom an organization named under its master agreement, by e-mail address."""

    master = models.ForeignKey(MasterAgreement, on_delete=models.PROTECT, related_name="members")
    email = models.EmailField()
    full_name = models.CharField(max_length=200)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="master_member_email_lower"),
            models.UniqueConstraint(
                fields=["master", "email"],
                condition=Q(removed_at__isnull=True),
                name="master_member_once",
            ),
        ]

    def __str__(self) -> str:
        return self.email


class DestructionCertificate(models.Model):
    """What the holder of a closed grant declared about the copies.

    copies: how many there were. method: how they were destroyed. destroyed_on: the last one, a UTC day.
    """

    grant = models.OneToOneField(Grant, on_delete=models.PROTECT, related_name="certificate")
    copies = models.PositiveIntegerField()
    method = models.TextField()
    destroyed_on = models.DateField()
    typed_name = models.CharField(max_length=200)
    how = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(method="") & ~Q(typed_name="") & ~Q(how=""), name="certificate_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"destruction under {self.grant_id}"


class Agreement(models.Model):
    """An executed document: of one acceptance, one destruction certificate or one master agreement.

    pdf: PDF/A with the portal's PAdES signature, null until a job has made it, then for good. sha256: of it.
    level: "B-T" with a trusted time stamp, "B-B" without; note: why it is the lower one.
    """

    id = models.CharField(primary_key=True, max_length=40, default=agreement_id, editable=False)
    acceptance = models.OneToOneField(
        Acceptance, null=True, blank=True, on_delete=models.PROTECT, related_name="agreement"
    )
    certificate = models.OneToOneField(
        DestructionCertificate, null=True, blank=True, on_delete=models.PROTECT, related_name="agreement"
    )
    master = models.OneToOneField(
        MasterAgreement, null=True, blank=True, on_delete=models.PROTECT, related_name="agreement"
    )
    pdf = models.BinaryField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    level = models.CharField(max_length=4, blank=True)
    note = models.CharField(max_length=300, blank=True)
    ordered_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["ordered_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(acceptance__isnull=False, certificate__isnull=True, master__isnull=True)
                | Q(acceptance__isnull=True, certificate__isnull=False, master__isnull=True)
                | Q(acceptance__isnull=True, certificate__isnull=True, master__isnull=False),
                name="agreement_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(made_at__isnull=True, pdf__isnull=True)
                | Q(
                    Exact(Length("sha256"), 64),
                    made_at__isnull=False,
                    pdf__isnull=False,
                    level__in=["B-B", "B-T"],
                ),
                name="agreement_made_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def title(self) -> str:
        """What kind of document it is, as its first page says."""
        if self.master_id is not None:
            return "Master agreement"
        return "License agreement" if self.acceptance_id is not None else "Certificate of destruction"
