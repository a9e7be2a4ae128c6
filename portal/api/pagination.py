"""Lists by cursor: a page stays the same page while rows come and go."""

from typing import Any, Never

from django.conf import settings
from django.core.exceptions import ValidationError as FieldError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200


class PortalCursorPagination(CursorPagination):
    """`{next, previous, results}`; the links are whole URLs on this portal, to be followed and never built.

    page_size: rows a page, from `?limit=`, at most 200.
    ordering: given by the view that pages, unique in its last field.
    """

    page_size = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    page_size_query_param = "limit"
    cursor_query_param = "cursor"

    def __init__(self, ordering: tuple[str, ...] = ("-created_at", "-id")) -> None:
        self.ordering = ordering

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        return tuple(self.ordering)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        try:
            rows: list[Any] | None = super().paginate_queryset(queryset, request, view)
        except (FieldError, ValueError, OverflowError):
            # A forged cursor decodes, yet its position is no value of the field it stands for.
            _refuse_cursor()
        # The portal's own address, not the Host header that came in: behind a proxy they differ.
        self.base_url = f"{settings.PORTAL_URL}{request.get_full_path()}"
        return rows

    def decode_cursor(self, request: Request) -> Any:
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            _refuse_cursor()
        # PostgreSQL has no NUL in its text, and would fail on the comparison.
        if cursor is not None and "\0" in str(cursor.position):
            _refuse_cursor()
        return cursor


def _refuse_cursor() -> Never:
    raise ValidationError(
        {"cursor": ["This is no cursor of ours. Follow `next` and `previous` as they are."]}
    )
