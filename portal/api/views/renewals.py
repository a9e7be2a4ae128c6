from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from licenses import queries
from licenses.actions import renewing
from portal.api.idempotency import Done
from portal.api.permissions import REQUESTS
from portal.api.schema import IDEMPOTENCY_KEY
from portal.api.serializers.bodies import NothingBody
from portal.api.serializers.requests import RequestDetailSerializer
from portal.api.views.requests import TAGS, RequestView


class RenewView(RequestView):
    needs = {"POST": REQUESTS}

    @extend_schema(
        operation_id="renew_grant",
        tags=TAGS,
        parameters=[IDEMPOTENCY_KEY],
        request=NothingBody,
        responses={201: RequestDetailSerializer},
    )
    def post(self, request: Request, grant_id: str) -> Response:
        """Begin the renewal of what the grant's request gave: a draft with everything carried over.

        Say `summary_of_use` (PATCH) and submit it. 409 `too_early_to_renew` says from when.
        """
        grant = queries.grant_for(self.finder, grant_id)
        self.read_body(NothingBody)

        def renew() -> Done:
            made = renewing.renew(request=grant.request, by=self.principal, now=self.now)
            return Done(status.HTTP_201_CREATED, made.pk)

        return self.answer(self.once(renew))
