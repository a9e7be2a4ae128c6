"""The tokens of a device: renewed, ended together, and ended when one comes twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from allauth.idp.oidc.models import Token
from allauth.mfa.models import Authenticator
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from portal.accounts import tokens
from portal.accounts.actions.people import disable
from portal.accounts.devices import codes, families
from portal.accounts.models import Device, User
from portal.accounts.principals import Principal, system_principal
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import NotPermitted
from tests.unit.accounts.conftest import NOW, MakeUser
from tests.unit.accounts.devices.conftest import Machine, SignIn


@pytest.fixture
def at(time_machine: Any) -> Callable[..., None]:
    def go(**later: float) -> None:
        time_machine.move_to(NOW + timedelta(**later), tick=False)

    return go


@pytest.mark.database
def test_a_renewal_gives_new_tokens_and_ends_the_old(
    machine: Machine, sign_in: SignIn, at: Callable[..., None]
) -> None:
    _, first = sign_in()
    at(minutes=50)
    answer = machine.renew(first["refresh_token"])

    second = answer.json()
    assert (answer.status_code, second["expires_in"], second["scope"]) == (
        200, 3600, "read requests download attest",
    )  # fmt: skip
    assert second["refresh_expires_in"] == 90 * 86_400 - 3000
    assert machine.me(first["access_token"]).status_code == 401
    assert machine.me(second["access_token"]).status_code == 200


def test_an_access_token_lives_an_hour_and_a_device_90_days(
    machine: Machine, sign_in: SignIn, at: Callable[..., None]
) -> None:
    _, given = sign_in()
    at(minutes=59, seconds=59)
    assert machine.me(given["access_token"]).status_code == 200
    at(hours=1)
    refused = machine.me(given["access_token"])
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Bearer realm="api"')

    at(days=90, seconds=-60)
    last = machine.renew(given["refresh_token"]).json()
    assert last["expires_in"] == 60
    at(days=90)
    assert machine.me(last["access_token"]).status_code == 401
    assert machine.renew(last["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.database
def test_a_renewal_token_that_comes_twice_ends_the_family_and_tells_its_owner(
    machine: Machine, sign_in: SignIn, at: Callable[..., None]
) -> None:
    """A thief and the owner's machine: whichever of them comes second ends it for both."""
    device, first = sign_in()
    at(minutes=50)
    thief = machine.renew(first["refresh_token"]).json()
    at(minutes=55)
    owners = machine.renew(first["refresh_token"])

    assert (owners.status_code, owners.json()["error"]) == (400, "invalid_grant")
    assert machine.me(thief["access_token"]).status_code == 401
    assert machine.renew(thief["refresh_token"]).status_code == 400
    device.refresh_from_db()
    assert (device.reused, device.ended_at) == (True, NOW + timedelta(minutes=55))
    assert not Token.objects.exists()
    assert AuditEvent.objects.filter(kind="device.reused", data__device=device.pk).count() == 1
    mailed = OutboxMessage.objects.filter(subject__contains="used twice")
    assert [message.to for message in mailed] == ["ada@example.org"]


def test_a_lost_answer_is_asked_for_again_within_a_minute(
    machine: Machine, sign_in: SignIn, at: Callable[..., None]
) -> None:
    device, first = sign_in()
    at(minutes=50)
    lost = machine.renew(first["refresh_token"]).json()
    at(minutes=50, seconds=60)
    again = machine.renew(first["refresh_token"])

    assert again.status_code == 200
    assert machine.me(lost["access_token"]).status_code == 401
    assert machine.me(again.json()["access_token"]).status_code == 200
    device.refresh_from_db()
    assert device.ended_at is None


@pytest.mark.parametrize("used", ["access_token", "refresh_token"])
def test_once_the_first_answer_was_used_nothing_is_a_retry(
    machine: Machine, sign_in: SignIn, at: Callable[..., None], used: str
) -> None:
    device, first = sign_in()
    at(minutes=50)
    taken = machine.renew(first["refresh_token"]).json()
    machine.me(taken[used]) if used == "access_token" else machine.renew(taken[used])
    at(minutes=50, seconds=1)
    assert machine.renew(first["refresh_token"]).status_code == 400
    device.refresh_from_db()
    assert device.reused


def test_a_pair_that_a_retry_replaced_is_nobodys(
    machine: Machine, sign_in: SignIn, at: Callable[..., None]
) -> None:
    """The thief was quicker, and the owner's machine came within the minute: the thief's pair ends it."""
    device, first = sign_in()
    at(minutes=50)
    thief = machine.renew(first["refresh_token"]).json()
    owners = machine.renew(first["refresh_token"]).json()
    assert machine.renew(thief["refresh_token"]).status_code == 400
    assert machine.me(owners["access_token"]).status_code == 401
    device.refresh_from_db()
    assert device.reused


