from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView

from portal.api.permissions import OPEN


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document of this API."""

    needs = {"GET": OPEN}
    http_method_names = ["get", "head"]
    renderer_classes = [OpenApiJsonRenderer2]
