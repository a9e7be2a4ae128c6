"""The audit log, for auditors: the list, one event, and the files that prove things offline."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from licenses.queries.proofs import event_to_prove
from portal.accounts.audit_search import MOST_PEOPLE, too_many_people
from portal.core.log.proofs import file_name, newest_checkpoint, not_signed_yet, proof_of
from portal.web import audit_desk
from portal.web.forms.audit import AuditFilterForm
from portal.web.reader import reader
from portal.web.views.doors import private

TEXT = "text/plain; charset=utf-8"


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    principal = reader(request)
    audit_desk.enter(principal)
    form = AuditFilterForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        "most_people": MOST_PEOPLE if too_many_people(wanted) else None,
        "filtered": bool(form.filters),
        "query": form.query,
        **audit_desk.page_of(principal, wanted, request.GET.get("page", ""), timezone.now()),
    }
    return render(request, "web/pages/audit.html", context)


@private("GET")
def event(request: HttpRequest, index: str) -> HttpResponse:
    principal = reader(request)
    audit_desk.enter(principal)
    context = audit_desk.event_page(principal, index, timezone.now())
    return render(request, "web/pages/audit_event.html", context)


@private("GET")
def proof(request: HttpRequest, index: str) -> HttpResponse:
    """Of any event to who reads the log; of a decision, a grant and what it gave to whom it is about."""
    proved = event_to_prove(reader(request), index, timezone.now())
    text = proof_of(proved.pk, disclosing=proved.disclosed is None)
    if text is None:
        raise not_signed_yet()
    return _file(text, file_name(proved.pk))


@private("GET")
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed head, for everybody who is signed in: who keeps it can tell a rewritten log."""
    head = newest_checkpoint()
    if head is None:
        raise not_signed_yet()
    return _file(head.note, "checkpoint.txt")


def _file(text: str, name: str) -> HttpResponse:
    return HttpResponse(
        text, content_type=TEXT, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
