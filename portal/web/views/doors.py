"""What stands before a view: who may come in, and by which method."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_http_methods

from portal.core.problems import NotFound

View = Callable[..., HttpResponse]
Found = TypeVar("Found")


def page(*methods: str) -> Callable[[View], View]:
    """A page for everybody. HEAD is answered as GET is; the server leaves the body out."""
    seen = "GET" in methods

    def wrap(view: View) -> View:
        allowed = require_http_methods([*methods, "HEAD"] if seen else [*methods])(view)

        @wraps(view)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not seen or request.method != "HEAD":
                return allowed(request, *args, **kwargs)
            request.method = "GET"
            try:
                return allowed(request, *args, **kwargs)
            finally:
                request.method = "HEAD"  # whoever sends the answer leaves its body out

        return entered

    return wrap


def private(*methods: str) -> Callable[[View], View]:
    """A page for people who are signed in."""

    def wrap(view: View) -> View:
        return login_required(page(*methods)(view))

    return wrap


def found(thing: Found | None) -> Found:
    """The thing, or a 404 that says the same whether it is absent or hidden."""
    if thing is None:
        raise NotFound()
    return thing


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent; None where the page was only looked at. Sending nothing is sending."""
    return request.POST if request.method == "POST" else None
