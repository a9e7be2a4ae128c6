"""The pages for what goes wrong outside of a view."""

import sys

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template.loader import render_to_string

from portal.core.problems import (
    API_PREFIX,
    NotFound,
    NotPermitted,
    Problem,
    database_gave_up,
    problem_response,
)
from weights_vault.outage import as_unavailable
from weights_vault.storage.port import StorageError


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_response(request, NotFound())


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    detail = "You may not do this."
    return problem_response(request, NotPermitted(detail=detail, next_step="Sign in with another account."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks nothing of the database: it may be what failed.

    Django calls this while it handles the error, whether a view, a middleware or a commit raised it.
    """
    error = sys.exception()
    if isinstance(error, OperationalError):
        return _come_back(request, database_gave_up())
    if isinstance(error, StorageError):
        return _come_back(request, as_unavailable(error))
    return HttpResponseServerError(render_to_string("500.html"))


def _come_back(request: HttpRequest, problem: Problem) -> HttpResponse:
    if request.path.startswith(API_PREFIX):
        return problem_response(request, problem)
    page = render_to_string("503.html", {"problem": problem})
    return HttpResponse(page, status=problem.status, headers={**problem.headers, "Cache-Control": "no-store"})
