"""License texts, and what a release demands of people."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from portal.accounts.models import Organization
from portal.core.ids import public_id
from weights_vault.models import Release


def license_version_id() -> str:
    return public_id("lic")


def license_draft_id() -> str:
    return public_id("dra")


class License(models.Model):
    """A license by name; what it says stands in its versions."""

    slug = models.SlugField(max_length=100, unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LicenseVersion(models.Model):
    """One text of a license, for good: people sign its hash. A new text is a new version.

    Triggers in the database refuse every change and removal (portal/core/append_only.py).
    In force for an organization is the newest version negotiated with it whose effective_at has come; for
    everybody else the newest of the standard ones, whose organization is null.
    terms: the structured summary beside the text (`licenses.summary`); empty in versions that have none.
    reaccept_by: live grants under an earlier version need an acceptance of this one by then; null: they stay.
    based_on: the standard version that a negotiated one departs from.
    """

    id = models.CharField(primary_key=True, max_length=40, default=license_version_id, editable=False)
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField(help_text="Markdown.")
    sha256 = models.CharField(max_length=64, help_text="Of the text's UTF-8 bytes, lower-case hex.")
    terms = models.JSONField(default=dict, blank=True)
    effective_at = models.DateTimeField()
    reaccept_by = models.DateTimeField(null=True, blank=True)
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="license_versions"
    )
    based_on = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="negotiated"
    )
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)

    class Meta:
        ordering = ["license", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["license", "number"], name="license_version_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="license_version_number_from_one"),
            models.CheckConstraint(
                condition=~Q(text="") & Q(Exact(Length("sha256"), 64)), name="license_version_whole"
            ),
            models.CheckConstraint(
                condition=Q(reaccept_by__isnull=True) | Q(reaccept_by__gte=F("effective_at")),
                name="license_version_reaccept_after",
            ),
            models.CheckConstraint(
                condition=Q(based_on__isnull=True) | Q(organization__isnull=False),
                name="license_version_based_on_negotiated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.license.name}, version {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise RuntimeError("a license version is never changed: a new text is a new version")
        super().save(*args, **kwargs)


class LicenseDraft(models.Model):
    """A license text that staff are writing: the next version of a license, or one for an organization.

    revision: rises with each save, so that two editors do not overwrite each other unseen.
    """

    id = models.CharField(primary_key=True, max_length=40, default=license_draft_id, editable=False)
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="drafts")
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    based_on = models.ForeignKey(
        LicenseVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField(blank=True)
    terms = models.JSONField(default=dict, blank=True)
    effective_at = models.DateTimeField(null=True, blank=True)
    reaccept_by = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=64)

    class Meta:
        ordering = ["-updated_at", "id"]

    def __str__(self) -> str:
        return f"draft of {self.license}"


class ReleaseTerms(models.Model):
    """What a release demands of people, written by `manage.py release apply`.

    signatory: somebody who may bind the applicant's institution signs too. max_co_applicants: 0 for none.
    on_affiliation_end: what becomes of a grant whose holder leaves the organization it was given under.
    questions: [{id, label, help, kind: text|long_text|choice|confirm, required, choices}].
    partners: public ids of the organizations that the stage `partners` admits.
    exclude_countries: ISO 3166 alpha-2 codes.
    """

    class Strategy(models.TextChoices):
        OPEN = "open", "Open"
        CLICK_THROUGH = "click_through", "Click-through"
        REQUEST = "request", "On request"
        API_ONLY = "api_only", "Interface only"

    class Stage(models.TextChoices):
        CLOSED = "closed", "Closed"
        PARTNERS = "partners", "Partners"
        RESEARCHERS = "researchers", "Researchers"
        PUBLIC = "public", "Public"

    class OnAffiliationEnd(models.TextChoices):
        SUSPEND = "suspend", "The grant is suspended until staff decide"
        KEEP = "keep", "The grant stays with the person"

    release = models.OneToOneField(Release, on_delete=models.PROTECT, related_name="terms")
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="terms")
    strategy = models.CharField(max_length=16, choices=Strategy, default=Strategy.REQUEST)
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.CLOSED)
    quorum = models.PositiveSmallIntegerField(default=2)
    questions = models.JSONField(default=list, blank=True)
    grant_days = models.PositiveIntegerField(default=365)
    postquantum_only = models.BooleanField(default=False)
    partners = models.JSONField(default=list, blank=True)
    exclude_countries = models.JSONField(default=list, blank=True)
    exclude_reviewer_organization = models.BooleanField(default=True)
    signatory = models.BooleanField(default=False)
    max_co_applicants = models.PositiveSmallIntegerField(default=10)
    on_affiliation_end = models.CharField(
        max_length=8, choices=OnAffiliationEnd, default=OnAffiliationEnd.SUSPEND
    )
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "release terms"
        constraints = [
            models.CheckConstraint(
                condition=Q(strategy__in=["open", "click_through", "request", "api_only"]),
                name="terms_strategy_known",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["closed", "partners", "researchers", "public"]),
                name="terms_stage_known",
            ),
            models.CheckConstraint(condition=Q(quorum__in=[1, 2]), name="terms_quorum_one_or_two"),
            models.CheckConstraint(condition=Q(grant_days__gte=1), name="terms_grant_lasts"),
            models.CheckConstraint(
                condition=Q(on_affiliation_end__in=["suspend", "keep"]), name="terms_affiliation_rule_known"
            ),
        ]

    def __str__(self) -> str:
        return f"terms of {self.release.slug}"
