"""The documents under a request or a grant, as a card: the same on each page that shows one."""

from typing import Any

from django import template

from licenses import queries
from licenses.models import Grant, MasterAgreement, Request
from licenses.queries.agreements import WITH_AGREEMENTS
from portal.web.reader import reader

register = template.Library()


@register.inclusion_tag("web/components/papers.html", takes_context=True)
def papers(context: template.RequestContext, request: Request, grant: Grant | None = None) -> dict[str, Any]:
    """Every document that the reader can have. grant: of its holder alone."""
    if grant is None and request.state not in WITH_AGREEMENTS:
        return {"agreements": []}  # most requests in review: nothing is asked of the database
    return {"agreements": queries.agreements_of(reader(context["request"]), request, grant)}


@register.inclusion_tag("web/components/papers.html", takes_context=True)
def papers_of_master(context: template.RequestContext, master: MasterAgreement) -> dict[str, Any]:
    """The document of a master agreement, once it is signed."""
    return {"agreements": queries.agreements_of_master(reader(context["request"]), master)}
