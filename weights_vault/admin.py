"""Read-only windows for superusers: keys, the ledger, revisions and bodies. Nothing is changed here."""

from django.contrib import admin

from portal.core.read_only import ReadOnlyAdmin
from weights_vault.models import HeaderIssue, RecipientKey, Release, Revision


@admin.register(RecipientKey)
class RecipientKeyAdmin(ReadOnlyAdmin):
    list_display = ["id", "user", "name", "fingerprint", "kind", "state", "created_at", "activated_at"]
    list_filter = ["state", "kind"]
    search_fields = ["id", "fingerprint", "user__email"]
    exclude = ["answer_sha256"]


@admin.register(HeaderIssue)
class HeaderIssueAdmin(ReadOnlyAdmin):
    list_display = ["at", "grant", "key", "revision", "file"]
    search_fields = ["grant", "key", "revision", "file"]


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    list_display = ["slug", "title", "model", "state"]


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    list_display = ["release", "name", "sequence", "state", "published_at", "created_by"]
    list_filter = ["state"]
    exclude = ["manifest"]
