"""Django's admin shows the audit log, jobs and outbox; it changes none of them."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from portal.core.models import AuditEvent, Heartbeat, Job, OutboxMessage

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin  # generic for the type checker alone


class ReadOnlyAdmin(AnyModelAdmin):
    """Look, do not touch: for everything that only actions may change."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["index", "at", "kind", "by", "subject"]
    list_filter = ["kind"]
    search_fields = ["subject", "by"]
    ordering = ["-index"]


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["pk", "kind", "state", "run_at", "attempts", "last_error"]
    list_filter = ["state", "kind"]
    ordering = ["-pk"]


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    # Not the text: until it is sent it may hold a one-time code.
    fields = ["to", "template", "subject", "message_id", "created_at", "sent_at"]
    list_display = ["pk", "to", "template", "created_at", "sent_at"]
    search_fields = ["to"]
    ordering = ["-pk"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "at"]
