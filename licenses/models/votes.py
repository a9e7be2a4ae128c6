"""What reviewers decide: their votes, what signs these, and the decisions that they make."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from licenses.models.requests import Request
from portal.core.ids import public_id


def assertion_id() -> str:
    return public_id("vas")


class VoteAssertion(models.Model):
    """A reviewer's passkey over one or many verdicts that they gave at once (licenses/ballots.py).

    credential_id: of the passkey, lower-case hex. authenticator_data, client_data, signature: the bytes as
    the browser handed them over. digest: SHA-256 of them; one answer of a passkey is used once. leaves: the
    hashes of the verdicts' documents, sorted; also of those that were refused in the end.
    """

    id = models.CharField(primary_key=True, max_length=40, default=assertion_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="vote_assertions"
    )
    credential_id = models.CharField(max_length=2046)
    authenticator_data = models.BinaryField()
    client_data = models.BinaryField()
    signature = models.BinaryField()
    digest = models.CharField(max_length=64, unique=True)
    leaves = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.user} over {len(self.leaves)} votes"


class Vote(models.Model):
    """A reviewer's verdict on one version. A changed mind adds a row and marks the old one superseded, so
    history stays and the database lets one verdict a reviewer and version count.

    reason: shown to the applicant. note: for staff alone. document: what exactly was signed, and assertion:
    by which passkey; null where STAFF_MFA asked for none.
    """

    class Verdict(models.TextChoices):
        APPROVE = "approve", "Approve"
        REJECT = "reject", "Reject"
        REQUEST_CHANGES = "request_changes", "Request changes"

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="votes")
    version = models.PositiveIntegerField()
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="votes")
    verdict = models.CharField(max_length=16, choices=Verdict)
    reason = models.TextField(blank=True)
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)
    document = models.JSONField(null=True, blank=True)
    assertion = models.ForeignKey(
        VoteAssertion, null=True, blank=True, on_delete=models.PROTECT, related_name="votes"
    )

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(document__isnull=True, assertion__isnull=True)
                | Q(document__isnull=False, assertion__isnull=False),
                name="vote_signed_whole",
            ),
            models.UniqueConstraint(
                fields=["request", "version", "reviewer"],
                condition=Q(superseded_at__isnull=True),
                name="vote_counts_once",
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["approve", "reject", "request_changes"]), name="vote_verdict_known"
            ),
            models.CheckConstraint(
                condition=Q(verdict="approve") | ~Q(reason=""), name="vote_against_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} on {self.request_id} version {self.version}"


class Decision(models.Model):
    """The outcome once the votes decided. votes: [{reviewer, verdict}] that made it, by public id."""

    class Outcome(models.TextChoices):
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Declined"
        CHANGES_REQUESTED = "changes_requested", "Changes requested"

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="decisions")
    version = models.PositiveIntegerField()
    outcome = models.CharField(max_length=20, choices=Outcome)
    reason = models.TextField(blank=True)
    votes = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["request", "version"], name="decision_once_a_version"),
            models.CheckConstraint(
                condition=Q(outcome__in=["approved", "rejected", "changes_requested"]),
                name="decision_outcome_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome="approved") | ~Q(reason=""), name="decision_against_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} version {self.version}: {self.outcome}"
