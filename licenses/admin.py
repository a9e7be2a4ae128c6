"""Django's admin shows licenses, requests and grants; it changes none of them."""

from django.contrib import admin

from licenses.models import Acceptance, Decision, Grant, License, LicenseVersion, ReleaseTerms, Request, Vote
from portal.core.read_only import ReadOnlyAdmin


@admin.register(License)
class LicenseAdmin(ReadOnlyAdmin):
    list_display = ["slug", "name"]


@admin.register(LicenseVersion)
class LicenseVersionAdmin(ReadOnlyAdmin):
    list_display = ["license", "number", "effective_at", "sha256"]


@admin.register(ReleaseTerms)
class ReleaseTermsAdmin(ReadOnlyAdmin):
    list_display = ["release", "license", "strategy", "stage", "quorum"]


@admin.register(Request)
class RequestAdmin(ReadOnlyAdmin):
    list_display = ["id", "applicant", "state", "version", "split", "submitted_at"]
    list_filter = ["state"]
    search_fields = ["id", "applicant__email"]


@admin.register(Vote)
class VoteAdmin(ReadOnlyAdmin):
    list_display = ["request", "version", "reviewer", "verdict", "at", "superseded_at"]


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ["request", "version", "outcome", "at"]


@admin.register(Acceptance)
class AcceptanceAdmin(ReadOnlyAdmin):
    list_display = ["request", "user", "license_version", "typed_name", "at"]


@admin.register(Grant)
class GrantAdmin(ReadOnlyAdmin):
    list_display = ["id", "user", "release", "state", "starts_at", "ends_at"]
    list_filter = ["state"]
    search_fields = ["id", "user__email", "release__slug"]
