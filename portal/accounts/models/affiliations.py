"""Who belongs to which organization, until when, and who speaks for one."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from portal.accounts.models.organizations import Organization
from portal.accounts.models.users import User
from portal.core.ids import public_id


class OrganizationDomain(models.Model):
    """A mail domain that an organization claims, and how it was shown to be its own.

    A claim counts for nothing until verified_at; then the domain stands in `Organization.domains` too, which
    is what policies and queries read. digest: SHA-256 of the code that was mailed to an administrative
    address of the domain; "" where none is out. wrong_codes: since that mail.
    """

    class How(models.TextChoices):
        MAIL = "mail", "a code mailed to an administrative address of the domain"
        STAFF = "staff", "an administrator of the portal vouches for it"

    id = models.CharField(primary_key=True, max_length=32, default=partial(public_id, "dom"), editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="claims")
    domain = models.CharField(max_length=253)
    claimed_by = models.CharField(max_length=64)
    claimed_at = models.DateTimeField()
    digest = models.CharField(max_length=64, blank=True)
    code_ends_at = models.DateTimeField(null=True)
    wrong_codes = models.PositiveSmallIntegerField(default=0)
    verified_at = models.DateTimeField(null=True)
    verified_how = models.CharField(max_length=5, choices=How.choices, blank=True)

    class Meta:
        ordering = ["domain"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "domain"], name="accounts_domain_claimed_once"),
            # Anybody may claim; only one can have shown it.
            models.UniqueConstraint(
                fields=["domain"], condition=Q(verified_at__isnull=False), name="accounts_domain_of_one"
            ),
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True, verified_how="")
                | Q(verified_at__isnull=False, verified_how__in=["mail", "staff"]),
                name="accounts_domain_how",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain} of {self.organization}"


class OrganizationManager(models.Model):
    """Somebody who speaks for an organization: sees its people here, and ends their affiliation."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="managers")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="manages")
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="accounts_manager_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} manages {self.organization}"


class Affiliation(models.Model):
    """That a person was of an organization, from when to when.

    `User.organization` is the present one; this is its history and its end. ends_at: the date that the
    person or a manager named, when a job ends it. ended_by: public id, or system:<what>.
    """

    id = models.CharField(primary_key=True, max_length=32, default=partial(public_id, "aff"), editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="affiliations")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="affiliations")
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at__isnull=True), name="accounts_one_affiliation"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="")
                | (Q(ended_at__isnull=False, ended_at__gte=F("began_at")) & ~Q(ended_by="")),
                name="accounts_affiliation_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ends_at"], condition=Q(ended_at__isnull=True), name="accounts_affiliation_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} of {self.organization}"
