"""J3: a backup was restored, and the log names accounts, roles and tokens that were ended since."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from portal.accounts.models import AccessToken, Device, RoleGrant, User
from portal.core import audit, events
from portal.core.log.recovering import EventsLost, Lost
from portal.core.models import AuditEvent

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def person() -> User:
    return User.objects.create_user("mia@example.org", "a long password for tests", full_name="Mia Example")


def lose(person: User, *told: tuple[str, dict[str, Any]]) -> None:
    subject = f"user:{person.public_id}"
    lost = [
        Lost(number, {"kind": kind, "subject": subject, "event": number, "data": data})
        for number, (kind, data) in enumerate(told)
    ]
    with transaction.atomic():
        events.publish(EventsLost(tuple(lost), NOW))


def test_account_that_was_disabled_is_disabled_again(person: User) -> None:
    lose(person, ("account.disabled", {}))
    person.refresh_from_db()
    assert not person.is_active
    assert AuditEvent.objects.get(kind="account.disabled").by == "system:log_signer"


def test_account_that_was_erased_is_disabled(person: User) -> None:
    """Erasing it again is for a person to do; until then nobody signs in to it."""
    lose(person, ("account.disabled", {}), ("account.enabled", {}), ("account.erased", {}))
    person.refresh_from_db()
    assert not person.is_active
    assert "erased" in audit.told(AuditEvent.objects.get(kind="account.disabled"), "reason")


def test_account_that_was_enabled_in_the_end_stays(person: User) -> None:
    lose(person, ("account.disabled", {}), ("account.enabled", {}))
    person.refresh_from_db()
    assert person.is_active


def test_role_that_was_removed_is_removed_again_and_no_other(person: User) -> None:
    for role in ("reviewer", "auditor", "legal_lead"):
        RoleGrant.objects.create(user=person, role=role, by="usr_a", at=NOW)
    lose(
        person,
        ("role.removed", {"role": "reviewer"}),
        ("role.removed", {"role": "auditor"}),
        ("role.granted", {"role": "auditor"}),
    )
    assert set(RoleGrant.objects.values_list("role", flat=True)) == {"auditor", "legal_lead"}


def test_token_that_was_ended_is_ended_again(person: User) -> None:
    tokens = [
        AccessToken.objects.create(
            user=person,
            name="cluster",
            digest=digest,
            scopes=["read"],
            created_at=NOW,
            expires_at=NOW.replace(year=2027),
        )
        for digest in ("a" * 64, "b" * 64)
    ]
    lose(person, ("token.ended", {"token": tokens[0].pk}))
    assert list(AccessToken.objects.filter(ended_at=None)) == tokens[1:]


@pytest.mark.parametrize("kind", ["device.ended", "device.reused"])
def test_device_that_was_ended_is_ended_again(person: User, kind: str) -> None:
    devices = [
        Device.objects.create(user=person, name=name, created_at=NOW, expires_at=NOW.replace(year=2027))
        for name in ("login1", "login2")
    ]
    lose(person, (kind, {"device": devices[0].pk}), (kind, {"device": None}))
    assert list(Device.objects.filter(ended_at=NOW)) == [devices[0]]
    assert AuditEvent.objects.get(kind="device.ended").by == "system:log_signer"


def signed_in(person: User) -> Client:
    browser = Client()
    assert browser.login(email=person.email, password="a long password for tests")
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/tokens/").status_code == 200


@pytest.mark.parametrize("kind", ["account.signed_out", "account.session_ended", "account.sessions_ended"])
def test_browser_that_was_signed_out_is_signed_out_again(person: User, kind: str) -> None:
    browser = signed_in(person)
    assert is_in(browser)
    lose(person, (kind, {}))
    assert not is_in(browser)


@pytest.mark.parametrize("kind", ["account.password_changed", "account.password_reset"])
def test_password_that_was_replaced_opens_nothing_again(person: User, kind: str) -> None:
    """Nor does what was signed in, or made, with it."""
    browser = signed_in(person)
    lose(person, (kind, {}))
    assert not is_in(browser)
    assert not Client().login(email=person.email, password="a long password for tests")
    assert AuditEvent.objects.get(kind="account.access_ended").by == "system:log_signer"
    lose(person, (kind, {}))
    assert AuditEvent.objects.filter(kind="account.access_ended").count() == 1
