"""The OAuth endpoints that a program signs in by: device code (RFC 8628), token, and revocation (RFC 7009).

Plain views outside /api/v1: their forms and errors are those RFCs'. They take no session and no cookie, so a
browser cannot be made to act by them. Nothing is read from the address, where a token would end up in logs.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from oauthlib.oauth2 import OAuth2Error

from portal.accounts.addresses import caller_address
from portal.accounts.brakes import network_of
from portal.accounts.devices import codes
from portal.accounts.devices.provider import Provider, device_endpoint
from portal.core import limits
from portal.core.problems import Problem, TooMany

FORM: Final = "application/x-www-form-urlencoded"
LONGEST_VALUE: Final = 512
# What the three endpoints read. Other parameters are ignored, as RFC 6749 says: oauthlib would take some of
# them for its own ("user", "scopes", "extra_credentials").
_READ: Final = (
    "client_id",
    "scope",
    "grant_type",
    "device_code",
    "refresh_token",
    "token",
    "token_type_hint",
)
_MOST_TRIES: Final = 5

Answered = tuple[dict[str, str], Any, int]
Endpoint = Callable[[HttpRequest, str, datetime], Answered]


def _oauth(limit: str) -> Callable[[Endpoint], Callable[[HttpRequest], HttpResponse]]:
    """An endpoint that takes a form by POST and answers JSON that nothing keeps. limit: of its callers."""

    def wrap(endpoint: Endpoint) -> Callable[[HttpRequest], HttpResponse]:
        @csrf_exempt  # no cookie counts here
        def answered(request: HttpRequest) -> HttpResponse:
            now = timezone.now()
            try:
                response = _checked(request) or _answer(*_counted(endpoint, request, limit, now))
            except TooMany as problem:
                response = _error("temporarily_unavailable", problem.detail, problem.status)
                response["Retry-After"] = str(problem.retry_after_s)
            except Problem as problem:
                response = _error("access_denied", problem.detail, 400)
            except OAuth2Error as error:
                response = _error(error.error, error.description or "", error.status_code)
            response["Cache-Control"] = "no-store"
            return response

        return answered

    return wrap


def _counted(endpoint: Endpoint, request: HttpRequest, limit: str, now: datetime) -> Answered:
    limits.take(limit, network_of(request), now=now)
    body = urlencode({name: request.POST[name] for name in _READ if name in request.POST})
    with transaction.atomic():
        return endpoint(request, body, now)


def _checked(request: HttpRequest) -> HttpResponse | None:
    """Return what is wrong with the call itself."""
    if request.method != "POST":
        response = _error("invalid_request", "Send a form by POST.", 405)
        response["Allow"] = "POST"
        return response
    if request.content_type != FORM:
        return _error("invalid_request", f"Send {FORM}.", 400)
    if request.GET:
        return _error("invalid_request", "Nothing stands in the address: send it in the form.", 400)
    for name in _READ:
        values = request.POST.getlist(name)
        if len(values) > 1:
            return _error("invalid_request", f"{name} stands twice.", 400)
        if any(
            len(value) > LONGEST_VALUE or not value.isascii() or not value.isprintable() for value in values
        ):
            return _error("invalid_request", f"{name} cannot be this.", 400)
    return None


def _error(code: str, description: str, status: int) -> HttpResponse:
    return JsonResponse({"error": code, "error_description": description}, status=status)


def _answer(headers: dict[str, str], body: Any, status: int) -> HttpResponse:
    text = json.dumps(body) if isinstance(body, dict) else body or "{}"
    return HttpResponse(text, status=status, headers={**headers, "Content-Type": "application/json"})


def _asked(request: HttpRequest, body: str) -> tuple[str, str, str, dict[str, str]]:
    return request.path, "POST", body, {"Content-Type": FORM}


@_oauth("device_code")
def device_code(request: HttpRequest, body: str, now: datetime) -> Answered:
    """Give a machine a device code and a user code. `machine` is what it calls itself."""
    headers, data, status = device_endpoint(now).create_device_authorization_response(*_asked(request, body))
    for last in range(_MOST_TRIES) if status == 200 else ():
        try:
            with transaction.atomic():
                codes.ask(
                    device_code=data["device_code"],
                    user_code=data["user_code"],
                    client=request.POST["client_id"],
                    machine=request.POST.get("machine", "")[:LONGEST_VALUE],
                    scopes=data["scope"].split(),
                    address=caller_address(request),
                    now=now,
                )
            break
        except IntegrityError:
            if last == _MOST_TRIES - 1:
                raise
            old, data["user_code"] = data["user_code"], codes.new_user_code()
            data["verification_uri_complete"] = data["verification_uri_complete"].replace(
                old, data["user_code"]
            )
    return headers, data, status


@_oauth("device_token")
def token(request: HttpRequest, body: str, now: datetime) -> Answered:
    """Give a machine that was allowed its tokens, or new ones for its renewal token."""
    answered: Answered = Provider(now).create_token_response(*_asked(request, body))
    return answered


@_oauth("device_token")
def revoke(request: HttpRequest, body: str, now: datetime) -> Answered:
    """End the device of a token. What is no token is answered alike: it opens nothing either way."""
    answered: Answered = Provider(now).create_revocation_response(*_asked(request, body))
    return answered
