"""Every error of the API, ours or the framework's, as a problem document with a code and a next step."""

import logging
from math import ceil
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.views import set_rollback

from portal.core.problems import (
    Invalid,
    NotFound,
    NotPermitted,
    Problem,
    TooMany,
    database_gave_up,
    problem_response,
)
from portal.core.secrecy import redact
from weights_vault.outage import as_unavailable
from weights_vault.storage.port import StorageError

logger = logging.getLogger(__name__)

CHALLENGE = 'Bearer realm="api"'
RETRY_AFTER_S = 60


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Answer an error that rose from a view. DRF calls it; the transaction of the request is undone.

    An error that nobody foresaw is logged, told to Django's signal, and answered without its text.
    """
    problem = as_problem(error)
    request: Request = context["request"]
    if problem is None:
        logger.error("%s %s failed", request.method, request.path, exc_info=error)
        got_request_exception.send(sender=type(context["view"]), request=request._request)
        problem = Problem(
            "internal_error",
            "The portal failed; this is a bug of ours.",
            f"Try again. If it stays, write to {settings.CONTACT_EMAIL} and give the time.",
        )
    elif isinstance(error, StorageError):
        logger.error("%s %s: the store is at fault", request.method, request.path, exc_info=error)
    elif isinstance(error, OperationalError):
        logger.error("%s %s: the database gave up", request.method, request.path, exc_info=error)
    set_rollback()
    answer = problem_response(request._request, problem)
    if problem.status == status.HTTP_401_UNAUTHORIZED:
        answer["WWW-Authenticate"] = getattr(error, "auth_header", CHALLENGE)
    return answer


def as_problem(error: Exception) -> Problem | None:
    """Return the problem that an error is, or None when it is a bug."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, OperationalError):
        return database_gave_up()
    if isinstance(error, StorageError):
        return as_unavailable(error)
    if isinstance(error, Http404 | exceptions.NotFound):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return NotPermitted(detail="This is not allowed.", next_step="Sign in with another account.")
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.Throttled):
        wait_s = getattr(error, "wait", None) or RETRY_AFTER_S
        return TooMany(detail="Too many calls in a short time.", retry_after_s=ceil(wait_s))
    if isinstance(error, exceptions.APIException):
        return _framework_problem(error)
    return None


def _invalid(error: exceptions.ValidationError) -> Invalid:
    errors = dict(_flat(error.detail))
    return Invalid(
        detail="; ".join(f"{field or 'body'}: {' '.join(messages)}" for field, messages in errors.items()),
        next_step="Correct what `errors` names and send it again.",
        errors=errors,
    )


def _flat(detail: Any, path: str = "") -> list[tuple[str, list[str]]]:
    """Return (dotted field, messages) of nested validation errors; nothing in them repeats a secret."""
    if isinstance(detail, dict):
        inner = [("" if name == "non_field_errors" else str(name), value) for name, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        inner = [(str(index), value) for index, value in enumerate(detail)]
    else:
        messages = detail if isinstance(detail, list) else [detail]
        return [(redact(path), [redact(str(message)) for message in messages])]
    return [pair for name, value in inner for pair in _flat(value, f"{path}.{name}".strip("."))]


# Class of the framework's error → code, title, next step. Its own text is the detail.
_FRAMEWORK: dict[type[exceptions.APIException], tuple[str, str, str]] = {
    exceptions.ParseError: ("malformed_body", "The body cannot be read", "Send one JSON object in UTF-8."),
    exceptions.AuthenticationFailed: (
        "login_required",
        "This token does not work",
        "Sign in again with `weights login`, or make a new token on the portal's page Devices and tokens.",
    ),
    exceptions.NotAuthenticated: (
        "login_required",
        "An account is needed",
        "Send a token as `Authorization: Bearer wp_…`, or sign in to the portal.",
    ),
    exceptions.MethodNotAllowed: (
        "method_not_allowed",
        "This address does not do that",
        "The `Allow` header lists what it does; the reference is at /api/v1/schema/.",
    ),
    exceptions.UnsupportedMediaType: (
        "unsupported_media_type",
        "The body has another media type",
        "Send JSON with `Content-Type: application/json`.",
    ),
}


def _framework_problem(error: exceptions.APIException) -> Problem:
    if isinstance(error, exceptions.PermissionDenied):
        return _permission_problem(error)
    code, title, next_step = _FRAMEWORK.get(
        type(error), ("refused", "This was refused", "The reference is at /api/v1/schema/.")
    )
    return Problem(code, redact(str(error.detail)), next_step, title=title, status=error.status_code)


def _permission_problem(error: exceptions.PermissionDenied) -> Problem:
    if str(error.detail).startswith("CSRF"):
        return NotPermitted(
            "csrf_failed",
            redact(str(error.detail)),
            "A session must send its CSRF token as X-CSRFToken. Programs use a token instead.",
        )
    return NotPermitted(detail="This is not allowed.", next_step="Sign in with another account.")
