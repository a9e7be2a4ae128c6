"""Makes what allauth does all or nothing."""

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase

ACCOUNTS_PREFIX = "/accounts/"


class AccountTransactions:
    """Runs each POST under /accounts/ in one transaction, undone when its answer is an error.

    allauth saves an account, its address and its mail one after the other; here a failing audit event or
    outbox row undoes them all. Stands behind allauth's own middleware, whose context the work after the
    commit still needs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST" or not request.path.startswith(ACCOUNTS_PREFIX):
            return self.get_response(request)
        with transaction.atomic():
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response
