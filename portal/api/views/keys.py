import base64

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.idempotency import Done
from portal.api.permissions import DOWNLOAD, READ
from portal.api.schema import PAGE_PARAMETERS, page_of
from portal.api.serializers.bodies import KeyBody, ProofBody
from portal.api.serializers.keys import ChallengeSerializer, KeySerializer
from portal.api.serializers.people import ProposedSerializer
from portal.api.views.base import ApiView, found
from portal.api.views.pending import ProposingView
from weights_vault import queries
from weights_vault.actions import keys
from weights_vault.models import RecipientKey

TAGS = ["keys"]


class KeysView(ApiView):
    needs = {"GET": READ, "POST": DOWNLOAD}

    @extend_schema(
        operation_id="list_keys",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=page_of("KeyPage", KeySerializer),
    )
    def get(self, request: Request) -> Response:
        """The caller's recipient keys, newest first, removed ones too."""
        return self.page(queries.keys_of(self.principal), KeySerializer, ordering=("-created_at", "-id"))

    @extend_schema(
        operation_id="start_enrollment", tags=TAGS, request=KeyBody, responses={201: ChallengeSerializer}
    )
    def post(self, request: Request) -> Response:
        """Begin to enroll a recipient key. It is of no use before its proof and its owner's word.

        A challenge is answered once, so this call takes no idempotency key: made again, it gives a fresh one.
        """
        body = self.read_body(KeyBody)
        key, challenge, expires = keys.start_enrollment(by=self.principal, now=self.now, **body)
        answer = {
            "id": key.pk,
            "state": key.state,
            "challenge": base64.b64encode(challenge).decode(),
            "expires_at": expires,
        }
        return Response(ChallengeSerializer(answer).data, status=status.HTTP_201_CREATED)


class KeyView(ProposingView):
    needs = {"GET": READ, "DELETE": DOWNLOAD}

    def fetch(self, key_id: str) -> RecipientKey:
        return found(queries.keys_of(self.principal).filter(pk=key_id).first())

    @extend_schema(operation_id="read_key", tags=TAGS, responses=KeySerializer)
    def get(self, request: Request, key_id: str) -> Response:
        return Response(KeySerializer(self.fetch(key_id)).data)

    @extend_schema(operation_id="propose_key_removal", tags=TAGS, responses={202: ProposedSerializer})
    def delete(self, request: Request, key_id: str) -> Response:
        """Ask for the key's removal, which its owner confirms in a browser."""
        action = keys.propose_removal(by=self.principal, key=self.fetch(key_id), now=self.now)
        return self.proposed(Done(status.HTTP_202_ACCEPTED, action.pk))


class KeyProofView(ProposingView):
    needs = {"POST": DOWNLOAD}

    @extend_schema(
        operation_id="prove_key",
        tags=TAGS,
        request=ProofBody,
        responses={202: ProposedSerializer},
    )
    def post(self, request: Request, key_id: str) -> Response:
        """Answer the challenge; the enrollment then waits for its owner's word in a browser.

        Any answer spends the challenge, a wrong one too: no idempotency key, and no transaction around it.
        """
        key = found(queries.keys_of(self.principal).filter(pk=key_id).first())
        body = self.read_body(ProofBody)
        action = keys.prove(by=self.principal, key=key, answer=body["answer"], now=self.now)
        return self.proposed(Done(status.HTTP_202_ACCEPTED, action.pk))
