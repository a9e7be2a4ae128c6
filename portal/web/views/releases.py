"""The list of releases and the page of one."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.web import catalog, mine
from portal.web.reader import reader
from portal.web.views.doors import found, page
from weights_vault.ports import access_policy


@page("GET")
def index(request: HttpRequest) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    things = mine.things_of(principal, now) if principal.user is not None else []
    return render(request, "web/pages/home.html", {"rows": catalog.rows(principal, now), "things": things})


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
