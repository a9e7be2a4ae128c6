"""Forgets mails that went out: those of people who were erased at once, all others after a season.

The row stays, for its key: what was told once is not told again.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from portal.accounts.actions.erasing import ERASED_DOMAIN, ERASED_MAIL
from portal.core import jobs
from portal.core.models import OutboxMessage

FORGET_MAIL = "accounts.forget_mail"
FORGET_MAIL_EVERY_S = 3600
KEPT_FOR: Final = timedelta(days=90)
_NOBODY = f"nobody@{ERASED_DOMAIN}"


@jobs.handler(FORGET_MAIL)
def forget_mail(payload: dict[str, Any], now: datetime) -> None:
    """Take address and text from every mail that was sent to an address whose owner was erased, or that names
    it, and from those that went out KEPT_FOR ago: they name people too."""
    last = OutboxMessage.objects.filter(template=ERASED_MAIL, sent_at__isnull=False).exclude(to=_NOBODY)
    for address in list(last.values_list("to", flat=True)):
        _forget(Q(to=address) | Q(text__icontains=address), sent_at__isnull=False)
    _forget(~Q(to=_NOBODY), sent_at__lt=now - KEPT_FOR)


def _forget(which: Q, **sent: Any) -> None:
    OutboxMessage.objects.filter(which, **sent).update(to=_NOBODY, subject="", text="", html="")


jobs.periodic(FORGET_MAIL, FORGET_MAIL_EVERY_S)
