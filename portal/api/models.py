from django.conf import settings
from django.db import models
from django.db.models import Q

MAX_KEY_LENGTH = 255


class IdempotencyKey(models.Model):
    """That one call was made, and what came of it.

    It keeps the status and the public id of the thing, never an answer: whoever repeats the call is shown the
    thing as it is then, and no URL, token, header or challenge stands here.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=MAX_KEY_LENGTH)
    route = models.CharField(max_length=300)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    subject = models.CharField(max_length=64, default="")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key", "route"], name="api_idempotency_key_once"),
            models.CheckConstraint(
                condition=Q(status__isnull=True) | Q(status__gte=200, status__lt=300),
                name="api_idempotency_key_kept_when_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route} by user {self.user_id}"
