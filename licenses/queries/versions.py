"""The version that a request is at."""

from licenses.models import Request, RequestVersion


def version_of(request: Request) -> RequestVersion:
    """Return the version that the request is at."""
    return RequestVersion.objects.select_related("license_version__license").get(
        request=request, number=request.version
    )
