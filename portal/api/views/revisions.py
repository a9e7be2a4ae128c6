"""The revisions of a release for its manager, and the recall of one, which a browser confirms."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.idempotency import Done
from portal.api.permissions import PUBLISH
from portal.api.schema import IDEMPOTENCY_KEY, PAGE_PARAMETERS, page_of
from portal.api.serializers.bodies import MoveBody
from portal.api.serializers.people import ProposedSerializer
from portal.api.serializers.revisions import ManagedRevisionSerializer
from portal.api.views.base import ApiView, found
from portal.api.views.pending import ProposingView
from portal.core.problems import require
from weights_vault import queries as vault
from weights_vault import recalls
from weights_vault.actions import prepared_moves
from weights_vault.models import Revision
from weights_vault.policies import may_read_revisions
from weights_vault.ports import access_policy

TAGS = ["releases"]


class RevisionsView(ApiView):
    needs = {"GET": PUBLISH}

    @extend_schema(
        operation_id="list_revisions",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=page_of("RevisionPage", ManagedRevisionSerializer),
    )
    def get(self, request: Request, slug: str) -> Response:
        """All that was ever published of a release, newest first: what release managers and auditors read."""
        release = found(access_policy().visible_releases(self.finder).filter(slug=slug).first())
        require(may_read_revisions(self.principal))
        return self.page(
            vault.with_sizes(vault.revisions_of(release)),
            ManagedRevisionSerializer,
            ordering=("-sequence",),
            context=_known_of,
        )


class MoveView(ProposingView):
    needs = {"POST": PUBLISH}

    @extend_schema(
        operation_id="propose_move",
        tags=TAGS,
        parameters=[IDEMPOTENCY_KEY],
        request=MoveBody,
        responses={202: ProposedSerializer},
    )
    def post(self, request: Request, revision_id: str) -> Response:
        """Ask to quarantine, restore or withdraw a revision; its release manager confirms it in a browser.

        409 `state_changed` where its state does not allow that.
        """
        releases = access_policy().visible_releases(self.finder)
        published = Revision.objects.filter(sequence__isnull=False, release__in=releases)
        revision = found(published.select_related("release").filter(pk=revision_id).first())
        body = self.read_body(MoveBody)

        def propose() -> Done:
            action = prepared_moves.propose_move(revision=revision, by=self.principal, now=self.now, **body)
            return Done(status.HTTP_202_ACCEPTED, action.pk)

        return self.proposed(self.once(propose))


def _known_of(revisions: Sequence[Revision]) -> dict[str, Any]:
    return {"holders": recalls.holder_counts(revisions), "soundness": recalls.soundness_of(revisions)}
