"""The pages for what goes wrong outside of a view."""

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template.loader import render_to_string

from portal.core.problems import NotFound, NotPermitted, problem_response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_response(request, NotFound())


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    detail = "You may not do this."
    return problem_response(request, NotPermitted(detail=detail, next_step="Sign in with another account."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks nothing of the database: it may be what failed."""
    return HttpResponseServerError(render_to_string("500.html"))
