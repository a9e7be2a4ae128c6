"""What all endpoints share: the caller, the time, one answer a key, and that caches keep nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from portal.accounts.addresses import caller_address
from portal.accounts.principals import Principal, principal_of
from portal.api import idempotency
from portal.api.pagination import PortalCursorPagination
from portal.api.permissions import Need
from portal.core.problems import NotFound

METHODS = ("get", "post", "put", "patch", "delete")
# Of an address whose every answer is written down as a download: a HEAD would be noted as one.
ONLY_WHOLE: Final = list(METHODS)
Thing = TypeVar("Thing")


class ApiView(APIView):
    """One address of the API.

    needs: for each method that the class has, what its caller must bring.
    """

    needs: ClassVar[Mapping[str, Need]] = {}
    http_method_names = [*METHODS, "head"]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        unlisted = [m for m in METHODS if hasattr(cls, m) and m.upper() not in cls.needs]
        if unlisted:
            raise RuntimeError(f"{cls.__name__} names no need for {', '.join(unlisted)}")

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    @cached_property
    def principal(self) -> Principal:
        return principal_of(self.request)

    @cached_property
    def address(self) -> str:
        """Where the call comes from, for the ledger; "" where there is no address."""
        return caller_address(self.request)

    @cached_property
    def finder(self) -> Principal:
        """The caller as who looks up the thing that a call is about.

        The endpoint's own need is met by then; without this a token of the scope `download` alone could not
        name the grant that it downloads by. Actions and the rule of access are given the caller as they are.
        """
        scopes = self.principal.scopes
        return self.principal if scopes is None else replace(self.principal, scopes=scopes | {"read"})

    def read_body(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the body's known fields, checked; what the serializer does not name is not there.

        Raises: ValidationError(field → messages).
        """
        body = serializer(data=self.request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def once(self, perform: Callable[[], idempotency.Done]) -> idempotency.Done:
        return idempotency.once(self.request, principal=self.principal, perform=perform, now=self.now)

    def page(
        self,
        rows: QuerySet[Any],
        serializer: type[BaseSerializer[Any]],
        *,
        ordering: tuple[str, ...],
        context: Callable[[Sequence[Any]], dict[str, Any]] = lambda rows: {},
    ) -> Response:
        """Answer with one page of `rows`.

        context: given the rows of this page, reads at once what the serializer shows of all of them.
        """
        paginator = PortalCursorPagination(ordering)
        shown = paginator.paginate_queryset(rows, self.request, self) or []
        return paginator.get_paginated_response(serializer(shown, many=True, context=context(shown)).data)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer


def found(thing: Thing | None) -> Thing:
    """Return what a query found. Raises: NotFound: nothing, or nothing that this caller may see."""
    if thing is None:
        raise NotFound()
    return thing
