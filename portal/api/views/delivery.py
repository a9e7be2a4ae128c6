"""What a grant gives: the manifest, a header for each file, and URLs that fetch the bodies.

The rule of access is asked by what issues these, in the transaction that records the issue.
"""

import base64
from collections.abc import Sequence

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from licenses.models import Grant
from portal.api.permissions import DOWNLOAD
from portal.api.renderers import EnvelopeRenderer
from portal.api.schema import envelope
from portal.api.serializers.audit import proof_url
from portal.api.serializers.bodies import HeadersBody, ManifestQuery, UrlsBody
from portal.api.serializers.grants import HeadersSerializer, UrlsSerializer
from portal.api.views.base import found
from portal.api.views.grants import TAGS, GrantView
from portal.core.problems import NotFound
from weights_vault import delivery, keeping, queries
from weights_vault.models import File, Revision
from weights_vault.outage import require_store


class DeliveryView(GrantView):
    def revision(self, grant: Grant, name: str | None) -> Revision:
        return found(queries.revision_for(grant.release, name))

    def files(self, revision: Revision, ids: Sequence[str]) -> list[File]:
        """Return the files in the order asked for. Raises: NotFound: one is none of this revision (G3)."""
        by_id = {file.pk: file for file in queries.files_of(revision, ids)}
        if len(by_id) != len(ids):
            raise NotFound(
                detail="The revision has no file of one of these ids.",
                next_step="Take the ids from the revision's manifest.",
            )
        return [by_id[identifier] for identifier in ids]


class ManifestView(DeliveryView):
    needs = {"GET": DOWNLOAD}
    renderer_classes = [EnvelopeRenderer]

    @extend_schema(
        operation_id="read_manifest",
        tags=TAGS,
        parameters=[ManifestQuery],
        responses=envelope("The signed manifest."),
    )
    def get(self, request: Request, grant_id: str) -> Response:
        """The publisher's signed list of files and digests, as the bytes that were signed."""
        grant = self.fetch(grant_id)
        query = ManifestQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        revision = self.revision(grant, query.validated_data.get("revision"))
        return Response(
            delivery.issue_manifest(
                by=self.principal, grant=grant.pk, revision=revision, now=self.now, address=self.address
            )
        )


class HeadersView(DeliveryView):
    needs = {"POST": DOWNLOAD}

    @extend_schema(operation_id="issue_headers", tags=TAGS, request=HeadersBody, responses=HeadersSerializer)
    def post(self, request: Request, grant_id: str) -> Response:
        """One header for each file, wrapped to a recipient key of the caller's own."""
        grant, body = self.fetch(grant_id), self.read_body(HeadersBody)
        revision = self.revision(grant, body["revision"])
        headers = keeping.issue_headers(
            by=self.principal,
            grant=grant.pk,
            revision=revision,
            key=found(queries.keys_of(self.principal).filter(pk=body["key"]).first()),
            files=self.files(revision, body["files"]),
            now=self.now,
            address=self.address,
        )
        shown = [{"file": file, "header": base64.b64encode(header).decode()} for file, header in headers]
        return Response(HeadersSerializer({"headers": shown, "proof": proof_url(headers.event)}).data)


class UrlsView(DeliveryView):
    needs = {"POST": DOWNLOAD}

    @extend_schema(operation_id="issue_urls", tags=TAGS, request=UrlsBody, responses=UrlsSerializer)
    def post(self, request: Request, grant_id: str) -> Response:
        """One short-lived URL for the body of each file: it fetches the body, but opens nothing."""
        grant, body = self.fetch(grant_id), self.read_body(UrlsBody)
        revision = self.revision(grant, body["revision"])
        files = self.files(revision, body["files"])
        require_store(files)
        issued = delivery.issue_urls(
            by=self.principal,
            grant=grant.pk,
            revision=revision,
            files=files,
            now=self.now,
            address=self.address,
        )
        shown = [{"file": file, "url": url} for file, url in issued.urls]
        return Response(UrlsSerializer({"expires_at": issued.expires, "urls": shown}).data)
