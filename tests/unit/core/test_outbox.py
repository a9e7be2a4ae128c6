"""The outbox: mail is written with its change, sent by a job, and no value gets into its headers."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from portal.core import jobs, outbox
from portal.core.models import Job, OutboxMessage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEMPLATES = {
    "trial/plain.subject.txt": "About {{ title }}\n",
    "trial/plain.txt": "Dear {{ name }},\nsee {{ portal_url }}/requests/ on {{ portal_name }}.",
}


@pytest.fixture(autouse=True)
def _templates(tmp_path: Path, settings: Any) -> None:
    for name, text in TEMPLATES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    settings.PORTAL_URL = "https://weights.example.org"
    settings.PORTAL_NAME = "Example Weights"


def queue(template: str = "trial/plain", to: str = "ada@example.org", **fields: Any) -> OutboxMessage:
    context = {"title": "OPT-175B", "name": "Ada O'Neill", **fields.pop("context", {})}
    return outbox.queue_mail(to=to, template=template, context=context, **fields)


def deliver_all() -> None:
    for job in Job.objects.filter(kind=outbox.DELIVER):
        outbox.deliver(job.payload, NOW)


def sent() -> EmailMessage:
    return message_from_bytes(mail.outbox[-1].message().as_bytes(), policy=policy.default)


def body(kind: str) -> str:
    """The last mail's part as it arrives: "plain" or "html"."""
    part = sent().get_body((kind,))
    assert part is not None
    return str(part.get_content()).strip()


@pytest.mark.database
@pytest.mark.django_db
def test_mail_is_rendered_at_queueing_and_sent_by_its_job() -> None:
    message = queue()
    assert mail.outbox == []
    jobs.run_due(worker="w", now=message.created_at + timedelta(seconds=1))
    assert sent()["Subject"] == "About OPT-175B"
    assert sent()["To"] == "ada@example.org"
    text = "Dear Ada O'Neill,\nsee https://weights.example.org/requests/ on Example Weights."
    assert body("plain") == text
    message.refresh_from_db()
    assert message.sent_at is not None


@pytest.mark.django_db
def test_answers_to_a_mail_reach_those_who_run_the_portal(settings: Any) -> None:
    settings.CONTACT_EMAIL = "weights-help@example.org"
    queue()
    deliver_all()
    assert sent()["Reply-To"] == "weights-help@example.org"


@pytest.mark.django_db
def test_a5_the_html_says_what_the_text_says_and_is_escaped() -> None:
    queue(context={"name": "<script>alert(1)</script>"})
    deliver_all()
    assert "<script>alert(1)</script>" in body("plain")
    assert "Dear &lt;script&gt;alert(1)&lt;/script&gt;," in body("html")
    assert '<a href="https://weights.example.org/requests/">' in body("html")


@pytest.mark.django_db
@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85"])
def test_a5_line_break_in_a_value_adds_no_header(line_break: str) -> None:
    queue(
        context={"title": f"x{line_break}Bcc: eve@example.org", "name": f"y{line_break}Bcc: eve@example.org"}
    )
    deliver_all()
    assert sent()["Bcc"] is None
    assert "\n" not in mail.outbox[-1].subject
    assert sent()["Subject"] == "About x Bcc: eve@example.org"
    assert mail.outbox[-1].recipients() == ["ada@example.org"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["ada@example.org\r\nBcc: eve@example.org", "ada", "", "a@b.org, c@d.org"]
)
def test_a5_bad_address_is_refused_and_nothing_queued(address: str) -> None:
    with pytest.raises(ValidationError):
        queue(to=address)
    assert not OutboxMessage.objects.exists()


@pytest.mark.database
@pytest.mark.django_db
def test_r1_one_key_is_one_mail() -> None:
    first = queue(key="request.submitted:req_a")
    assert queue(key="request.submitted:req_a") == first
    deliver_all()
    deliver_all()
    assert len(mail.outbox) == 1


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_mail_of_an_undone_transaction_is_never_sent() -> None:
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_j1_mail_sent_twice_by_a_dying_worker_keeps_its_message_id() -> None:
    message = queue()
    deliver_all()
    OutboxMessage.objects.update(sent_at=None)  # the worker died before it noted the sending
    deliver_all()
    ids = {one.message()["Message-ID"] for one in mail.outbox}
    assert len(mail.outbox) == 2
    assert ids == {message.message_id}
    assert message.message_id.endswith("@weights.example.org>")


@pytest.mark.django_db
def test_j1_refused_mail_is_tried_again(settings: Any) -> None:
    message = queue()
    settings.EMAIL_BACKEND = "tests.unit.core.test_outbox.RefusingBackend"
    jobs.run_due(worker="w", now=message.created_at + timedelta(seconds=1))
    job = Job.objects.get()
    assert (job.state, job.last_error) == ("ready", "ConnectionRefusedError: no server")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    jobs.run_due(worker="w", now=job.run_at)
    assert len(mail.outbox) == 1


class RefusingBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Any) -> int:
        raise ConnectionRefusedError("no server")


@pytest.mark.django_db
def test_one_time_code_is_erased_once_sent() -> None:
    message = outbox.queue_rendered(
        to="ada@example.org", template="code", subject="Code", text="Your code is 483920", ephemeral=True
    )
    deliver_all()
    message.refresh_from_db()
    assert "483920" in mail.outbox[0].body
    assert (message.text, message.html) == ("", "")


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["wp_" + "x" * 46, "AGE-SECRET-KEY-1QQ", "https://h/d?a=b&signature=00"])
def test_g8_secret_in_a_mail_is_a_mistake_of_ours(secret: str) -> None:
    with pytest.raises(RuntimeError, match="looks like a secret") as caught:
        queue(context={"name": secret})
    assert secret not in str(caught.value)
    assert not OutboxMessage.objects.exists()


def test_a_mail_to_several_is_one_row_and_one_job_each(db: None) -> None:
    mails = {f"news:{name}": (f"{name}@example.org", {"name": name}) for name in ("ada", "bo")}
    for _ in range(2):
        outbox.queue_mails(template="trial/plain", mails=mails)

    assert set(OutboxMessage.objects.values_list("to", flat=True)) == {"ada@example.org", "bo@example.org"}
    assert all(
        message.text and message.html and message.message_id for message in OutboxMessage.objects.all()
    )
    assert Job.objects.filter(kind=outbox.DELIVER).count() == 2


def test_no_mail_to_several_holds_a_secret(db: None) -> None:
    secret = "wp_" + "a1B2c3D4" * 6
    with pytest.raises(RuntimeError):
        outbox.queue_mails(template="trial/plain", mails={"k": ("ada@example.org", {"name": secret})})
    assert not OutboxMessage.objects.exists()
