"""License texts, and what a release demands of people."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from portal.core.ids import public_id
from weights_vault.models import Release


def license_version_id() -> str:
    return public_id("lic")


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
    In force is the version with the highest number whose effective_at has come.
    """

    id = models.CharField(primary_key=True, max_length=40, default=license_version_id, editable=False)
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField(help_text="Markdown.")
    sha256 = models.CharField(max_length=64, help_text="Of the text's UTF-8 bytes, lower-case hex.")
    effective_at = models.DateTimeField()
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
        ]

    def __str__(self) -> str:
        return f"{self.license.name}, version {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise RuntimeError("a license version is never changed: a new text is a new version")
        super().save(*args, **kwargs)


class ReleaseTerms(models.Model):
    """What a release demands of people, written by `manage.py release apply`.

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
        ]

    def __str__(self) -> str:
        return f"terms of {self.release.slug}"
