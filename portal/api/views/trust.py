from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.permissions import OPEN
from portal.api.renderers import EnvelopeRenderer
from portal.api.schema import envelope
from portal.api.views.base import ApiView
from weights_vault import delivery


class TrustView(ApiView):
    """The portal's keys by role, signed by its root key. Pin the root's fingerprint."""

    needs = {"GET": OPEN}
    renderer_classes = [EnvelopeRenderer]

    @extend_schema(
        operation_id="read_trust", tags=["trust"], responses=envelope("The signed trust document.")
    )
    def get(self, request: Request) -> Response:
        return Response(delivery.trust_document(self.now))
