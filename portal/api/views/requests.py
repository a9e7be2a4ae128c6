from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from licenses import queries
from licenses.actions import drafting
from licenses.models import Request as AccessRequest
from licenses.queries.turns import turns
from portal.api.idempotency import Done
from portal.api.permissions import READ, REQUESTS
from portal.api.schema import IDEMPOTENCY_KEY, PAGE_PARAMETERS, page_of
from portal.api.serializers.bodies import AnswersBody, DraftBody
from portal.api.serializers.requests import RequestDetailSerializer, RequestSerializer
from portal.api.views.base import ApiView, found
from weights_vault.models import Release
from weights_vault.ports import access_policy

TAGS = ["requests"]


class RequestView(ApiView):
    """What the addresses of one request share."""

    def fetch(self, request_id: str) -> AccessRequest:
        return queries.request_for(self.finder, request_id, self.now)

    def answer(self, done: Done) -> Response:
        request, case = queries.request_seen(self.finder, done.subject, self.now)
        context = {"principal": self.finder, "case": case, **self.shown_with([request])}
        return Response(RequestDetailSerializer(request, context=context).data, status=done.status)

    def shown_with(self, requests: Sequence[AccessRequest]) -> dict[str, Any]:
        return {"turns": turns(self.finder, queries.as_they_stand(requests, self.now), self.now)}


class RequestsView(RequestView):
    needs = {"GET": READ, "POST": REQUESTS}

    @extend_schema(
        operation_id="list_requests",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=page_of("RequestPage", RequestSerializer),
    )
    def get(self, request: Request) -> Response:
        """The caller's own requests, newest first."""
        return self.page(
            queries.requests_of(self.principal),
            RequestSerializer,
            ordering=("-created_at", "-id"),
            context=self.shown_with,
        )

    @extend_schema(
        operation_id="draft_request",
        tags=TAGS,
        parameters=[IDEMPOTENCY_KEY],
        request=DraftBody,
        responses={201: RequestDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Begin a request for a release, or for several of one model under the same terms. Nobody but its
        author, and who joins the team, sees the draft."""
        body = self.read_body(DraftBody)
        release, *also = self._releases(body.get("releases") or [body["release"]])

        def draft() -> Done:
            made = drafting.draft(
                by=self.principal,
                release=release,
                also=also,
                answers=body["answers"],
                evidence=body.get("evidence"),
                now=self.now,
            )
            return Done(status.HTTP_201_CREATED, made.pk)

        return self.answer(self.once(draft))

    def _releases(self, slugs: list[str]) -> list[Release]:
        """The releases by these names, each of which the caller may see."""
        seen = {
            each.slug: each
            for each in access_policy().visible_releases(self.principal).filter(slug__in=slugs)
        }
        return [found(seen.get(slug)) for slug in slugs]


class RequestDetailView(RequestView):
    needs = {"GET": READ, "PATCH": REQUESTS}

    @extend_schema(operation_id="read_request", tags=TAGS, responses=RequestDetailSerializer)
    def get(self, request: Request, request_id: str) -> Response:
        return self.answer(Done(status.HTTP_200_OK, request_id))

    @extend_schema(
        operation_id="edit_request", tags=TAGS, request=AnswersBody, responses=RequestDetailSerializer
    )
    def patch(self, request: Request, request_id: str) -> Response:
        """Replace what is named, keep the rest. In review that makes a new version; votes on the old one do
        not count."""
        edited = self.fetch(request_id)
        body = self.read_body(AnswersBody)
        kept = queries.version_of(edited).answers
        drafting.edit(request=edited, **{"answers": kept, **body}, by=self.principal, now=self.now)
        return self.answer(Done(status.HTTP_200_OK, request_id))
