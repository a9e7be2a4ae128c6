from typing import Any, Never

from rest_framework.request import Request

from portal.api.permissions import OPEN
from portal.api.views.base import METHODS, ApiView
from portal.core.problems import NotFound


class MissingView(ApiView):
    """Every address under the API that is none: a problem document, where Django would answer with a page."""

    needs = {method.upper(): OPEN for method in METHODS}
    schema = None

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Never:
        raise NotFound(
            detail="The API has no such address.", next_step="The reference is at /api/v1/schema/."
        )

    post = put = patch = delete = get
