"""Read-only windows for superusers: keys, the ledger, revisions and bodies. Nothing is changed here."""

from django.contrib import admin

from portal.core.read_only import ReadOnlyAdmin
from weights_vault.models import Alert, LedgerEntry, RecipientKey, Release, Revision


@admin.register(RecipientKey)
class RecipientKeyAdmin(ReadOnlyAdmin):
    list_display = ["id", "user", "name", "fingerprint", "kind", "state", "created_at", "activated_at"]
    list_filter = ["state", "kind"]
    search_fields = ["id", "fingerprint", "user__email"]
    exclude = ["answer_sha256"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "kind", "grant", "person", "key", "revision", "count"]
    list_filter = ["kind"]
    search_fields = ["grant", "person", "key", "revision"]


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ["raised_at", "rule", "grant", "person", "measured", "threshold", "state"]
    list_filter = ["state", "rule"]
    search_fields = ["grant", "person"]


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    list_display = ["slug", "title", "model", "state"]


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    list_display = ["release", "name", "sequence", "state", "published_at", "created_by"]
    list_filter = ["state"]
    exclude = ["manifest"]
