"""The signed PDF of what was accepted or certified."""

from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from licenses import queries
from licenses.agreements import shelf
from licenses.models import Agreement
from portal.web.reader import reader
from portal.web.views.doors import private

# With it htmx shows what came and asks no more.
STOP_ASKING: Final = 286
_UNKEPT: Final = {"Cache-Control": "private, no-store", "Vary": "HX-Request"}


@private("GET")
def download(request: HttpRequest, agreement_id: str) -> HttpResponse:
    agreement = queries.agreement_for(reader(request), agreement_id)
    if "HX-Request" in request.headers:
        return _is_it_there(request, agreement)
    pdf = shelf.file_of(agreement)
    return HttpResponse(pdf, content_type=shelf.MEDIA_TYPE, headers=shelf.headers_of(agreement))


def _is_it_there(request: HttpRequest, agreement: Agreement) -> HttpResponse:
    """For the page that waits: nothing yet, or where to get it."""
    if agreement.made_at is None:
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=_UNKEPT)
    page = "web/components/agreement_there.html"
    said = render_to_string(page, {"agreement": agreement}, request)
    return HttpResponse(said, status=STOP_ASKING, headers=_UNKEPT)
