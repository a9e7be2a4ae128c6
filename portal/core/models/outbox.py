"""Mail that is to go out, written in the transaction of what it tells about."""

from django.db import models


class OutboxMessage(models.Model):
    """One rendered mail to one person.

    `message_id` is fixed at queueing, so that a mail sent twice (worker killed after sending, before
    noting it) is one mail to whoever receives it. `ephemeral`: holds a one-time code or link; its text is
    erased once sent.
    """

    key = models.CharField(max_length=160, null=True, unique=True)  # noqa: DJ001
    to = models.EmailField()
    template = models.CharField(max_length=120)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    message_id = models.CharField(max_length=120, unique=True)
    ephemeral = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.template} to {self.to}"
