"""Django's admin shows the vault and changes nothing of it."""

import pytest
from django.contrib import admin
from django.test import RequestFactory

from portal.accounts.models import User
from weights_vault.models import Alert, LedgerEntry, RecipientKey, Release, Revision


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Alert, LedgerEntry, RecipientKey, Release, Revision])
def test_superuser_can_look_and_not_touch(model: type) -> None:
    request = RequestFactory().get("/admin/")
    request.user = User.objects.create_superuser("root@example.org", "a long enough password")
    shown = admin.site._registry[model]
    assert not shown.has_add_permission(request)
    assert not shown.has_change_permission(request)
    assert not shown.has_delete_permission(request)


def test_what_answers_a_challenge_is_not_shown() -> None:
    """G8"""
    assert "answer_sha256" in admin.site._registry[RecipientKey].exclude
