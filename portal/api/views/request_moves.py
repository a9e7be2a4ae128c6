"""What moves a request on: one address, one verb, one action."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from licenses.actions import nudging, prepared_votes, signing, submitting, voting
from licenses.models import Request as AccessRequest
from portal.accounts import factors
from portal.api.idempotency import Done
from portal.api.permissions import REQUESTS, REVIEW
from portal.api.reauthentication import demand_recent_authentication
from portal.api.schema import IDEMPOTENCY_KEY
from portal.api.serializers.bodies import AppealBody, NothingBody, SubmitBody, VoteBody
from portal.api.serializers.people import ProposedSerializer
from portal.api.serializers.requests import RequestDetailSerializer
from portal.api.views.pending import ProposingView
from portal.api.views.requests import TAGS, RequestView


def _documented(operation_id: str, body: Any, answers: Any = RequestDetailSerializer) -> Callable[..., Any]:
    return extend_schema(
        operation_id=operation_id, tags=TAGS, parameters=[IDEMPOTENCY_KEY], request=body, responses=answers
    )


class RequestMoveView(RequestView):
    def move(self, request: AccessRequest, act: Callable[[], object]) -> Response:
        def perform() -> Done:
            act()
            return Done(status.HTTP_200_OK, request.pk)

        return self.answer(self.once(perform))


class SubmitView(RequestMoveView):
    needs = {"POST": REQUESTS}

    @_documented("submit_request", SubmitBody)
    def post(self, request: Request, request_id: str) -> Response:
        """Hand the request to the reviewers, naming the license text that was read.

        409 `license_changed` where that is not the text in force; it shows which is.
        """
        mine, body = self.fetch(request_id), self.read_body(SubmitBody)
        return self.move(
            mine, lambda: submitting.submit(request=mine, by=self.principal, now=self.now, **body)
        )


class NudgeView(RequestMoveView):
    needs = {"POST": REQUESTS}

    @_documented("nudge_request", NothingBody)
    def post(self, request: Request, request_id: str) -> Response:
        """Ask how the request stands, once in each published time that passes without a decision.

        409 `too_early_to_nudge` or `already_nudged`; the next step says from when.
        """
        mine = self.fetch(request_id)
        self.read_body(NothingBody)
        return self.move(mine, lambda: nudging.nudge(request=mine, by=self.principal, now=self.now))


class WithdrawView(RequestMoveView):
    needs = {"POST": REQUESTS}

    @_documented("withdraw_request", NothingBody)
    def post(self, request: Request, request_id: str) -> Response:
        """Take the request back. It cannot be submitted again; a new one can."""
        mine = self.fetch(request_id)
        self.read_body(NothingBody)
        return self.move(mine, lambda: submitting.withdraw(request=mine, by=self.principal, now=self.now))


class AppealView(RequestMoveView):
    needs = {"POST": REQUESTS}

    @_documented("appeal_request", AppealBody)
    def post(self, request: Request, request_id: str) -> Response:
        """Ask, once, reviewers who have not voted on it to look at a rejected request."""
        mine, body = self.fetch(request_id), self.read_body(AppealBody)
        return self.move(
            mine, lambda: submitting.appeal(request=mine, by=self.principal, now=self.now, **body)
        )


class VoteView(RequestMoveView, ProposingView):
    needs = {"POST": REVIEW}

    @_documented("vote_on_request", VoteBody, {200: RequestDetailSerializer, 202: ProposedSerializer})
    def post(self, request: Request, request_id: str) -> Response:
        """Say a reviewer's word on one version of a request. A token only prepares it: `202`, nothing is
        voted until the reviewer has given the verdict in a browser.

        409 `vote_on_old_version` where the applicant has made a newer one. 403 `passkey_required` where this
        portal has its verdicts signed by a passkey: `page` is where that is done.
        """
        reviewed, body = self.fetch(request_id), self.read_body(VoteBody)
        if not self.principal.is_session:
            return self._prepare(reviewed, body)
        if not factors.votes_are_signed():
            demand_recent_authentication(request)
        return self.move(
            reviewed, lambda: voting.vote(request=reviewed, by=self.principal, now=self.now, **body)
        )

    def _prepare(self, reviewed: AccessRequest, body: dict[str, Any]) -> Response:
        def propose() -> Done:
            action = prepared_votes.propose_vote(request=reviewed, by=self.principal, now=self.now, **body)
            return Done(status.HTTP_202_ACCEPTED, action.pk)

        return self.proposed(self.once(propose))


class SignView(RequestView, ProposingView):
    needs = {"POST": REQUESTS}

    @_documented("propose_signature", NothingBody, {202: ProposedSerializer})
    def post(self, request: Request, request_id: str) -> Response:
        """Ask to sign the license of an approved request; the applicant reads and signs it in a browser."""
        mine = self.fetch(request_id)
        self.read_body(NothingBody)

        def propose() -> Done:
            return Done(
                status.HTTP_202_ACCEPTED,
                signing.propose_sign(request=mine, by=self.principal, now=self.now).pk,
            )

        return self.proposed(self.once(propose))
