"""The signed PDF of what was accepted or certified."""

from django.http import HttpRequest, HttpResponse

from licenses import queries
from licenses.agreements import shelf
from portal.web.reader import reader
from portal.web.views.doors import private


@private("GET")
def download(request: HttpRequest, agreement_id: str) -> HttpResponse:
    agreement = queries.agreement_for(reader(request), agreement_id)
    pdf = shelf.file_of(agreement)
    return HttpResponse(pdf, content_type=shelf.MEDIA_TYPE, headers=shelf.headers_of(agreement))
