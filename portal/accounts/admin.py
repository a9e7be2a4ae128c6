"""Django's admin shows people, how they prove who they are, roles and tokens; it changes none of them."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin

from portal.accounts.models import AccessToken, Device, Organization, PendingAction, RoleGrant, User
from portal.core.read_only import ReadOnlyAdmin


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    exclude = ["password"]
    list_display = ["email", "full_name", "organization", "is_active", "date_joined"]
    search_fields = ["email", "full_name", "public_id"]


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    list_display = ["email", "user", "verified", "primary"]
    search_fields = ["email"]


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    # Not `data`: the secret, wrapped as it is, is nobody's to look at.
    fields = ["user", "type", "created_at", "last_used_at"]
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]


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


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    exclude = ["binding"]
    list_display = ["name", "user", "created_at", "expires_at", "last_used_at", "ended_at", "reused"]


@admin.register(PendingAction)
class PendingActionAdmin(ReadOnlyAdmin):
    list_display = ["pk", "kind", "user", "state", "created_at", "expires_at"]
    list_filter = ["state", "kind"]
