"""Django's admin shows the audit log, jobs and outbox; it changes none of them."""

from django.contrib import admin

from portal.core.models import AuditEvent, Heartbeat, Job, OutboxMessage
from portal.core.read_only import ReadOnlyAdmin


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
