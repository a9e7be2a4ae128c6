"""The device flow, from a machine's question to its tokens (RFC 8628)."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.idp.oidc.models import Client, Token
from allauth.mfa.models import Authenticator
from django.apps import apps as installed
from django.conf import settings
from django.core import mail
from django.db.migrations.state import StateApps

from portal.accounts.devices import codes
from portal.accounts.devices.client import keep_client
from portal.accounts.devices.machines import UNNAMED, machine_name
from portal.accounts.models import Device, DeviceCode, RoleGrant, User
from portal.accounts.principals import ANONYMOUS, Principal, principal_for
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import Conflict, NotPermitted
from portal.core.secrecy import holds_secret
from tests.unit.accounts.conftest import NOW
from tests.unit.accounts.devices.conftest import Machine, SignIn


def code_of(asked: dict[str, Any]) -> DeviceCode:
    code = codes.found(asked["user_code"])
    assert code is not None
    return code


@pytest.mark.database
@pytest.mark.parametrize("what", ["password", "factor"])
def test_a2_session_that_ends_while_it_allows_allows_nothing(
    machine: Machine, session: Principal, what: str
) -> None:
    asked = machine.ask()
    owner = User.objects.get(pk=session.person.pk)
    session.person.get_session_auth_hash()  # as the beginning of a request does
    if what == "password":
        owner.set_password("another long phrase")
        owner.save()
    else:
        Authenticator.objects.create(user=owner, type=Authenticator.Type.WEBAUTHN, data={})
    with pytest.raises(NotPermitted) as refused:
        codes.allow(code=code_of(asked), by=session, now=NOW)
    assert (refused.value.code, Device.objects.count()) == ("session_over", 0)


@pytest.mark.database
def test_a_machine_is_signed_in_by_what_a_person_allows(machine: Machine, session: Principal) -> None:
    asked = machine.ask()
    assert (asked["expires_in"], asked["interval"]) == (600, 5)
    assert asked["verification_uri"] == f"{settings.PORTAL_URL}/device/"
    assert asked["verification_uri_complete"] == f"{settings.PORTAL_URL}/device/?code={asked['user_code']}"
    assert machine.poll(asked["device_code"]).json()["error"] == "authorization_pending"

    device = codes.allow(code=code_of(asked), by=session, now=NOW + timedelta(seconds=6))
    DeviceCode.objects.update(polled_at=None)
    answer = machine.poll(asked["device_code"])

    tokens = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["scope"] == "read requests download attest"
    assert (tokens["access_token"][:4], tokens["refresh_token"][:4]) == ("wpd_", "wpr_")
    me = machine.me(tokens["access_token"]).json()
    assert (me["email"], me["token"]["id"]) == ("ada@example.org", device.pk)


@pytest.mark.database
def test_what_is_kept_opens_nothing(machine: Machine, sign_in: SignIn) -> None:
    """G8: no token and no device code stands in the database, in the log or in a mail."""
    asked = machine.ask()
    _, tokens = sign_in()

    kept = [*Token.objects.values(), *Device.objects.values(), *DeviceCode.objects.values()]
    kept += [*AuditEvent.objects.values(), *OutboxMessage.objects.values()]
    secrets = [tokens["access_token"], tokens["refresh_token"], asked["device_code"]]
    assert [secret for secret in secrets if secret in str(kept)] == []
    assert all(holds_secret(tokens[name]) for name in ("access_token", "refresh_token"))


def test_its_owner_is_mailed_and_the_log_says_it(sign_in: SignIn, session: Principal) -> None:
    device, _ = sign_in()
    (message,) = OutboxMessage.objects.all()
    assert (message.to, "login1" in message.text) == ("ada@example.org", True)
    assert f"{settings.PORTAL_URL}/tokens/" in message.text
    assert mail.outbox == []  # through the outbox, not beside it
    lines = AuditEvent.objects.filter(kind__startswith="device.").order_by("index")
    assert list(lines.values_list("kind", "by", "data__device")) == [
        ("device.allowed", session.actor, device.pk),
        ("device.signed_in", session.actor, device.pk),
    ]


def test_polling_too_often_is_to_slow_down(machine: Machine, time_machine: Any) -> None:
    asked = machine.ask()
    said = []
    for seconds in (0, 4, 10):
        time_machine.move_to(NOW + timedelta(seconds=seconds), tick=False)
        said.append(machine.poll(asked["device_code"]).json()["error"])
    assert said == ["authorization_pending", "slow_down", "authorization_pending"]


def test_a_refused_machine_gets_nothing(machine: Machine, session: Principal) -> None:
    asked = machine.ask()
    codes.refuse(code=code_of(asked), by=session, now=NOW)
    assert machine.poll(asked["device_code"]).json()["error"] == "access_denied"
    with pytest.raises(Conflict) as refused:
        codes.allow(code=code_of(asked), by=session, now=NOW)
    assert refused.value.code == "device_code_refused"
    assert not Device.objects.exists()


def test_a_code_is_for_ten_minutes(machine: Machine, session: Principal, time_machine: Any) -> None:
    asked = machine.ask()
    late = NOW + timedelta(minutes=10)
    time_machine.move_to(late, tick=False)
    assert machine.poll(asked["device_code"]).json()["error"] == "expired_token"
    with pytest.raises(Conflict) as refused:
        codes.allow(code=code_of(asked), by=session, now=late)
    assert refused.value.code == "device_code_expired"


def test_a_device_code_gives_its_tokens_once(machine: Machine, session: Principal) -> None:
    """A4."""
    asked = machine.ask()
    codes.allow(code=code_of(asked), by=session, now=NOW)
    answers = [machine.poll(asked["device_code"]) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert answers[2].json()["error"] == "invalid_grant"
    assert Token.objects.count() == 2


@pytest.mark.parametrize("by", [ANONYMOUS, "token"])
def test_only_a_person_in_a_browser_decides(machine: Machine, session: Principal, by: Any) -> None:
    asked = machine.ask()
    who = principal_for(session.person, scopes=frozenset({"read"})) if by == "token" else by
    for decide in (codes.allow, codes.refuse):
        with pytest.raises((NotPermitted, Conflict)):
            decide(code=code_of(asked), by=who, now=NOW)
    assert DeviceCode.objects.get().state == "waiting"


def test_staff_scopes_are_given_by_staff_alone(machine: Machine, session: Principal) -> None:
    asked = machine.ask("read", "review", "publish")
    assert codes.granted(code_of(asked), session) == ["read"]
    RoleGrant.objects.create(user=session.person, role="reviewer", by="system:test", at=NOW)
    reviewer = principal_for(session.person)
    assert codes.allow(code=code_of(asked), by=reviewer, now=NOW).scopes == ["read", "review"]


def test_staff_scopes_are_given_with_the_factor_of_staff_alone(
    machine: Machine, session: Principal, settings: Any
) -> None:
    """A3."""
    settings.STAFF_MFA = "passkey"
    RoleGrant.objects.create(user=session.person, role="reviewer", by="system:test", at=NOW)
    code = code_of(machine.ask("read", "review"))
    with pytest.raises(NotPermitted) as refused:
        codes.allow(code=code, by=principal_for(session.person, mfa=True), now=NOW)
    assert refused.value.code == "mfa_required"
    codes.allow(code=code, by=principal_for(session.person, mfa=True, passkey=True), now=NOW)


def test_nobody_has_more_than_20_devices(machine: Machine, session: Principal) -> None:
    day = timedelta(days=1)
    for _ in range(codes.MOST_LIVE_DEVICES):
        Device.objects.create(user=session.person, name="x", binding="", created_at=NOW, expires_at=NOW + day)
    with pytest.raises(Conflict) as refused:
        codes.allow(code=code_of(machine.ask()), by=session, now=NOW)
    assert refused.value.code == "too_many_devices"


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("device/code", {"client_id": "evil"}, "invalid_request"),
        ("device/code", {"scope": "read root"}, "invalid_scope"),
        ("token", {"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ("token", {"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ("token", {"grant_type": "authorization_code", "code": "x"}, "unsupported_grant_type"),
        ("token", {"grant_type": "refresh_token", "refresh_token": "wpr_no"}, "invalid_grant"),
        ("token", {"grant_type": "refresh_token", "client_id": "evil"}, "invalid_request"),
        ("token", {"grant_type": "refresh_token", "refresh_token": "x\0y"}, "invalid_request"),
        ("revoke", {"client_id": "evil", "token": "wpd_x"}, "invalid_client"),
    ],
)
def test_what_is_not_meant_is_refused(machine: Machine, path: str, form: dict[str, str], said: str) -> None:
    answer = machine.post(path, **form)
    assert (answer.status_code in (400, 401), answer.json()["error"]) == (True, said)
    assert not Token.objects.exists()


def test_nothing_is_read_from_the_address(machine: Machine, sign_in: SignIn) -> None:
    """G8: a token in an address would stand in logs."""
    _, tokens = sign_in()
    answer = machine.http.post(
        f"/identity/o/api/token?refresh_token={tokens['refresh_token']}",
        "client_id=weights&grant_type=refresh_token",
        content_type="application/x-www-form-urlencoded",
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_words_that_oauthlib_keeps_for_itself_are_ignored(machine: Machine, session: Principal) -> None:
    asked = machine.ask("read")
    codes.allow(code=code_of(asked), by=session, now=NOW)
    extra = {"user": "1", "scopes": "publish", "extra_credentials": "x", "client": "y"}
    answer = machine.post(
        "token",
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        device_code=asked["device_code"],
        **extra,
    )
    assert (answer.status_code, answer.json()["scope"]) == (200, "read")


def test_of_the_provider_only_the_device_flow_has_addresses(machine: Machine) -> None:
    paths = ["authorize", "logout", "api/userinfo", "api/clients", "api/introspect", "device"]
    found = [machine.http.get(f"/identity/o/{path}").status_code for path in paths]
    found += [
        machine.http.get(f"/.well-known/{path}").status_code for path in ("openid-configuration", "jwks.json")
    ]
    assert found == [404] * 8
    assert machine.http.get("/identity/o/api/token").status_code == 405


def test_there_is_one_public_client_for_two_grants(db: None) -> None:
    (client,) = Client.objects.all()
    assert (client.pk, client.type, client.check_secret(""), client.check_secret("!")) == (
        "weights", "public", False, False,
    )  # fmt: skip
    assert client.get_grant_types() == ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("login1.cluster.example.org", "login1"),
        ("  Ada's laptop ", "Ada s laptop"),
        ("<script>alert(1)</script>", "script alert 1 script"),
        ("{{7*7}} javascript:x\r\nBcc: x", "7 7 javascript x Bcc x"),
        ("https://evil.example/", "https evil"),
        ("\u202egnp\u200b", "gnp"),
        ("wpr_0123456789abcdefghijABCDEFGHIJ", UNNAMED),
        ("", UNNAMED),
        ("\x00", UNNAMED),
        ("x" * 500, "x" * 40),
    ],
)
def test_a5_a_machine_cannot_call_itself_what_leads_or_looks_otherwise(said: str, kept: str) -> None:
    assert machine_name(said) == kept


def test_a_code_is_meant_however_it_is_typed(machine: Machine) -> None:
    code = machine.ask()["user_code"]
    typed = [code.lower(), code.replace("-", ""), f" {code[:4]} {code[5:]} ", code]
    assert [codes.found(each) is not None for each in typed] == [True] * 4
    assert codes.found("") is None
    assert codes.found("\x00") is None


def test_a_migration_in_part_makes_no_client(db: None) -> None:
    """Where the table is not there yet, the way back and forth of other migrations must not fail."""
    Client.objects.all().delete()
    provider = installed.get_app_config("allauth_idp_oidc")
    keep_client(sender=provider, using="default", apps=StateApps([], {}))
    assert not Client.objects.exists()
    keep_client(sender=provider, using="default")
    assert Client.objects.get().pk == "weights"
