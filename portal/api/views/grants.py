from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from licenses import queries
from licenses.models import Grant
from licenses.queries.proofs import STARTED, newest_events
from licenses.queries.waiting import held_by_request
from portal.api.permissions import READ
from portal.api.schema import PAGE_PARAMETERS, page_of
from portal.api.serializers.grants import GrantSerializer
from portal.api.standing import PURPOSE
from portal.api.views.base import ApiView

TAGS = ["grants"]


class GrantView(ApiView):
    """What the addresses of one grant share."""

    def fetch(self, grant_id: str) -> Grant:
        return queries.grant_for(self.finder, grant_id)

    def shown_with(self, grants: Sequence[Grant]) -> dict[str, Any]:
        proofs = newest_events("grant", [grant.pk for grant in grants], STARTED)
        verdicts = queries.verdicts_by_grant(self.principal, grants, PURPOSE, self.now)
        return {"verdicts": verdicts, "held": held_by_request(grants), "proofs": proofs, "now": self.now}


class GrantsView(GrantView):
    needs = {"GET": READ}

    @extend_schema(
        operation_id="list_grants",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=page_of("GrantPage", GrantSerializer),
    )
    def get(self, request: Request) -> Response:
        """The caller's own grants, newest first, ended ones too."""
        return self.page(
            queries.grants_of(self.principal),
            GrantSerializer,
            ordering=("-starts_at", "-id"),
            context=self.shown_with,
        )


class GrantDetailView(GrantView):
    needs = {"GET": READ}

    @extend_schema(operation_id="read_grant", tags=TAGS, responses=GrantSerializer)
    def get(self, request: Request, grant_id: str) -> Response:
        grant = self.fetch(grant_id)
        return Response(GrantSerializer(grant, context=self.shown_with([grant])).data)
