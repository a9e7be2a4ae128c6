"""What is the same for everybody: about, license texts, the appearance."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from licenses import queries
from portal.core.keys import root_fingerprint
from portal.web.context import KEYS_COOKIE, THEME_COOKIE, THEMES
from portal.web.license_desk import difference
from portal.web.reader import reader
from portal.web.views.doors import page

_YEAR_S = 365 * 86_400


@page("GET")
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "web/pages/about.html", {"root_fingerprint": root_fingerprint()})


@page("GET")
def license_text(request: HttpRequest, license_id: str) -> HttpResponse:
    version = queries.license_version_for(license_id, reader(request))
    context = {"license": version, "difference": difference(queries.version_before(version), version)}
    return render(request, "web/pages/license.html", context)


@page("POST")
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen appearance in a cookie and go back."""
    back, chosen = request.POST.get("next", ""), request.POST.get("theme", "")
    response = HttpResponseRedirect(back if _is_page_here(back) else reverse("home"))
    if chosen in THEMES:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=_YEAR_S, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    return response


@page("GET", "POST")
def keyboard(request: HttpRequest) -> HttpResponse:
    """What single keys do, and the switch that turns them off in this browser."""
    if request.method == "GET":
        return render(request, "web/pages/keyboard.html")
    response = HttpResponseRedirect(reverse("keyboard"))
    response.set_cookie(
        KEYS_COOKIE,
        "off" if request.POST.get("keys") == "off" else "on",
        max_age=_YEAR_S,
        samesite="Lax",
        secure=request.is_secure(),
        httponly=True,
    )
    return response


def _is_page_here(address: str) -> bool:
    """An absolute path of this site: what `redirect` would take for a view's name is none."""
    rooted = address.startswith("/") and address.isprintable() and "\N{REPLACEMENT CHARACTER}" not in address
    return rooted and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
