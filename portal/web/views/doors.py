"""What stands before a view: who may knock, and what no cache may keep."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.core.problems import NotFound

View = Callable[..., HttpResponse]
Found = TypeVar("Found")


def page(*methods: str) -> Callable[[View], View]:
    """A page for everybody. It may show what is the reader's own, so nothing keeps it."""

    def wrap(view: View) -> View:
        return never_cache(require_http_methods([*methods])(view))

    return wrap


def private(*methods: str) -> Callable[[View], View]:
    """A page for people who are signed in."""

    def wrap(view: View) -> View:
        return never_cache(login_required(require_http_methods([*methods])(view)))

    return wrap


def found(thing: Found | None) -> Found:
    """The thing, or a 404 that says the same whether it is absent or hidden."""
    if thing is None:
        raise NotFound()
    return thing
