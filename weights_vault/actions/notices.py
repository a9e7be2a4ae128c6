"""Telling everybody who was given headers of a revision what became of it: by a job, in batches.

A recall must not wait for ten thousand mails. It writes one job with its own transaction; each job mails one
batch and writes the next in one transaction. Killed anywhere and run again, nobody is told twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from portal.accounts.models import User
from portal.core import jobs
from portal.core.outbox import queue_mail
from weights_vault.models import RecipientKey, Revision
from weights_vault.queries import current_revision, holders_of

TELL = "vault.tell_holders"
BATCH = 200  # mails a transaction: about a second in which SQLite lets nobody else write
KEYS_ASKED = 1_000
MAIL_FOLDER = "weights_vault/mail"


def tell_holders(*, revision: Revision, notice: str, reason: str, now: datetime) -> None:
    """Have everybody told who was given headers of `revision`: one mail a person.

    notice: the mail's template. reason: what the person who recalled it said.
    """
    _enqueue({"revision": revision.pk, "notice": notice, "reason": reason, "at": now.isoformat(), "after": 0})


def _enqueue(payload: dict[str, Any]) -> None:
    name = ":".join(str(payload[part]) for part in ("revision", "notice", "at", "after"))
    jobs.enqueue(TELL, payload, key=f"{TELL}:{name}")


@jobs.handler(TELL, lease_s=600, max_attempts=20)
@transaction.atomic
def tell(payload: dict[str, Any], now: datetime) -> None:
    """Queue the mails of one batch, and the job for the next one."""
    revision = Revision.objects.select_related("release").defer("manifest").get(pk=payload["revision"])
    people = [person for person in _owners(list(holders_of(revision))) if person > payload["after"]]
    context = {
        "release": revision.release,
        "revision": revision,
        "reason": payload["reason"],
        "instead": current_revision(revision.release),
    }
    for user in User.objects.filter(pk__in=people[:BATCH]):
        queue_mail(
            to=user.email,
            template=f"{MAIL_FOLDER}/{payload['notice']}",
            context={**context, "user": user},
            key=f"{payload['notice']}:{revision.id}:{user.public_id}:{payload['at']}",
        )
    if len(people) > BATCH:
        _enqueue({**payload, "after": people[BATCH - 1]})


def _owners(keys: Sequence[str]) -> list[int]:
    """The primary keys of the people whose recipient keys these are, each once, rising."""
    found: set[int] = set()
    for first in range(0, len(keys), KEYS_ASKED):
        owners = RecipientKey.objects.filter(pk__in=keys[first : first + KEYS_ASKED])
        found.update(owners.values_list("user_id", flat=True))
    return sorted(found)
