"""What is the same for everybody: about, license texts, the appearance."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from licenses import queries
from portal.core.keys import root_fingerprint
from portal.web.context import THEME_COOKIE, THEMES
from portal.web.views.doors import page

_YEAR_S = 365 * 86_400


@page("GET")
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "web/pages/about.html", {"root_fingerprint": root_fingerprint()})


@page("GET")
def license_text(request: HttpRequest, license_id: str) -> HttpResponse:
    version = queries.license_version_for(license_id)
    return render(request, "web/pages/license.html", {"license": version})


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen appearance in a cookie and go back."""
    back, chosen = request.POST.get("next", ""), request.POST.get("theme", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    response = redirect(back if safe else "home")
    if chosen in THEMES:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=_YEAR_S, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    return response
