"""Who stands in a request beside the applicant: co-applicants, and the institution's signatory."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from licenses.models.requests import Request
from portal.core.ids import public_id


def party_id() -> str:
    return public_id("pty")


class Party(models.Model):
    """One person asked to stand in a request, by e-mail address; the account follows when they join.

    Whoever is signed in with that verified address may answer: the mail that asks carries no secret.
    role: a co-applicant gets a grant of their own; a signatory binds the institution and gets none.
    user: who joined, for good; it stays when they leave, and is empty for who declined without joining.
    full_name: as whoever asked wrote it. state_at: since when it is in its state.
    """

    class Role(models.TextChoices):
        CO_APPLICANT = "co_applicant", "Co-applicant"
        SIGNATORY = "signatory", "Signatory"

    class State(models.TextChoices):
        INVITED = "invited", "Asked"
        JOINED = "joined", "Takes part"
        ACCEPTED = "accepted", "Accepted the license"
        DECLINED = "declined", "Said no"
        DROPPED = "dropped", "No longer in it"

    id = models.CharField(primary_key=True, max_length=40, default=party_id, editable=False)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="parties")
    role = models.CharField(max_length=16, choices=Role)
    email = models.EmailField()
    full_name = models.CharField(max_length=200)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="parties"
    )
    state = models.CharField(max_length=16, choices=State, default=State.INVITED)
    state_at = models.DateTimeField()
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["asked_at", "id"]
        indexes = [models.Index(fields=["email", "state"], name="party_of_address")]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="party_email_lower"),
            models.CheckConstraint(
                condition=Q(role__in=["co_applicant", "signatory"]), name="party_role_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["invited", "joined", "accepted", "declined", "dropped"]),
                name="party_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["joined", "accepted"]) | Q(user__isnull=False),
                name="party_taking_part_has_account",
            ),
            models.UniqueConstraint(
                fields=["request", "email"],
                condition=~Q(state__in=["declined", "dropped"]),
                name="party_once_a_request",
            ),
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(role="signatory") & ~Q(state__in=["declined", "dropped"]),
                name="party_one_signatory",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.full_name} in {self.request_id}"
