"""The ledger of deliveries: what clients report, and what release managers read."""

from collections.abc import Sequence
from typing import Any, Final

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from licenses import queries as licenses
from portal.accounts.exports import note_download
from portal.api.idempotency import Done
from portal.api.pagination import PortalCursorPagination
from portal.api.permissions import DOWNLOAD, SESSION
from portal.api.schema import IDEMPOTENCY_KEY, PAGE_PARAMETERS, page_of
from portal.api.serializers.audit import proof_url
from portal.api.serializers.bodies import ReceiptBody
from portal.api.serializers.ledger import LedgerEntrySerializer, LedgerQuery, ReceiptSerializer
from portal.api.spreadsheet import csv_pieces
from portal.api.views.base import ONLY_WHOLE, ApiView, found
from portal.api.views.grants import TAGS
from portal.core.problems import require
from weights_vault import queries
from weights_vault.actions import receipts
from weights_vault.ledger import filesets, listing
from weights_vault.ledger.listing import Row, Wanted
from weights_vault.policies import may_read_ledger

_EVENT: Final = "event:"
CSV_HEAD = (
    "at", "kind", "grant", "person", "name", "email", "key", "release", "revision", "revision_id", "files",
    "file_numbers", "bytes", "lifetime_s", "address", "network", "fetched_bytes", "again_bytes", "seconds",
    "client",
)  # fmt: skip


class ReceiptsView(ApiView):
    needs = {"POST": DOWNLOAD}

    @extend_schema(
        operation_id="report_download",
        tags=TAGS,
        parameters=[IDEMPOTENCY_KEY],
        request=ReceiptBody,
        responses={201: ReceiptSerializer},
    )
    def post(self, request: Request, grant_id: str) -> Response:
        """Say what became of a download: by the grant's holder alone, also after the grant has ended.

        It opens nothing. At most 50 a day for each grant.
        """
        grant = found(licenses.grants_of(self.finder).filter(pk=grant_id).first())
        body = self.read_body(ReceiptBody)
        revision = found(queries.revision_for(grant.release, body["revision"]))

        def report() -> Done:
            noted = receipts.report(
                by=self.principal,
                grant=grant.pk,
                revision=revision,
                event=body["event"],
                files=body["files"],
                size=body["bytes"],
                fetched=body["fetched_bytes"],
                again=body["again_bytes"],
                seconds=body["seconds"],
                client=body["client"],
                now=self.now,
                address=self.address,
            )
            return Done(status.HTTP_201_CREATED, f"{_EVENT}{noted.pk}")

        done = self.once(report)
        # Of a call that an older portal kept, the event is not known.
        number = done.subject.removeprefix(_EVENT) if done.subject.startswith(_EVENT) else ""
        proof = proof_url(int(number) if number else None)
        return Response(ReceiptSerializer({"proof": proof}).data, status=done.status)


class LedgerReader(ApiView):
    """What the two addresses of the ledger share: who may read it, and the filters."""

    def wanted(self) -> Wanted:
        """Raises: NotPermitted: no release manager. ValidationError: a filter is none."""
        require(may_read_ledger(self.principal))
        query = LedgerQuery(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return Wanted(**query.validated_data)


class LedgerView(LedgerReader):
    needs = {"GET": SESSION}

    @extend_schema(
        operation_id="list_ledger",
        tags=["ledger"],
        parameters=[LedgerQuery, *PAGE_PARAMETERS],
        responses=page_of("LedgerPage", LedgerEntrySerializer),
    )
    def get(self, request: Request) -> Response:
        """Who was given what, when and from where, and what clients reported; the newest first.

        For release managers and auditors, in a browser.
        """
        paginator = PortalCursorPagination(("-at", "-id"))
        entries = paginator.paginate_queryset(listing.entries(self.wanted()), request, self) or []
        shown = [LedgerEntrySerializer(row).data for row in listing.rows(entries)]
        return paginator.get_paginated_response(shown)


class LedgerCsvView(LedgerReader):
    needs = {"GET": SESSION}
    http_method_names = ONLY_WHOLE

    @extend_schema(
        operation_id="read_ledger_csv",
        tags=["ledger"],
        parameters=[LedgerQuery],
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="One line an entry.")},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """All that the filters select, as CSV, the newest first. For who proposed this export, once it is
        confirmed, for a day."""
        wanted = self.wanted()
        note_download(what="ledger", by=self.principal, now=self.now)
        selected = listing.stream(listing.entries(wanted))
        response = StreamingHttpResponse(
            csv_pieces(CSV_HEAD, map(_cells, selected)), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = 'attachment; filename="ledger.csv"'
        return response


def _cells(row: Row) -> Sequence[Any]:
    entry, revision, person, origin = row.entry, row.revision, row.person, row.origin
    return (
        entry.at.isoformat(),
        entry.kind,
        entry.grant,
        entry.person,
        person.full_name if person else "",
        person.email if person else "",
        entry.key,
        revision.release.slug if revision else "",
        revision.name if revision else "",
        entry.revision,
        entry.count,
        filesets.ranges(entry.files),
        entry.size,
        entry.lifetime_s,
        origin.address if origin else "",
        origin.network if origin else "",
        entry.fetched,
        entry.again,
        entry.seconds,
        entry.client,
    )
