"""Every address of the site, room by room."""

from django.contrib import admin
from django.urls import include, path

from portal.accounts import provider_answers
from portal.api import identity
from portal.api.delivery import deliver
from portal.web.views.addresses import addresses

urlpatterns = [
    path("api/v1/", include("portal.api.urls")),
    path("delivery/<path:object_name>", deliver, name="delivery"),
    # Of allauth's OAuth provider these three alone; where people decide is a page of ours.
    path("identity/o/api/device/code", identity.device_code, name="device_code"),
    path("identity/o/api/token", identity.token, name="device_token"),
    path("identity/o/api/revoke", identity.revoke, name="device_revoke"),
    path("accounts/email/", addresses, name="account_email"),  # before allauth's own
    path("accounts/oidc/<slug:provider_id>/login/", provider_answers.begin, name="openid_connect_login"),
    path(
        "accounts/oidc/<slug:provider_id>/login/callback/",
        provider_answers.come_back,
        name="openid_connect_callback",
    ),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("portal.web.urls")),
]

handler404 = "portal.web.views.errors.not_found"
handler403 = "portal.web.views.errors.forbidden"
handler500 = "portal.web.views.errors.server_error"
