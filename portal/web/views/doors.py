"""What stands before a view: who may come in, by which method, and whether they proved who they are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from allauth.account.internal.flows.reauthentication import (
    is_reauthentication_required,
    raise_if_reauthentication_required,
)
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import connection
from django.http import HttpRequest, HttpResponse, QueryDict

from portal.core.problems import NotFound, Problem, problem_response
from portal.web.ways import came_from

View = Callable[..., HttpResponse]
Found = TypeVar("Found")
UNSENT = "You were signed out before this was sent, so nothing was done. Sign in, then send it again."
_CHANGES = ("INSERT", "UPDATE", "DELETE")


def page(*methods: str) -> Callable[[View], View]:
    """A page for everybody. HEAD is answered as GET is; the server leaves the body out."""
    seen = "GET" in methods

    def wrap(view: View) -> View:
        @wraps(view)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if seen and request.method == "HEAD":
                request.method = "GET"
                try:
                    return view(request, *args, **kwargs)
                finally:
                    request.method = "HEAD"  # whoever sends the answer leaves its body out
            if request.method not in methods:
                return _not_taken(request, methods)
            return view(request, *args, **kwargs)

        entered.methods = methods  # type: ignore[attr-defined] # read by `ways`
        return entered

    return wrap


def _not_taken(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse:
    detail, step = "This address does not take what was sent to it.", "Nothing was done."
    if "GET" not in methods:
        detail = "This address takes a form, which stands on another page."
        step = "Nothing was sent. Go to that page, and send the form from there."
    problem = Problem("method_not_allowed", detail, step, title="There is no page here", status=405)
    response = problem_response(request, problem)
    response["Allow"] = ", ".join([*methods, "HEAD"] if "GET" in methods else methods)
    return response


def private(*methods: str) -> Callable[[View], View]:
    """A page for people who are signed in. Others sign in and come to it, or to where its form stands."""

    def wrap(view: View) -> View:
        inner = page(*methods)(view)

        @wraps(inner)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated:
                return inner(request, *args, **kwargs)
            # A form that saves itself says so in its own line.
            if request.method == "POST" and "HX-Request" not in request.headers:
                messages.warning(request, UNSENT, extra_tags="unsent")
            return redirect_to_login(request.get_full_path() if "GET" in methods else came_from(request))

        return entered

    return wrap


def proven(view: View) -> View:
    """A page on which something is done only by who gave the password, or the second factor, just now.

    The view is entered all the same, to look at the form: what is wrong in it is told before anybody is
    asked for a password. What it does stands behind `prove`; until then it can write nothing.
    """

    @wraps(view)
    def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST" or not is_reauthentication_required(request, app=""):
            return view(request, *args, **kwargs)
        with _reading():
            return view(request, *args, **kwargs)

    return entered


def prove(request: HttpRequest) -> None:
    """Go on only with who proved just now who they are. Others are asked, and what they sent then goes on.

    Raises: ReauthenticationRequired, which becomes the question.
    """
    raise_if_reauthentication_required(request, app="")


@contextmanager
def _reading() -> Iterator[None]:
    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(_CHANGES):
            raise RuntimeError("a page that asks for proof writes before `prove`")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


def found(thing: Found | None) -> Found:
    """The thing, or a 404 that says the same whether it is absent or hidden."""
    if thing is None:
        raise NotFound()
    return thing


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent; None where the page was only looked at. Sending nothing is sending."""
    return request.POST if request.method == "POST" else None
