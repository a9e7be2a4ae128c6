import base64

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.permissions import OPEN
from portal.api.renderers import EnvelopeRenderer
from portal.api.schema import envelope
from portal.api.serializers.trust import SuccessionsSerializer
from portal.api.views.base import ApiView
from weights_vault import delivery, trust


class TrustView(ApiView):
    """The portal's keys by role, signed by its root key. Pin the root's fingerprint."""

    needs = {"GET": OPEN}
    renderer_classes = [EnvelopeRenderer]

    @extend_schema(
        operation_id="read_trust", tags=["trust"], responses=envelope("The signed trust document.")
    )
    def get(self, request: Request) -> Response:
        return Response(delivery.trust_document(self.now))


class SuccessionsView(ApiView):
    """How each root key handed over to the next, for whoever pinned an earlier one."""

    needs = {"GET": OPEN}

    @extend_schema(operation_id="read_successions", tags=["trust"], responses=SuccessionsSerializer)
    def get(self, request: Request) -> Response:
        told = [base64.b64encode(each).decode() for each in trust.successions()]
        return Response(SuccessionsSerializer({"successions": told}).data)
