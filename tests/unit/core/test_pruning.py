"""After a season: what was done and sent goes, in batches; keys, failures and what is still to do stay."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.core import outbox, pruning
from portal.core.models import Job, OutboxMessage

pytestmark = [pytest.mark.database, pytest.mark.django_db]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = NOW - pruning.SEASON - timedelta(days=1)


def job(**fields: object) -> Job:
    given = {"kind": "test", "run_at": LONG_AGO, "state": "done", "finished_at": LONG_AGO, **fields}
    return Job.objects.create(**given)  # type: ignore[misc]


def mail(number: int, **fields: object) -> OutboxMessage:
    given = {"to": "ada@example.org", "subject": "s", "text": "t", "html": "h", "message_id": str(number),
             "sent_at": LONG_AGO, **fields}  # fmt: skip
    return OutboxMessage.objects.create(**given)  # type: ignore[misc]


def test_old_jobs_without_a_meaning_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    for number in range(5):
        job()
        job(kind=outbox.DELIVER, key=f"{outbox.DELIVER}:{number}")
    stay = {
        job(key="once, ever"),
        job(state="failed"),
        job(state="ready", finished_at=None),
        job(every_s=60, state="ready"),
        job(finished_at=NOW - timedelta(days=100)),
    }
    pruning.prune({}, NOW)
    assert set(Job.objects.all()) == stay


def test_old_mails_go_and_those_with_a_key_are_emptied() -> None:
    mail(1)
    keyed, unsent, fresh = mail(2, key="once"), mail(3, sent_at=None), mail(4, sent_at=NOW)
    pruning.prune({}, NOW)
    assert set(OutboxMessage.objects.all()) == {keyed, unsent, fresh}
    keyed.refresh_from_db()
    assert (keyed.key, keyed.subject, keyed.text, keyed.html) == ("once", "", "", "")
    assert keyed.to.endswith(outbox.NOBODYS)
    assert OutboxMessage.objects.filter(text="t").count() == 2


def test_a_mail_whose_key_was_kept_is_not_sent_again() -> None:
    mail(1, key="once")
    pruning.prune({}, NOW)
    again = outbox.queue_rendered(to="ada@example.org", template="x", subject="s", text="t", key="once")
    assert again.sent_at == LONG_AGO
