"""What is said about a request. Notes of staff are nowhere in the API."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from licenses import queries
from licenses.actions import talking
from portal.api.idempotency import Done
from portal.api.permissions import READ, REQUESTS
from portal.api.schema import IDEMPOTENCY_KEY
from portal.api.serializers.bodies import MessageBody
from portal.api.serializers.messages import MessageSerializer
from portal.api.views.requests import TAGS, RequestView


class MessagesView(RequestView):
    needs = {"GET": READ, "POST": REQUESTS}

    @extend_schema(
        operation_id="list_messages", tags=TAGS, responses=MessageSerializer(many=True), filters=False
    )
    def get(self, request: Request, request_id: str) -> Response:
        """The newest hundred messages between those who ask and the reviewers, oldest first."""
        return self._told(request_id, status.HTTP_200_OK)

    @extend_schema(
        operation_id="write_message",
        tags=TAGS,
        parameters=[IDEMPOTENCY_KEY],
        request=MessageBody,
        responses={201: MessageSerializer(many=True)},
    )
    def post(self, request: Request, request_id: str) -> Response:
        """Write a message; the other side gets it by mail. Answers with all of them.

        Of the applicant or a co-applicant it answers the question that waits, if one does. Of staff, in a
        session alone, it is a question with `asks`.
        """
        spoken_of, body = self.fetch(request_id), self.read_body(MessageBody)
        act = talking.ask if body["asks"] else talking.say

        def perform() -> Done:
            act(request=spoken_of, text=body["text"], by=self.principal, now=self.now)
            return Done(status.HTTP_201_CREATED, spoken_of.pk)

        done = self.once(perform)
        return self._told(done.subject, done.status)

    def _told(self, request_id: str, status_code: int) -> Response:
        spoken_of, case = queries.request_seen(self.finder, request_id, self.now)
        messages = queries.messages(spoken_of, self.finder, case)
        return Response(MessageSerializer(messages, many=True).data, status=status_code)
