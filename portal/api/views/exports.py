"""What leaves about many people, as files: each only after two of the staff agreed."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from licenses import queries
from licenses.queries import QueueFilters
from portal.accounts.exports import note_download
from portal.api.permissions import SESSION
from portal.api.spreadsheet import csv_pieces
from portal.api.views.base import ONLY_WHOLE, ApiView
from portal.core.log.entries import entries_of, placed
from portal.core.models import AuditEvent, LogEntry

QUEUE_HEAD = (
    "id",
    "sent",
    "state",
    "name",
    "email",
    "organization",
    "country",
    "releases",
    "votes",
    "quorum",
)
_AT_ONCE = 500


class QueueCsvView(ApiView):
    needs = {"GET": SESSION}
    http_method_names = ONLY_WHOLE

    @extend_schema(
        operation_id="read_queue_csv",
        tags=["exports"],
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="One line a request.")},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Every request that the caller may review, as CSV. For who proposed this export, once it is
        confirmed, for a day."""
        note_download(what="queue", by=self.principal, now=self.now)
        rows = queries.queue(self.principal, QueueFilters(state="")).iterator(chunk_size=_AT_ONCE)
        return _file("queue.csv", "text/csv; charset=utf-8", csv_pieces(QUEUE_HEAD, map(_cells, rows)))


class AuditNdjsonView(ApiView):
    needs = {"GET": SESSION}
    http_method_names = ONLY_WHOLE

    @extend_schema(
        operation_id="read_audit_ndjson",
        tags=["exports"],
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, description="One entry a line.")
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Every event of the audit log, one entry a line: line n, from 0, is leaf n of the tree, and what
        waits for its place comes last. What is private stands there as its commitment. For who proposed this
        export, once it is confirmed, for a day."""
        note_download(what="audit", by=self.principal, now=self.now)
        return _file("audit.ndjson", "application/x-ndjson", (entry + b"\n" for entry in _entries()))


def _cells(row: Any) -> Sequence[Any]:
    who = row.applicant
    return (
        row.pk,
        row.submitted_at.isoformat(),
        row.state,
        who.full_name,
        who.email,
        who.organization.name if who.organization else "",
        who.country,
        " ".join(release.slug for release in row.releases.all()),
        row.votes_cast,
        row.quorum,
    )


def _entries() -> Iterator[bytes]:
    """Yield the very bytes of which the tree's leaves are the hashes, in its order, then those of events that
    wait for their place. Of an event that is gone there are none: its line is empty, and the next in place.
    """
    size = 0
    while leaves := placed(size, size + _AT_ONCE):
        yield from (entry or b"" for _, _, entry in leaves)
        size += len(leaves)
    theirs = LogEntry.objects.filter(event=OuterRef("pk"), position__lt=size)
    waiting = AuditEvent.objects.filter(~Exists(theirs)).order_by("index").values_list("index", flat=True)
    events = waiting.iterator(chunk_size=_AT_ONCE)
    while some := list(islice(events, _AT_ONCE)):
        entries = entries_of(some)
        yield from (entries[event] for event in some)


def _file(name: str, kind: str, pieces: Iterator[bytes]) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(pieces, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
