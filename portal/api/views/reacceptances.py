from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from licenses import actions, queries
from portal.api.idempotency import Done
from portal.api.permissions import REQUESTS
from portal.api.schema import IDEMPOTENCY_KEY
from portal.api.serializers.bodies import NothingBody
from portal.api.serializers.people import ProposedSerializer
from portal.api.views.base import found
from portal.api.views.grants import TAGS, GrantView
from portal.api.views.pending import ProposingView


class ReacceptView(GrantView, ProposingView):
    needs = {"POST": REQUESTS}

    @extend_schema(
        operation_id="propose_reacceptance",
        tags=TAGS,
        parameters=[IDEMPOTENCY_KEY],
        request=NothingBody,
        responses={202: ProposedSerializer},
    )
    def post(self, request: Request, grant_id: str) -> Response:
        """Ask to accept the newer license version that the grant waits for (`license_to_accept`); its holder
        reads and accepts it in a browser. 409 `state_changed` where none waits."""
        mine = found(queries.grants_of(self.finder).filter(pk=grant_id).first())
        self.read_body(NothingBody)

        def propose() -> Done:
            action = actions.propose_reaccept(grant=mine, by=self.principal, now=self.now)
            return Done(status.HTTP_202_ACCEPTED, action.pk)

        return self.proposed(self.once(propose))
