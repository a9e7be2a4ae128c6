"""The team of a request. Whoever is asked answers in a browser, never here."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from licenses import actions, queries
from portal.api.idempotency import Done
from portal.api.permissions import REQUESTS
from portal.api.schema import IDEMPOTENCY_KEY
from portal.api.serializers.bodies import PartyBody
from portal.api.serializers.requests import RequestDetailSerializer
from portal.api.views.base import found
from portal.api.views.requests import TAGS, RequestView


class PartiesView(RequestView):
    needs = {"POST": REQUESTS}

    @extend_schema(
        operation_id="invite_party",
        tags=TAGS,
        parameters=[IDEMPOTENCY_KEY],
        request=PartyBody,
        responses={201: RequestDetailSerializer},
    )
    def post(self, request: Request, request_id: str) -> Response:
        """Ask somebody into the request by mail. Answers with the request.

        Before it is sent and while changes are asked for; 409 `team_full`, `signatory_not_wanted`.
        """
        mine, body = self.fetch(request_id), self.read_body(PartyBody)

        def invite() -> Done:
            actions.invite(request=mine, by=self.principal, now=self.now, **body)
            return Done(status.HTTP_201_CREATED, mine.pk)

        return self.answer(self.once(invite))


class PartyView(RequestView):
    needs = {"DELETE": REQUESTS}

    @extend_schema(operation_id="remove_party", tags=TAGS, responses={200: RequestDetailSerializer})
    def delete(self, request: Request, request_id: str, party_id: str) -> Response:
        """Take somebody out of the team. Answers with the request."""
        mine = self.fetch(request_id)
        party = found(queries.parties_of(mine).filter(pk=party_id).first())
        actions.remove(party=party, by=self.principal, now=self.now)
        return self.answer(Done(status.HTTP_200_OK, mine.pk))
