"""Several commands at once on one machine whose token has ended: one renews, all go on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from portal.accounts.devices import codes
from portal.accounts.models import Device, DeviceCode
from portal.core.models import AuditEvent
from tests.integration.api.world import person, session_of
from weights_vault.client.credentials import DeviceTokens, device_tokens
from weights_vault.client.home import Home
from weights_vault.client.redaction import Secret
from weights_vault.client.settings import portal_file

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[3]
FORM = "application/x-www-form-urlencoded"
AT_ONCE = 4


def fetched() -> dict[str, Any]:
    """Sign a machine in by the endpoints; return what it got."""
    user = person("ada")
    asked = send("device/code")
    code = DeviceCode.objects.get(user_code=asked["user_code"])
    codes.allow(code=code, by=session_of(user), now=timezone.now())
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return send("token", grant_type=grant, device_code=asked["device_code"])


def send(path: str, **form: str) -> dict[str, Any]:
    body = urlencode({"client_id": "weights", **form})
    answer = Client().post(f"/identity/o/api/{path}", body, content_type=FORM)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def test_several_commands_at_once_renew_once(
    live_server: LiveServer, settings: Settings, tmp_path: Path
) -> None:
    settings.PORTAL_URL = live_server.url
    given = fetched()
    tokens = DeviceTokens(
        Secret(given["access_token"]), Secret(given["refresh_token"]), timezone.now() - timedelta(minutes=1)
    )
    home, kept = Home(tmp_path), portal_file(live_server.url, "token")
    home.write_private(kept, tokens.to_text() + "\n")
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        "HOME": str(tmp_path),
        "WEIGHTS_HOME": str(tmp_path),
        "WEIGHTS_PORTAL": live_server.url,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    command = [sys.executable, "-m", "weights_vault.client.main", "whoami", "--json"]
    running = [
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(AT_ONCE)
    ]
    said = [process.communicate(timeout=60) for process in running]

    assert [process.returncode for process in running] == [0] * AT_ONCE, said
    assert {json.loads(out)["email"] for out, _ in said} == {"ada@example.org"}
    assert AuditEvent.objects.filter(kind="device.renewed").count() == 1
    assert Device.objects.get().ended_at is None
    now_kept = device_tokens(home.path(kept).read_text())
    assert now_kept is not None
    assert now_kept.renewal.reveal() != given["refresh_token"]
