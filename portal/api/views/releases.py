from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from licenses import queries as licenses
from portal.api.asking import Asking
from portal.api.permissions import OPEN_READ
from portal.api.renderers import EnvelopeRenderer
from portal.api.schema import PAGE_PARAMETERS, envelope, page_of
from portal.api.serializers.licenses import LicenseTextSerializer
from portal.api.serializers.releases import ReleaseDetailSerializer, ReleaseSerializer
from portal.api.standing import Standing
from portal.api.views.base import ApiView, found
from weights_vault import delivery
from weights_vault import queries as vault
from weights_vault.models import Release
from weights_vault.ports import access_policy

TAGS = ["releases"]


class ReleasesView(ApiView):
    needs = {"GET": OPEN_READ}

    @extend_schema(
        operation_id="list_releases",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=page_of("ReleasePage", ReleaseSerializer),
    )
    def get(self, request: Request) -> Response:
        """The releases that the caller may see, by slug, each with where the caller stands."""
        visible = vault.with_published(access_policy().visible_releases(self.principal))
        return self.page(
            visible,
            ReleaseSerializer,
            ordering=("slug",),
            context=lambda rows: {"standing": Standing.read(self.principal, rows, self.now)},
        )


class ReleaseView(ApiView):
    needs = {"GET": OPEN_READ}

    @extend_schema(operation_id="read_release", tags=TAGS, responses=ReleaseDetailSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """One release: card, questions of its request form, revisions, files of the current one."""
        visible = vault.with_published(access_policy().visible_releases(self.principal))
        release = found(visible.filter(slug=slug).first())
        current = vault.published_of(release)
        standing = Standing.read(self.principal, [release], self.now)
        terms = standing.terms.get(release.pk)
        context = {
            "standing": standing,
            "asking": Asking.read(self.principal, release, terms, self.now),
            "revisions": vault.with_sizes(vault.revisions_of(release)),
            "files": vault.files_of(current[0]) if current else [],
        }
        return Response(ReleaseDetailSerializer(release, context=context).data)


class HeadView(ApiView):
    needs = {"GET": OPEN_READ}
    renderer_classes = [EnvelopeRenderer]

    @extend_schema(
        operation_id="read_head", tags=TAGS, responses=envelope("The signed head, good for a day.")
    )
    def get(self, request: Request, slug: str) -> Response:
        """The portal's signed word on which revision of the release is current."""
        release: Release = found(access_policy().visible_releases(self.principal).filter(slug=slug).first())
        return Response(delivery.current_head(release, self.now))


class LicenseView(ApiView):
    needs = {"GET": OPEN_READ}

    @extend_schema(operation_id="read_license", tags=["licenses"], responses=LicenseTextSerializer)
    def get(self, request: Request, license_id: str) -> Response:
        """One license text, for good: a new text is a new version with an id of its own."""
        return Response(LicenseTextSerializer(licenses.license_version_for(license_id, self.principal)).data)
