"""Every address of the site, room by room."""

from django.contrib import admin
from django.urls import include, path

from portal.api.delivery import deliver
from portal.web.views.addresses import addresses

urlpatterns = [
    path("api/v1/", include("portal.api.urls")),
    path("delivery/<path:object_name>", deliver, name="delivery"),
    path("accounts/email/", addresses, name="account_email"),  # before allauth's own
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("portal.web.urls")),
]

handler404 = "portal.web.views.errors.not_found"
handler403 = "portal.web.views.errors.forbidden"
handler500 = "portal.web.views.errors.server_error"