@pytest.mark.database
@pytest.mark.parametrize("gone", [Token, Device])
def test_a_renewal_that_waited_for_the_end_renews_nothing(
    machine: Machine, sign_in: SignIn, gone: Any
) -> None:
    """What it had read is deleted once it goes on."""
    _, given = sign_in()

    def end_first(by: Principal) -> None:
        gone.objects.all().delete()

    with patch.object(families, "require_present", end_first):
        answer = machine.renew(given["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.database
def test_polling_locks_the_device_before_the_code(machine: Machine, session: Principal) -> None:
    """As whoever ends the device does, so that the two do not wait for each other."""
    asked = machine.ask()
    code = codes.found(asked["user_code"])
    assert code is not None
    codes.allow(code=code, by=session, now=NOW)
    with transaction.atomic(), CaptureQueriesContext(connection) as told:
        assert codes.poll(asked["device_code"], "weights", NOW).device is not None
    read = [each["sql"] for each in told if each["sql"].startswith("SELECT")]
    tables = [sql.partition(" FROM ")[2].split()[0].strip('"') for sql in read]
    assert tables[1:4] == ["accounts_user", "accounts_device", "accounts_devicecode"]


def change_password(user: User) -> None:
    user.set_password("another long passphrase")
    user.save()


def add_factor(user: User) -> None:
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={})


@pytest.mark.database
@pytest.mark.parametrize("change", [change_password, add_factor])
def test_a_device_ends_with_what_its_owner_signs_in_by(
    machine: Machine, sign_in: SignIn, session: Principal, change: Callable[[User], None]
) -> None:
    """A2: without anybody having to remember to, by what is compared at each request."""
    _, given = sign_in()
    assert machine.me(given["access_token"]).status_code == 200
    change(session.person)
    assert machine.me(given["access_token"]).status_code == 401
    assert machine.renew(given["refresh_token"]).status_code == 400


def test_printing_recovery_codes_ends_nothing(machine: Machine, sign_in: SignIn, ada: User) -> None:
    _, given = sign_in()
    Authenticator.objects.create(user=ada, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert machine.me(given["access_token"]).status_code == 200


def test_a_disabled_owner_ends_it(machine: Machine, sign_in: SignIn, ada: User) -> None:
    """A2."""
    device, given = sign_in()
    disable(user=ada, reason="left", by=system_principal("test"), now=NOW)
    assert machine.me(given["access_token"]).status_code == 401
    assert machine.renew(given["refresh_token"]).status_code == 400
    device.refresh_from_db()
    assert device.ended_at == NOW


@pytest.mark.database
@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_all_of_the_device(machine: Machine, sign_in: SignIn, which: str) -> None:
    """RFC 7009."""
    device, given = sign_in()
    assert machine.post("revoke", token=given[which]).status_code == 200
    assert machine.me(given["access_token"]).status_code == 401
    assert machine.renew(given["refresh_token"]).status_code == 400
    device.refresh_from_db()
    assert (device.ended_at, device.reused) == (NOW, False)
    assert machine.post("revoke", token=given[which]).status_code == 200


def test_a_device_signs_itself_out_by_the_api_too(machine: Machine, sign_in: SignIn) -> None:
    device, given = sign_in()
    answer = machine.http.delete(
        "/api/v1/me/token", headers={"Authorization": f"Bearer {given['access_token']}"}
    )
    assert answer.status_code == 204
    device.refresh_from_db()
    assert device.ended_at == NOW


def test_a_renewal_token_opens_nothing_itself(machine: Machine, sign_in: SignIn) -> None:
    _, given = sign_in()
    assert machine.me(given["refresh_token"]).status_code == 401
    assert machine.renew(given["access_token"]).status_code == 400


def test_nobody_ends_anothers_device(machine: Machine, sign_in: SignIn, make_user: MakeUser) -> None:
    from portal.accounts.principals import principal_for

    device, _ = sign_in()
    bo = principal_for(make_user("bo@example.org"))
    with pytest.raises(NotPermitted):
        families.end(device=device, by=bo, now=NOW)
    with pytest.raises(NotPermitted):
        codes.refuse(code=device.code, by=principal_for(device.user, scopes=frozenset({"read"})), now=NOW)


def test_everything_ends_at_once(machine: Machine, sign_in: SignIn, session: Principal) -> None:
    _, given = sign_in()
    day = timedelta(days=1)
    _, secret = tokens.create_token(
        user=session.person, name="x", scopes=["read"], lifetime=day, by=session, now=NOW
    )
    assert tokens.end_everything(by=session, now=NOW) == 2
    assert [machine.me(each).status_code for each in (secret, given["access_token"])] == [401, 401]
    assert not Device.objects.filter(ended_at=None).exists()


def test_the_last_use_is_noted_to_the_minute(
    machine: Machine, sign_in: SignIn, at: Callable[..., None]
) -> None:
    device, given = sign_in()
    seen = []
    for seconds in (0, 59, 61):
        at(seconds=seconds)
        machine.me(given["access_token"])
        device.refresh_from_db()
        seen.append((device.last_used_at - NOW).total_seconds())
    assert (seen, device.address) == ([0, 0, 61], "127.0.0.1")


def test_what_was_allowed_and_never_fetched_is_ended(
    machine: Machine, sign_in: SignIn, session: Principal
) -> None:
    """The answer was lost, or the command interrupted: the list must not show a device that is nobody's."""
    fetched, _ = sign_in()
    asked = codes.found(machine.ask()["user_code"])
    assert asked is not None
    lost = codes.allow(code=asked, by=session, now=NOW)
    codes.clear({}, NOW + codes.LIFETIME - timedelta(seconds=1))
    lost.refresh_from_db()
    assert lost.ended_at is None
    codes.clear({}, NOW + codes.LIFETIME)
    lost.refresh_from_db()
    fetched.refresh_from_db()
    assert (lost.ended_at, fetched.ended_at) == (NOW + codes.LIFETIME, None)
    assert AuditEvent.objects.get(kind="device.ended").by == "system:devices"


def test_what_is_over_is_cleared(machine: Machine, sign_in: SignIn, at: Callable[..., None]) -> None:
    sign_in()
    machine.ask()
    codes.clear({}, NOW + timedelta(days=1, minutes=10))
    assert list(Token.objects.values_list("type", flat=True)) == ["rt"]
    assert machine.ask()["user_code"]
    codes.clear({}, NOW + timedelta(days=91))
    assert not Token.objects.exists()
