"""A4: a code that is allowed, fetched or renewed many times at once, in threads and in processes."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.idp.oidc.models import Token
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.accounts.devices import codes, families
from portal.accounts.devices.provider import DeviceValidator
from portal.accounts.models import Device, DeviceCode, User
from portal.accounts.principals import Principal, principal_for
from portal.core.models import AuditEvent
from tests.integration.api.world import person
from tests.integration.licenses.race import codes as refusals
from tests.integration.licenses.race import crew

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[3]
FORM = "application/x-www-form-urlencoded"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
AT_ONCE = 50


@pytest.fixture
def ada(transactional_db: None) -> User:
    return person("ada")


@pytest.fixture
def by(ada: User) -> Principal:
    return principal_for(ada)


def ask() -> dict[str, Any]:
    return dict(send("device/code", machine="login1").json())


def send(path: str, **form: str) -> Any:
    body = urlencode({"client_id": "weights", **form})
    return Client().post(f"/identity/o/api/{path}", body, content_type=FORM)


def code_of(asked: dict[str, Any]) -> DeviceCode:
    return DeviceCode.objects.get(user_code=asked["user_code"])


def test_a_user_code_allowed_50_times_at_once_is_one_device(by: Principal) -> None:
    asked = ask()
    code = code_of(asked)
    with crew(AT_ONCE) as race:
        results = race.run(*[lambda: codes.allow(code=code, by=by, now=timezone.now())] * AT_ONCE)
    assert refusals(results) == ["device_code_allowed"] * (AT_ONCE - 1)
    assert Device.objects.count() == 1
    assert AuditEvent.objects.filter(kind="device.allowed").count() == 1


def test_a_device_code_fetched_50_times_at_once_gives_one_pair(by: Principal) -> None:
    asked = ask()
    codes.allow(code=code_of(asked), by=by, now=timezone.now())
    with crew(AT_ONCE) as race:
        act = lambda: send("token", grant_type=GRANT, device_code=asked["device_code"]).status_code  # noqa: E731
        statuses: list[Any] = race.run(*[act] * AT_ONCE)
    assert sorted(statuses) == [200] + [400] * (AT_ONCE - 1)
    assert sorted(Token.objects.values_list("type", flat=True)) == ["at", "rt"]


def test_a_renewal_sent_50_times_at_once_leaves_one_pair_or_none(by: Principal) -> None:
    """A retry is answered while nobody used the answer before; never do two pairs work side by side."""
    asked = ask()
    codes.allow(code=code_of(asked), by=by, now=timezone.now())
    given = send("token", grant_type=GRANT, device_code=asked["device_code"]).json()
    with crew(AT_ONCE) as race:
        act = lambda: send("token", grant_type="refresh_token", refresh_token=given["refresh_token"])  # noqa: E731
        answers: list[Any] = race.run(*[act] * AT_ONCE)
    assert {answer.status_code for answer in answers} == {200}
    access = [answer.json()["access_token"] for answer in answers]
    works = [
        Client().get("/api/v1/me", headers={"Authorization": f"Bearer {each}"}).status_code for each in access
    ]
    assert sorted(works) == [200] + [401] * (AT_ONCE - 1)
    assert Token.objects.filter(type="at").count() == 1


def test_a_renewal_that_was_used_and_comes_50_times_at_once_ends_the_device_once(by: Principal) -> None:
    """Two hold it, and nobody can tell which of them stole it."""
    asked = ask()
    codes.allow(code=code_of(asked), by=by, now=timezone.now())
    given = send("token", grant_type=GRANT, device_code=asked["device_code"]).json()
    old = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    new = send("token", **old).json()
    me = {"Authorization": f"Bearer {new['access_token']}"}
    assert Client().get("/api/v1/me", headers=me).status_code == 200
    with crew(AT_ONCE) as race:
        statuses: list[Any] = race.run(*[lambda: send("token", **old).status_code] * AT_ONCE)
    assert statuses == [400] * AT_ONCE
    assert Client().get("/api/v1/me", headers=me).status_code == 401
    assert not Token.objects.exists()
    assert AuditEvent.objects.filter(kind="device.reused").count() == 1


def test_processes_of_their_own_see_the_same_codes_and_the_same_end(by: Principal) -> None:
    """One asks, this one allows, both fetch at once; what this one ends, they refuse at their next call."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(web_process()) for _ in range(2))
        asked = say(one, "device/code", machine="login1")["body"]
        device = codes.allow(code=code_of(asked), by=by, now=timezone.now())
        fetching = {"grant_type": GRANT, "device_code": asked["device_code"]}
        for process in (one, other):
            tell(process, "token", **fetching)
        answers = [hear(process) for process in (one, other)]
        assert sorted(answer["status"] for answer in answers) == [200, 400]
        given = next(answer["body"] for answer in answers if answer["status"] == 200)
        me = {"bearer": given["access_token"]}
        assert [say(process, "me", **me)["status"] for process in (one, other)] == [200, 200]

        families.end(device=device, by=by, now=timezone.now())
        assert [say(process, "me", **me)["status"] for process in (one, other)] == [401, 401]


def test_what_has_no_device_code_of_ours_is_not_patched_in() -> None:
    """allauth 65 lacks what oauthlib 4.0.1 asks for; ours is a method of its own class, not of theirs."""
    assert "validate_device_code" in vars(DeviceValidator)


def web_process() -> subprocess.Popen[str]:
    database = {**settings.DATABASES["default"], "NAME": str(connection.settings_dict["NAME"])}
    database.pop("TEST", None)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.integration.limits.process_settings",
        "TEST_DATABASE": json.dumps(database, default=str),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.api.device_process"],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def tell(process: subprocess.Popen[str], path: str, **form: str) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"path": path, "form": form}) + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    return dict(json.loads(process.stdout.readline()))


def say(process: subprocess.Popen[str], path: str, **form: str) -> dict[str, Any]:
    tell(process, path, **form)
    return hear(process)
