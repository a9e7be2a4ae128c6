"""Say something about a request: messages between its parties and staff, questions, notes of staff.

What was said stays as it was said. The log keeps who said something when and the SHA-256 of the text, not
the text itself: a person's words can be erased without breaking the log.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from licenses import notices, policies, queries, states, texts
from licenses.actions.moving import lock_request, move_request, require, who
from licenses.facts import RequestCase
from licenses.models import Message, Request
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Conflict, Invalid

SECOND_CLICK = timedelta(minutes=1)  # the same words of the same person within it are one message
A_DAY = timedelta(days=1)
MAX_MESSAGES_A_DAY = 30  # of one person about one request: each of them mails the other side


def say(*, request: Request, text: str, by: Principal, now: datetime) -> Message:
    """Write a message that the other side reads, and return it.

    Where a question of staff waits, the next message of the applicant or of a co-applicant answers it.
    Raises: NotPermitted, Conflict(conversation_closed, too_many_messages). Invalid: no text.
    """
    said = _checked(text)
    with transaction.atomic():
        request, case = _locked(request, by, now)
        require(policies.may_say(case))
        staff = not case.takes_part
        message, is_new = _written(request, Message.Kind.MESSAGE, said, by, now, by_staff=staff)
        if is_new and not staff and _is_asked(request):
            move_request(request, "answer", by=by.actor, now=now, **_told(request, message), asked_at=None)
        elif is_new:
            event = audit.record(
                "request.message_sent",
                by=by.actor,
                subject=f"request:{request.pk}",
                now=now,
                **_recorded(request, message),
            )
            notices.send_for_request(["message_received"], request, event)
    return message


def ask(*, request: Request, text: str, by: Principal, now: datetime) -> Message:
    """Put a question of staff to the applicant, and return it: until the answer the request waits for them.

    Raises: NotPermitted, Conflict(state_changed, too_many_messages). Invalid: no text.
    """
    said = _checked(text)
    with transaction.atomic():
        request, case = _locked(request, by, now)
        require(policies.may_ask(case))
        message, is_new = _written(request, Message.Kind.MESSAGE, said, by, now, by_staff=True, asks=True)
        if is_new:
            move_request(request, "ask", by=by.actor, now=now, **_told(request, message), asked_at=now)
    return message


def note(*, request: Request, text: str, by: Principal, now: datetime) -> Message:
    """Write a note that staff alone read, and return it. Nobody is mailed.

    Raises: NotPermitted, Conflict(too_many_messages). Invalid: no text.
    """
    said = _checked(text)
    with transaction.atomic():
        request, case = _locked(request, by, now)
        require(policies.may_note(case))
        message, is_new = _written(request, Message.Kind.NOTE, said, by, now, by_staff=True)
        if is_new:
            audit.record(
                "request.noted",
                by=by.actor,
                subject=f"request:{request.pk}",
                now=now,
                **_recorded(request, message),
            )
    return message


def _checked(text: str) -> str:
    said, wrong = texts.clean(text, multiline=True)
    if wrong or not said:
        raise Invalid("message_invalid", "Nothing was sent.", errors={"text": [wrong or "Write something."]})
    return said


def _locked(request: Request, by: Principal, now: datetime) -> tuple[Request, RequestCase]:
    request = lock_request(request, by)
    return request, queries.request_case(by, request, now)


def _is_asked(request: Request) -> bool:
    return request.state == states.SUBMITTED and request.asked_at is not None


def _written(
    request: Request,
    kind: str,
    text: str,
    by: Principal,
    now: datetime,
    *,
    by_staff: bool,
    asks: bool = False,
) -> tuple[Message, bool]:
    """Return (the message, whether it is new): a second click finds the first one's."""
    author = who(by)
    same = {"kind": kind, "text": text, "by_staff": by_staff, "asks": asks}
    today = Message.objects.filter(request=request, author=author, at__gt=now - A_DAY)
    again = today.filter(**same, at__gt=now - SECOND_CLICK).first()
    if again is not None:
        return again, False
    if today.count() >= MAX_MESSAGES_A_DAY:
        raise Conflict(
            "too_many_messages",
            f"You wrote {MAX_MESSAGES_A_DAY} messages about this request within a day.",
            "Wait until tomorrow, and put what is left into one message.",
        )
    return Message.objects.create(request=request, author=author, at=now, **same), True


def _told(request: Request, message: Message) -> dict[str, Any]:
    """What the log tells of a message, for `move_request`. Few words can be guessed by their digest."""
    about = request.applicant if message.by_staff else message.author
    return {
        "data": {"message": message.pk, "by_staff": message.by_staff},
        "private": {"sha256": hashlib.sha256(message.text.encode()).hexdigest()},
        "about": about.public_id,
    }


def _recorded(request: Request, message: Message) -> dict[str, Any]:
    """The same for `audit.record`."""
    told = _told(request, message)
    return {**told.pop("data"), **told}
