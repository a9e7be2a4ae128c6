"""Django's admin shows accounts, roles, tokens and pending actions; it changes none of them."""

from django.contrib import admin

from portal.accounts.models import AccessToken, Organization, PendingAction, RoleGrant, User
from portal.core.admin import ReadOnlyAdmin


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    exclude = ["password"]
    list_display = ["email", "full_name", "organization", "is_active", "date_joined"]
    search_fields = ["email", "full_name", "public_id"]


@admin.register(Organization)
class OrganizationAdmin(ReadOnlyAdmin):
    list_display = ["name", "created_at"]
    search_fields = ["name"]


@admin.register(RoleGrant)
class RoleGrantAdmin(ReadOnlyAdmin):
    list_display = ["user", "role", "by", "at"]
    list_filter = ["role"]


@admin.register(AccessToken)
class AccessTokenAdmin(ReadOnlyAdmin):
    exclude = ["digest", "binding"]
    list_display = ["prefix", "name", "user", "created_at", "expires_at", "ended_at"]


@admin.register(PendingAction)
class PendingActionAdmin(ReadOnlyAdmin):
    list_display = ["pk", "kind", "user", "state", "created_at", "expires_at"]
    list_filter = ["state", "kind"]
