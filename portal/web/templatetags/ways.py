"""The tag of the problem page: the link that helps on."""

from django import template

from portal.core.problems import Problem
from portal.web import ways

register = template.Library()


@register.simple_tag(takes_context=True)
def onward(context: template.Context, problem: Problem) -> ways.Way | None:
    """The link out of the problem; None where only the general ones help."""
    request = context.get("request")
    return ways.onward(request, problem) if request is not None else None
