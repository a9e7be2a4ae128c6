"""The job that makes a document: once, whole, whatever happens on the way."""

import hashlib
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from licenses.agreements import making, render, shelf, signature, stamp
from licenses.agreements.check import portals_own
from licenses.models import Agreement
from portal.core import audit, certificates
from portal.core.jobs import run_due
from portal.core.models import AuditEvent, Job, OutboxMessage
from portal.core.problems import Unavailable
from tests.unit.licenses.agreements.papers import KINDS, accepted
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def ready() -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(template="licenses/mail/agreement_ready"))


def executed() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(kind="agreement.executed"))


def make(agreement: Agreement) -> Agreement:
    making.make({"agreement": agreement.pk}, now=NOW)
    agreement.refresh_from_db()
    return agreement


@pytest.mark.parametrize("kind", KINDS)
def test_document_is_made_signed_and_told(kind: str) -> None:
    made = make(KINDS[kind](World()))
    assert made.pdf is not None
    pdf = bytes(made.pdf)
    found = signature.read(pdf, portals_own())
    assert found.words["agreement"] == made.pk
    assert (made.sha256, made.level) == (hashlib.sha256(pdf).hexdigest(), "B-B")
    [event] = executed()
    assert event.subject == f"agreement:{made.pk}"
    assert event.data == {"sha256": made.sha256, "level": "B-B", "certificate": found.fingerprint}
    [mail] = ready()
    assert f"/agreements/{made.pk}/" in mail.text
    assert made.sha256 in mail.text


def test_worker_makes_what_was_ordered_and_the_job_forgets_the_person() -> None:
    agreement = accepted(World())
    while run_due(worker="test", now=NOW):
        pass
    agreement.refresh_from_db()
    assert agreement.made_at is not None
    assert Job.objects.get(kind="licenses.agreement").payload == {"agreement": agreement.pk}


def test_made_twice_it_is_one_document_one_event_one_mail() -> None:
    first = make(accepted(World())).sha256
    assert make(Agreement.objects.get()).sha256 == first
    assert (len(executed()), len(ready())) == (1, 1)


def test_of_two_workers_at_once_the_first_to_finish_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    agreement = accepted(World())
    real, others = stamp.stamp, []

    def overtaken(*args: Any, **kwargs: Any) -> stamp.Stamped:
        if not others:
            others.append("the other worker")
            others.append(make(Agreement.objects.get()).sha256)
        return real(*args, **kwargs)

    monkeypatch.setattr(stamp, "stamp", overtaken)
    assert make(agreement).sha256 == others[1]
    assert (len(executed()), len(ready())) == (1, 1)


@pytest.mark.parametrize("broken", ["licenses.agreements.making.tell", "portal.core.audit.record"])
def test_killed_while_it_is_kept_nothing_of_it_is_there_and_the_next_try_ends_it(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreement = accepted(World())

    def killed(*args: Any, **kwargs: Any) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(broken, killed)
        with pytest.raises(OSError, match="killed"):
            make(agreement)
    agreement.refresh_from_db()
    assert (agreement.pdf, executed(), ready()) == (None, [], [])
    assert make(agreement).level == "B-B"
    assert (len(executed()), len(ready())) == (1, 1)


def test_without_a_certificate_it_waits_and_nothing_is_lost(settings: Any) -> None:
    agreement = accepted(World())
    right, settings.AGREEMENT_KEY = settings.AGREEMENT_KEY, "/nowhere/agreement.pem"
    with pytest.raises(ImproperlyConfigured, match=r"AGREEMENT_KEY: .*cannot be read"):
        make(agreement)
    settings.AGREEMENT_KEY = right
    assert make(agreement).made_at == NOW


def test_with_a_certificate_that_ended_nothing_is_signed() -> None:
    agreement = accepted(World())
    with pytest.raises(ImproperlyConfigured, match="not good today"):
        making.make({"agreement": agreement.pk}, now=certificates.load().not_after + DAY)


def test_timestamp_server_that_is_away_is_noted_on_the_document(settings: Any) -> None:
    settings.TIMESTAMP_URL = "http://127.0.0.1:9/"
    made = make(accepted(World()))
    assert (made.level, made.note) == ("B-B", "No time stamp: the timestamp server is out of reach.")


def test_audit_log_names_it_in_the_document() -> None:
    made = make(accepted(World()))
    signed = audit.trail(f"request:{made.acceptance.request_id}").get(kind="request.signed")  # type: ignore[union-attr]
    found = signature.read(bytes(made.pdf or b""), portals_own())
    assert found.words["audit-event"] == str(signed.index)


@pytest.mark.parametrize("kind", ["acceptance", "master"])
def test_another_text_than_the_accepted_one_is_never_signed(kind: str) -> None:
    agreement = KINDS[kind](World())
    type(getattr(agreement, kind)).objects.update(sha256="0" * 64)
    with pytest.raises(RuntimeError, match="was accepted"):
        make(Agreement.objects.get(pk=agreement.pk))
    agreement.refresh_from_db()
    assert (agreement.made_at, executed(), ready()) == (None, [], [])


def test_a_document_that_takes_too_long_raises_the_alarm_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    agreement = accepted(World())
    with monkeypatch.context() as slow:
        slow.setattr(render, "MOST_S", 0.01)
        run_due(worker="test", now=NOW)
    alarm = f"agreement {agreement.pk} cannot be set in type"
    assert [record.levelname for record in caplog.records if alarm in record.message] == ["ERROR"]
    job = Job.objects.get(kind="licenses.agreement")
    assert (job.state, job.attempts) == (Job.State.READY, 1)
    run_due(worker="test", now=job.run_at)
    agreement.refresh_from_db()
    assert agreement.made_at is not None


@pytest.mark.parametrize(
    ("wait_s", "said", "again_s"),
    [(-9, "within two minutes", 10), (90, "in about 2 minutes", 90), (4000, "in about an hour", 300)],
)
def test_whoever_waits_for_a_late_document_is_told_when_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, wait_s: int, said: str, again_s: int
) -> None:
    agreement = accepted(World())
    monkeypatch.setattr("licenses.agreements.shelf.timezone.now", lambda: NOW)
    Job.objects.filter(kind="licenses.agreement").update(
        last_error="RenderTooSlow: why", run_at=NOW + wait_s * DAY / 86_400
    )
    with pytest.raises(Unavailable) as caught:
        shelf.file_of(agreement)
    assert caught.value.code == "agreement_not_ready"
    assert said in caught.value.next_step
    assert caught.value.retry_after_s == again_s
    assert "RenderTooSlow" not in f"{caught.value.detail}{caught.value.next_step}"
