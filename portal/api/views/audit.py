"""The audit log: events for who reads it, proofs for whom they are about, signed heads for everybody."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from licenses.queries.proofs import event_numbered, event_to_prove
from licenses.queries.withholding import withhold
from portal.accounts.audit_search import MOST_PEOPLE, Wanted, events, too_many_people
from portal.accounts.policies import may_read_audit
from portal.api.pagination import PortalCursorPagination
from portal.api.permissions import READ, SESSION
from portal.api.renderers import TextRenderer
from portal.api.schema import PAGE_PARAMETERS, page_of
from portal.api.serializers.audit import AuditEventSerializer, AuditQuery, ConsistencyQuery
from portal.api.views.base import ApiView, found
from portal.core.log import sentences
from portal.core.log.proofs import consistency, file_name, newest_checkpoint, not_signed_yet, proof_of
from portal.core.problems import Invalid, require

TAGS = ["audit"]


def _text(said: str) -> dict[tuple[int, str], OpenApiResponse]:
    return {(200, TextRenderer.media_type): OpenApiResponse(OpenApiTypes.STR, description=said)}


def _file(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, headers=headers)


class AuditReader(ApiView):
    """What the addresses for readers of the whole log share."""

    def enter(self) -> None:
        """Raises: NotPermitted: neither auditor, administrator nor legal lead."""
        require(may_read_audit(self.principal))


class AuditView(AuditReader):
    needs = {"GET": SESSION}

    @extend_schema(
        operation_id="list_audit_events",
        tags=TAGS,
        parameters=[AuditQuery, *PAGE_PARAMETERS],
        responses=page_of("AuditPage", AuditEventSerializer),
    )
    def get(self, request: Request) -> Response:
        """Events of the log, the newest first. For auditors, administrators and legal leads, in a browser."""
        self.enter()
        query = AuditQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = Wanted(**query.validated_data)
        if too_many_people(wanted):
            said = f"More than {MOST_PEOPLE} people fit what you wrote."
            raise Invalid("too_many_people", said, "Write more of the name or of the address.")
        paginator = PortalCursorPagination(("-index",))
        rows = paginator.paginate_queryset(events(wanted), request, self) or []
        shown = [AuditEventSerializer(told).data for told in sentences.tell(withhold(self.principal, rows))]
        return paginator.get_paginated_response(shown)


class AuditEventView(AuditReader):
    needs = {"GET": SESSION}

    @extend_schema(operation_id="read_audit_event", tags=TAGS, responses=AuditEventSerializer)
    def get(self, request: Request, index: str) -> Response:
        """One event. For auditors, administrators and legal leads, in a browser."""
        self.enter()
        [told] = sentences.tell(withhold(self.principal, [event_numbered(index)]))
        return Response(AuditEventSerializer(told).data)


class AuditProofView(ApiView):
    needs = {"GET": READ}
    renderer_classes = [TextRenderer]

    @extend_schema(operation_id="read_audit_proof", tags=TAGS, responses=_text("A C2SP tlog-proof."))
    def get(self, request: Request, index: str) -> Response:
        """The proof that an event stands in the log, as a file that verifies offline.

        Of decisions, grants, issued headers and reports: for whoever may read the request or the grant. Of
        any event: for who reads the log. 503 `proof_not_ready` until the event is in a signed checkpoint.
        """
        event = event_to_prove(self.finder, index, self.now)
        text = proof_of(event.pk, disclosing=event.disclosed is None)
        if text is None:
            raise not_signed_yet()
        return _file(text, file_name(event.pk))


class AuditCheckpointView(ApiView):
    needs = {"GET": READ}
    renderer_classes = [TextRenderer]

    @extend_schema(
        operation_id="read_audit_checkpoint", tags=TAGS, responses=_text("A C2SP signed checkpoint.")
    )
    def get(self, request: Request) -> Response:
        """The newest signed head of the log. Who keeps it can tell whether the log was rewritten since."""
        head = newest_checkpoint()
        if head is None:
            raise not_signed_yet()
        return _file(head.note, "checkpoint.txt")


class AuditConsistencyView(ApiView):
    needs = {"GET": READ}
    renderer_classes = [TextRenderer]

    @extend_schema(
        operation_id="read_audit_consistency",
        tags=TAGS,
        parameters=[ConsistencyQuery],
        responses=_text("What docs/reference/audit-log.md, section 10, says."),
    )
    def get(self, request: Request) -> Response:
        """The proof that a later head of the log grew out of an earlier one that the caller holds."""
        query = ConsistencyQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return _file(found(consistency(**query.validated_data)), "growth.txt")
