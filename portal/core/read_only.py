"""What Django's admin is here: a way to look. Apart from `admin.py`, because the site itself stands on it."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin  # generic for the type checker alone


class ReadOnlyAdmin(AnyModelAdmin):
    """Look, do not touch: what changes something is an action, which asks a policy and writes the log."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
