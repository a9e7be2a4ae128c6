from typing import Any

from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from portal.api.permissions import OPEN


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document of this API."""

    needs = {"GET": OPEN}
    http_method_names = ["get", "head"]
    renderer_classes = [OpenApiJsonRenderer2]

    def _get_version_parameter(self, request: Request) -> Any:
        # The API has one version; the library would put `?version=` into a header as it came.
        return None
