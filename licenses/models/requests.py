"""Requests: a person's application, what it is for, and its versions."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from licenses import states
from licenses.models.terms import LicenseVersion
from portal.accounts.models import Organization
from portal.core.ids import public_id
from weights_vault.models import Release


def request_id() -> str:
    return public_id("req")


class Request(models.Model):
    """One person's application for one or more releases of a model under the same terms.

    version: number of the current RequestVersion. quorum, grant_days, license_version: frozen at each
    submission: a change of terms does not move what is being decided.
    split: the current votes oppose each other; one more reviewer is needed.
    appeal_version: the version made by the appeal; null before. draft_key, submit_key: idempotency keys.
    organization: the applicant's, as confirmed when it was last submitted. signatory: an institution's
    signatory must sign too. renews: the request whose grants this one carries on.
    assignee: who has it on their desk; anybody eligible may still vote. asked_at: since when a question of
    the reviewers waits for the applicant's answer. nudged_at: when the applicant last asked how it stands.
    search_text: what full-text search looks at, lower case, kept by `licenses.search`.
    """

    class State(models.TextChoices):
        DRAFT = states.DRAFT, "Draft"
        SUBMITTED = states.SUBMITTED, "In review"
        CHANGES_REQUESTED = states.CHANGES_REQUESTED, "Changes requested"
        APPROVED = states.APPROVED, "Approved"
        REJECTED = states.REJECTED, "Declined"
        WITHDRAWN = states.WITHDRAWN, "Withdrawn"
        SIGNED = states.SIGNED, "Signed"
        LAPSED = states.LAPSED, "Lapsed"

    id = models.CharField(primary_key=True, max_length=40, default=request_id, editable=False)
    applicant = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="requests")
    releases = models.ManyToManyField(Release, through="RequestedRelease", related_name="requests")
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    license_version = models.ForeignKey(
        LicenseVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="requests"
    )
    quorum = models.PositiveSmallIntegerField(null=True, blank=True)
    grant_days = models.PositiveIntegerField(null=True, blank=True)
    split = models.BooleanField(default=False)
    appeal_version = models.PositiveIntegerField(null=True, blank=True)
    draft_key = models.CharField(max_length=255, blank=True)
    submit_key = models.CharField(max_length=255, blank=True)
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="requests"
    )
    signatory = models.BooleanField(default=False)
    renews = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="renewals"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="assigned"
    )
    assigned_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    nudged_at = models.DateTimeField(null=True, blank=True)
    search_text = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["state", "submitted_at"], name="request_queue"),
            models.Index(fields=["applicant", "-created_at"], name="request_of_person"),
            models.Index(fields=["organization", "-submitted_at"], name="request_of_organization"),
            models.Index(fields=["assignee", "state"], name="request_of_assignee"),
            models.Index(fields=["state", "decided_at"], name="request_decided"),
            # The orders of the queue over every state, and what is rare in it.
            models.Index(fields=["submitted_at", "id"], name="request_sent"),
            models.Index(fields=["state", "updated_at"], name="request_changed"),
            models.Index(fields=["submitted_at"], condition=Q(split=True), name="request_split"),
            models.Index(fields=["submitted_at"], condition=Q(asked_at__isnull=False), name="request_asked"),
            models.Index(
                fields=["submitted_at"],
                condition=Q(state=states.SUBMITTED, appeal_version__isnull=False),
                name="request_appealed",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=list(states.REQUEST_STATES)), name="request_state_known"
            ),
            # A comparison with NULL is not false, so a check lets it pass: NULL is asked of apart.
            models.CheckConstraint(
                condition=Q(state__in=[states.DRAFT, states.WITHDRAWN])
                | Q(
                    submitted_at__isnull=False,
                    license_version__isnull=False,
                    quorum__isnull=False,
                    quorum__in=[1, 2],
                    grant_days__isnull=False,
                    grant_days__gte=1,
                ),
                name="request_submitted_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[states.APPROVED, states.REJECTED, states.SIGNED, states.LAPSED])
                | Q(decided_at__isnull=False),
                name="request_decided_has_date",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[states.DRAFT, states.SUBMITTED, states.CHANGES_REQUESTED])
                | Q(decided_at__isnull=True),
                name="request_undecided_has_none",
            ),
            models.CheckConstraint(
                condition=Q(split=False) | Q(state=states.SUBMITTED),
                name="request_split_in_review",
            ),
            models.CheckConstraint(
                condition=Q(assignee__isnull=True, assigned_at__isnull=True)
                | Q(assignee__isnull=False, assigned_at__isnull=False),
                name="request_assigned_has_date",
            ),
            models.UniqueConstraint(
                fields=["applicant", "draft_key"], condition=~Q(draft_key=""), name="request_draft_key_once"
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def appealed(self) -> bool:
        return self.appeal_version is not None


class RequestedRelease(models.Model):
    """A release of a request. open: copied from the request's state, so that the database itself keeps a
    person from having two open requests for one release."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="requested")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="requested")
    applicant = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "release"], name="requested_release_once"),
            models.UniqueConstraint(
                fields=["applicant", "release"], condition=Q(open=True), name="requested_release_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release.slug} in {self.request_id}"


class RequestVersion(models.Model):
    """What the applicant said at one time. Once submitted it stays; the next edit makes the next version.

    questions: as they stood then, so that old answers remain readable when the questionnaire changes.
    appeal: why the applicant asks for a second look, in the version that an appeal makes.
    evidence: who the applicant is, where no institution's mail says so: {profiles: [URL], references:
    [{name, email, relation}]}. summary_of_use: what a renewal tells of the time before.
    """

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    answers = models.JSONField(default=dict, blank=True)
    questions = models.JSONField(default=list, blank=True)
    license_version = models.ForeignKey(
        LicenseVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    license_sha256 = models.CharField(max_length=64, blank=True)
    appeal = models.TextField(blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    summary_of_use = models.TextField(blank=True)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["request", "number"]
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="request_version_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="request_version_from_one"),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True)
                | Q(Exact(Length("license_sha256"), 64), license_version__isnull=False),
                name="request_version_submitted_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} version {self.number}"
