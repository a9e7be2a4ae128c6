"""Sign-up through the real pages: a code by mail, no enumeration, all or nothing."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Organization, User
from portal.core import audit, jobs
from portal.core.models import AuditEvent, OutboxMessage
from tests.unit.accounts.conftest import PASSWORD, MakeUser

FORM = {
    "email": "Grace@Example.org",
    "full_name": "Grace  Hopper",
    "organization": "Example University",
    "country": "US",
    "password1": PASSWORD,
    "password2": PASSWORD,
}


def sign_up(client: Client, **changes: str) -> Any:
    return client.post("/accounts/signup/", {**FORM, **changes})


def deliver_mail() -> None:
    jobs.run_due(worker="test", now=timezone.now())


def code_in_last_mail() -> str:
    deliver_mail()
    found = re.search(r"^([A-Z0-9]{4}-[A-Z0-9]{4})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found is not None, mail.outbox[-1].body
    return found.group(1)


@pytest.mark.django_db
def test_sign_up_makes_an_account_that_its_mailed_code_verifies(client: Client) -> None:
    assert sign_up(client).status_code == 302
    user = User.objects.get()
    assert (user.email, user.full_name, user.country) == ("grace@example.org", "Grace Hopper", "US")
    assert str(user.organization) == "Example University"
    assert user.public_id.startswith("usr_")
    assert "_auth_user_id" not in client.session
    answer = client.post("/accounts/confirm-email/", {"code": code_in_last_mail()})
    assert answer.status_code == 302
    assert EmailAddress.objects.get().verified
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.django_db
def test_wrong_code_verifies_nothing(client: Client) -> None:
    sign_up(client)
    client.post("/accounts/confirm-email/", {"code": "AAAAAA"})
    assert not EmailAddress.objects.get().verified
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_mail_goes_through_the_outbox_and_its_code_is_erased_once_sent(client: Client) -> None:
    sign_up(client)
    message = OutboxMessage.objects.get()
    assert (message.to, message.ephemeral, message.sent_at) == ("grace@example.org", True, None)
    assert message.subject.startswith("[Weights Portal] ")
    assert mail.outbox == []
    code = code_in_last_mail()
    message.refresh_from_db()
    assert code not in message.text + message.html
    assert message.sent_at is not None


@pytest.mark.django_db
def test_a5_name_of_who_signs_up_is_not_mailed_to_an_unverified_address(client: Client) -> None:
    sign_up(client, full_name="Win a Prize of Evil People")
    deliver_mail()
    assert "Evil People" not in str(mail.outbox[0].message())


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["full_name", "organization"])
def test_a_name_that_reads_like_an_address_makes_no_account(client: Client, field: str) -> None:
    answer = sign_up(client, **{field: "Visit evil.com now"})
    assert answer.status_code == 200
    assert "mail programs make a link of it" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_no_enumeration_a_known_address_looks_like_a_new_one(client: Client, make_user: MakeUser) -> None:
    unknown = sign_up(client)
    make_user("known@example.org")
    known = sign_up(Client(), email="known@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert User.objects.count() == 2
    deliver_mail()
    assert mail.outbox[-1].to == ["known@example.org"]
    assert "already" in str(mail.outbox[-1].body)


@pytest.mark.django_db
def test_m3_known_address_costs_as_many_password_hashes_as_a_new_one(
    client: Client, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("known@example.org")
    hashed, encode = list[str](), MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    sign_up(client)
    new = hashed.copy()
    hashed.clear()
    sign_up(Client(), email="known@example.org")
    assert hashed == new == [PASSWORD]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"full_name": ""},
        {"full_name": "Grace\nBcc: eve@example.org"},
        {"organization": "A\tB\x00"},
        {"full_name": "wp_0123456789abcdefghijABCDEFGHIJ"},
        {"country": "XX"},
        {"country": ""},
        {"email": "grace"},
        {"email": "wp_0123456789abcdefghijABCDEFGHIJ@example.org"},
        {"password1": "short", "password2": "short"},
    ],
)
def test_a5_bad_field_is_shown_and_nothing_is_made(client: Client, change: dict[str, str]) -> None:
    answer = sign_up(client, **change)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [next(iter(change))]
    assert not User.objects.exists()
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_r2_extra_fields_make_nobody_staff(client: Client) -> None:
    sign_up(client, is_staff="on", is_superuser="on", public_id="usr_x", role="administrator")
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.public_id == "usr_x") == (False, False, False)


@pytest.mark.django_db
def test_same_organization_is_found_whatever_its_case(client: Client) -> None:
    sign_up(client)
    sign_up(Client(), email="ada@example.org", organization=" example  UNIVERSITY ")
    assert Organization.objects.count() == 1
    assert Organization.objects.get().people.count() == 2


@pytest.mark.django_db
def test_a7_sign_up_and_verification_are_in_the_log(client: Client) -> None:
    sign_up(client)
    client.post("/accounts/confirm-email/", {"code": code_in_last_mail()})
    user = User.objects.get()
    kinds = [event.kind for event in audit.trail(f"user:{user.public_id}")]
    assert kinds == ["account.signed_up", "account.email_verified", "account.signed_in"]


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("target", ["portal.core.audit.record", "portal.accounts.adapter.queue_rendered"])
def test_r10_failing_audit_or_outbox_write_leaves_no_account(
    monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OperationalError("disk full")

    monkeypatch.setattr(target, fail)
    client = Client(raise_request_exception=False)
    assert sign_up(client).status_code == 503
    assert not User.objects.exists()
    assert not Organization.objects.exists()
    assert not EmailAddress.objects.exists()
    assert not AuditEvent.objects.exists()
    assert not OutboxMessage.objects.exists()
