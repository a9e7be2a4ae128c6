"""Models (families) and their releases."""

from django.db import models
from django.db.models import Q


class Model(models.Model):
    """A family: OPT. Releases of one model may be asked for together."""

    slug = models.SlugField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    summary = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Release(models.Model):
    """One published thing of a model. What it demands of people stands in `licenses.ReleaseTerms`."""

    class State(models.TextChoices):
        LISTED = "listed", "Listed"
        UNLISTED = "unlisted", "Unlisted"
        WITHDRAWN = "withdrawn", "Withdrawn"

    slug = models.SlugField(max_length=100, unique=True)
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="releases")
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    card = models.TextField(blank=True, help_text="The model card, as Markdown.")
    state = models.CharField(max_length=16, choices=State, default=State.LISTED)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["title", "slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["listed", "unlisted", "withdrawn"]), name="release_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.slug
