"""Forgets the mails of people who were erased, once the last one has gone out."""

from datetime import datetime
from typing import Any

from portal.accounts.actions.erasing import ERASED_DOMAIN, ERASED_MAIL
from portal.core import jobs
from portal.core.models import OutboxMessage

FORGET_MAIL = "accounts.forget_mail"
FORGET_MAIL_EVERY_S = 3600
_NOBODY = f"nobody@{ERASED_DOMAIN}"


@jobs.handler(FORGET_MAIL)
def forget_mail(payload: dict[str, Any], now: datetime) -> None:
    """Take address and text from every mail that was sent to an address whose owner was erased."""
    last = OutboxMessage.objects.filter(template=ERASED_MAIL, sent_at__isnull=False).exclude(to=_NOBODY)
    for address in list(last.values_list("to", flat=True)):
        sent = OutboxMessage.objects.filter(to=address, sent_at__isnull=False)
        sent.update(to=_NOBODY, subject="", text="", html="")


jobs.periodic(FORGET_MAIL, FORGET_MAIL_EVERY_S)
