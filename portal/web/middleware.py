"""What every answer says to browsers and caches, whatever made it, an error of the outermost kind too."""

from collections.abc import Callable
from typing import Final

from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import reverse

from portal.core.problems import PROBLEM_CONTENT_TYPE, NotPermitted, problem_document

# What no page here uses. Passkeys are ours alone to ask for.
PERMISSIONS_POLICY: Final = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
        "fullscreen",
        "geolocation", "gyroscope", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi",
        "otp-credentials", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb", "web-share",
        "xr-spatial-tracking",
    )
) + ", publickey-credentials-create=(self), publickey-credentials-get=(self)"  # fmt: skip
# Programs call these. A redirect to https would hide that they sent a token in the clear, each time anew.
FOR_PROGRAMS: Final = ("/api/", "/identity/o/api/", "/delivery/")


class Edges:
    """Stands outermost. Sets what is missing and takes nothing away that a view has said.

    Caches: who says nothing keeps nothing. Static files say a year, tiles of the log what they like; a page,
    a redirect, a table or a refusal may be its reader's own, in the pages of others (allauth's) too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", self._policy)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        html = headers.get("Content-Type", "").startswith("text/html")
        if html or "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store, max-age=0, private"
        if request.method == "POST" and request.path == reverse("account_logout"):
            headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


class NoPlainHttp:
    """Refuses a program's call that came without TLS; browsers are led to https by Django's middleware.

    Only where the portal is served by TLS (SECURE_SSL_REDIRECT).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if (
            not settings.SECURE_SSL_REDIRECT
            or request.is_secure()
            or not request.path.startswith(FOR_PROGRAMS)
        ):
            return self.get_response(request)
        detail = "This call came without TLS, so whatever it carried could be read on its way."
        step = f"Call {settings.PORTAL_URL}. End the token that was sent, and make a new one."
        problem = NotPermitted("https_required", detail, step)
        return JsonResponse(
            problem_document(problem), status=problem.status, content_type=PROBLEM_CONTENT_TYPE
        )
