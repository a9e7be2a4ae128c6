from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts import pending
from portal.api.idempotency import Done
from portal.api.permissions import READ
from portal.api.serializers.people import PendingActionSerializer, ProposedSerializer
from portal.api.views.base import ApiView, found


class PendingActionView(ApiView):
    """What the caller asked for and must confirm in a browser. Ask until `state` is not `pending`."""

    needs = {"GET": READ}

    @extend_schema(
        operation_id="read_pending_action", tags=["pending actions"], responses=PendingActionSerializer
    )
    def get(self, request: Request, action_id: str) -> Response:
        action = found(pending.visible_to(self.principal).filter(pk=action_id).first())
        return Response(PendingActionSerializer(action, context={"now": self.now}).data)


class ProposingView(ApiView):
    """An endpoint that does nothing itself: it proposes what its caller then confirms in a browser."""

    def proposed(self, done: Done) -> Response:
        """Answer with the pending action that was proposed, as it is now."""
        action = found(pending.visible_to(self.principal).filter(pk=done.subject).first())
        shown = ProposedSerializer({"pending_action": action}, context={"now": self.now})
        return Response(shown.data, status=done.status)
