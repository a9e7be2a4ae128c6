"""Mail through the outbox: rendered and stored with the change it tells about, delivered by a job.

Each is written as plain text; its HTML is made from that (`portal.core.letters`). A mail is delivered at
least once; a second copy carries the same Message-ID.
"""

from collections.abc import Mapping
from datetime import datetime
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.template import Context
from django.template.loader import get_template

from portal.core.jobs import enqueue, enqueue_many, handler
from portal.core.letters import letter
from portal.core.models import OutboxMessage
from portal.core.secrecy import holds_secret

DELIVER = "mail.deliver"
MAX_SUBJECT_CHARACTERS = 300
NOBODYS = ".invalid"  # no mail server answers for it (RFC 2606): the addresses of accounts that were erased


def queue_mail(*, to: str, template: str, context: dict[str, Any], key: str | None = None) -> OutboxMessage:
    """Render a mail and queue it in the current transaction.

    template: path without ending; "<template>.subject.txt" and "<template>.txt" must exist.
    key: with a key that a mail already has, nothing is queued and that one returned.
    The context is given `portal_url`, `portal_name` and `contact_email`.
    Raises: RuntimeError: what was rendered holds something that looks like a secret. ValidationError: `to`
    is not an e-mail address.
    """
    values = {**_site(), **context}
    return queue_rendered(
        to=to,
        template=template,
        subject=_render_text(f"{template}.subject.txt", values),
        text=_render_text(f"{template}.txt", values),
        key=key,
    )


def queue_mails(*, template: str, mails: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    """Queue one mail to several people in two statements, however many they are.

    mails: by key, each (address, context); one whose key a mail already has is not queued again. Errors and
    the rest as in `queue_mail`.
    """
    queued = set(OutboxMessage.objects.filter(key__in=mails).values_list("key", flat=True))
    rows = []
    for key, (to, context) in mails.items():
        if key in queued:
            continue
        values = {**_site(), **context}
        subject = _render_text(f"{template}.subject.txt", values)
        text = _render_text(f"{template}.txt", values)
        rows.append(OutboxMessage(key=key, **_fields(to, template, subject, text)))
    made = OutboxMessage.objects.bulk_create(rows)
    enqueue_many(DELIVER, {f"{DELIVER}:{row.pk}": {"message": row.pk} for row in made})


def queue_rendered(
    *,
    to: str,
    template: str,
    subject: str,
    text: str,
    key: str | None = None,
    ephemeral: bool = False,
) -> OutboxMessage:
    """Queue a mail that is rendered already; arguments and errors as in `queue_mail`.

    ephemeral: it holds a one-time code or link; what it says is erased from the row once it is sent.
    """
    fields = {**_fields(to, template, subject, text), "ephemeral": ephemeral}
    if key is None:
        message = OutboxMessage.objects.create(**fields)
    else:
        message, _ = OutboxMessage.objects.get_or_create(key=key, defaults=fields)
    enqueue(DELIVER, {"message": message.pk}, key=f"{DELIVER}:{message.pk}")
    return message


def _site() -> dict[str, str]:
    """What each mail can name."""
    return {
        "portal_url": settings.PORTAL_URL,
        "portal_name": settings.PORTAL_NAME,
        "contact_email": settings.CONTACT_EMAIL,
    }


def _fields(to: str, template: str, subject: str, text: str) -> dict[str, Any]:
    """The columns of a mail, checked."""
    validate_email(to)
    if holds_secret([subject, text]):
        raise RuntimeError(f"mail {template} holds something that looks like a secret")
    return {
        "to": to,
        "template": template,
        # Line breaks in a subject would start a header of their own.
        "subject": " ".join(subject.split())[:MAX_SUBJECT_CHARACTERS],
        "text": text,
        "html": letter(text, portal_url=settings.PORTAL_URL, portal_name=settings.PORTAL_NAME),
        "message_id": make_msgid(domain=urlsplit(settings.PORTAL_URL).hostname),
    }


@handler(DELIVER, lease_s=120, max_attempts=20)
def deliver(payload: dict[str, Any], now: datetime) -> None:
    """Send one queued mail through Django's mail backend, unless it was sent already, or nobody is there."""
    message = OutboxMessage.objects.get(pk=payload["message"])
    if message.sent_at is not None:
        return
    if message.to.endswith(NOBODYS):
        OutboxMessage.objects.filter(pk=message.pk).update(sent_at=now, subject="", text="", html="")
        return
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.to],
        reply_to=[settings.CONTACT_EMAIL],
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    mail.send(fail_silently=False)
    erased = {"text": "", "html": ""} if message.ephemeral else {}
    OutboxMessage.objects.filter(pk=message.pk, sent_at__isnull=True).update(sent_at=now, **erased)


def _render_text(name: str, values: dict[str, Any]) -> str:
    # Plain text: "O'Neill" must not arrive as "O&#x27;Neill".
    template = get_template(name).template  # type: ignore[attr-defined]
    return str(template.render(Context(values, autoescape=False))).strip()
