"""The messages of a request as a page shows them, with the form to write the next one."""

from typing import NamedTuple

from django.forms import Form
from django.http import QueryDict
from django.urls import reverse

from licenses import policies, queries, states
from licenses.facts import RequestCase
from licenses.models import Request
from licenses.queries import Said
from portal.accounts.principals import Principal
from portal.core.verdicts import Denied
from portal.web.forms.messages import AnswerForm, MessageForm, StaffMessageForm

AUTO_ID = "message_%s"  # beside the other forms of the page


class Thread(NamedTuple):
    """form: None where the reader may say nothing. question: the one whose answer is waited for.

    closed: why nothing more is said here, where it is the request's state that bars it.
    """

    messages: list[Said]
    question: Said | None
    form: Form | None
    address: str
    staff: bool
    closed: str = ""


def of_applicant(
    principal: Principal, request: Request, case: RequestCase, form: Form | None = None
) -> Thread:
    """The thread on the page of whoever asks for the weights. form: one that was filled wrongly."""
    messages = queries.messages(request, principal, case) if case.was_submitted else []
    shown = (form or form_for(request, None)) if policies.may_say(case) else None
    return _thread(messages, shown, reverse("request_say", args=[request.pk]), case, staff=False)


def of_staff(request: Request, case: RequestCase, messages: list[Said], form: Form | None) -> Thread:
    """The thread on the review page. form: None where the reader may say nothing."""
    return _thread(messages, form, reverse("review_say", args=[request.pk]), case, staff=True)


def form_for(request: Request, data: QueryDict | None) -> Form:
    """The applicant's form: an answer where a question waits, else a message."""
    asked = request.asked_at is not None and request.state == states.SUBMITTED
    return (AnswerForm if asked else MessageForm)(data, auto_id=AUTO_ID)


def staff_form(case: RequestCase, data: QueryDict | None) -> StaffMessageForm:
    """The reviewers' form; without the box for a question where none can be asked."""
    form = StaffMessageForm(data, auto_id=AUTO_ID)
    if not policies.may_ask(case):
        del form.fields["asks"]
    return form


def _thread(
    messages: list[Said], form: Form | None, address: str, case: RequestCase, *, staff: bool
) -> Thread:
    question = next((said for said in messages if said.open), None)
    verdict = policies.may_say(case)
    closed = verdict.message if isinstance(verdict, Denied) and verdict.code == "conversation_closed" else ""
    return Thread(messages, question, form, address, staff, closed)
