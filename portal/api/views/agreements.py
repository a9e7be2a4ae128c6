"""The signed document of a grant, and the close-out that ends one."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from licenses import actions, queries
from licenses.agreements import shelf
from portal.api.idempotency import Done
from portal.api.permissions import READ, REQUESTS
from portal.api.renderers import PdfRenderer
from portal.api.schema import IDEMPOTENCY_KEY
from portal.api.serializers.bodies import CloseOutBody
from portal.api.serializers.people import ProposedSerializer
from portal.api.views.base import found
from portal.api.views.grants import TAGS, GrantView
from portal.api.views.pending import ProposingView

PDF = {(200, shelf.MEDIA_TYPE): OpenApiResponse({"type": "string", "format": "binary"}, "The signed PDF.")}


class AgreementView(GrantView):
    needs = {"GET": READ}
    renderer_classes = [PdfRenderer]

    @extend_schema(operation_id="read_agreement", tags=TAGS, responses=PDF)
    def get(self, request: Request, grant_id: str) -> Response:
        """The executed license agreement that the grant stands on, for good, also after the grant has ended.

        503 `agreement_not_ready` while it is being made; come back after `Retry-After` seconds.
        """
        agreement = found(queries.agreement_of_grant(self.fetch(grant_id)))
        return Response(shelf.file_of(agreement), headers=shelf.headers_of(agreement))


class CloseOutView(GrantView, ProposingView):
    needs = {"POST": REQUESTS}

    @extend_schema(
        operation_id="propose_close_out",
        tags=TAGS,
        parameters=[IDEMPOTENCY_KEY],
        request=CloseOutBody,
        responses={202: ProposedSerializer},
    )
    def post(self, request: Request, grant_id: str) -> Response:
        """Ask to close a grant and certify that no copy is left; its holder confirms that in a browser."""
        mine = found(queries.grants_of(self.finder).filter(pk=grant_id).first())
        body = self.read_body(CloseOutBody)

        def propose() -> Done:
            action = actions.propose_close_out(grant=mine, by=self.principal, now=self.now, **body)
            return Done(status.HTTP_202_ACCEPTED, action.pk)

        return self.proposed(self.once(propose))
