"""Forgets mails that went out: those of and about people who were erased at once, all others after a season.

The row stays, for its key: what was told once is not told again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from portal.accounts.actions.erasing import ERASED_DOMAIN, ERASED_MAIL
from portal.core import jobs
from portal.core.models import OutboxMessage

FORGET_MAIL = "accounts.forget_mail"
FORGET_MAIL_EVERY_S = 3600
KEPT_FOR: Final = timedelta(days=90)
FORGET_ABOUT = "accounts.forget_mail_about"
UNSENT_RETRY: Final = timedelta(hours=1)
_NOBODY = f"nobody@{ERASED_DOMAIN}"


@jobs.handler(FORGET_MAIL)
def forget_mail(payload: dict[str, Any], now: datetime) -> None:
    """Take address and text from every mail that was sent to an address whose owner was erased, or that names
    it, and from those that went out KEPT_FOR ago: they name people too."""
    last = OutboxMessage.objects.filter(template=ERASED_MAIL, sent_at__isnull=False).exclude(to=_NOBODY)
    for address in list(last.values_list("to", flat=True)):
        _forget(Q(to=address) | Q(text__icontains=address), sent_at__isnull=False)
    _forget(~Q(to=_NOBODY), sent_at__lt=now - KEPT_FOR)


def forget_about(ids: Iterable[str], now: datetime) -> None:
    """Have the mails forgotten that name one of these things of somebody who is erased in this transaction.

    ids: public ids of what is the person's: the pages that mails lead to hold them, and staff who were mailed
    about it read the person's name there.
    """
    if wanted := sorted(ids):
        jobs.enqueue(FORGET_ABOUT, {"ids": wanted}, run_at=now)


@jobs.handler(FORGET_ABOUT, lease_s=600)
def forget_mail_about(payload: dict[str, Any], now: datetime) -> None:
    """Do what `forget_about` asks. Where one of the mails is still to be sent, this is done again later."""
    named = Q()
    for each in payload["ids"]:
        named |= Q(text__contains=each)
    _forget(named & ~Q(to=_NOBODY), sent_at__isnull=False)
    if OutboxMessage.objects.filter(named, sent_at__isnull=True).exists():
        jobs.enqueue(FORGET_ABOUT, payload, run_at=now + UNSENT_RETRY)


def _forget(which: Q, **sent: Any) -> None:
    OutboxMessage.objects.filter(which, **sent).update(to=_NOBODY, subject="", text="", html="")


jobs.periodic(FORGET_MAIL, FORGET_MAIL_EVERY_S)
