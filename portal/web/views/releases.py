"""The list of releases and the page of one."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.web import catalog
from portal.web.reader import reader
from portal.web.views.doors import found, page
from weights_vault.ports import access_policy


@page("GET")
def index(request: HttpRequest) -> HttpResponse:
    rows = catalog.rows(reader(request), timezone.now())
    return render(request, "web/pages/home.html", {"rows": rows})


@page("GET")
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    release = found(access_policy().visible_releases(principal).filter(slug=slug).first())
    context = {
        **catalog.page_of(principal, release, now),
        "review_target_days": settings.REVIEW_TARGET_DAYS,
        "sign_within_days": settings.SIGN_WITHIN_DAYS,
    }
    return render(request, "web/pages/release.html", context)
