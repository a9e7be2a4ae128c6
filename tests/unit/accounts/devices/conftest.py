"""A machine that asks, polls and renews over HTTP, as `weights` does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from portal.accounts.devices import codes
from portal.accounts.models import Device
from portal.accounts.principals import Principal
from tests.unit.accounts.conftest import NOW

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Machine:
    """Speaks to the three endpoints. It has no cookies and no session."""

    http: Client

    def post(self, path: str, **form: str) -> Any:
        from urllib.parse import urlencode

        body = urlencode({"client_id": "weights", **form})
        return self.http.post(f"/identity/o/api/{path}", body, content_type=FORM)

    def ask(self, *scopes: str, machine: str = "login1") -> dict[str, Any]:
        scope = {"scope": " ".join(scopes)} if scopes else {}
        answer = self.post("device/code", machine=machine, **scope)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def poll(self, device_code: str) -> Any:
        return self.post("token", grant_type=GRANT, device_code=device_code)

    def renew(self, renewal: str) -> Any:
        return self.post("token", grant_type="refresh_token", refresh_token=renewal)

    def me(self, access: str) -> Any:
        return self.http.get("/api/v1/me", headers={"Authorization": f"Bearer {access}"})


@pytest.fixture
def machine(db: None, time_machine: Any) -> Machine:
    time_machine.move_to(NOW, tick=False)
    return Machine(Client())


SignIn = Callable[..., tuple[Device, dict[str, Any]]]


@pytest.fixture
def sign_in(machine: Machine, session: Principal) -> SignIn:
    """Signs the machine in to Ada's account; returns the device and the answer with its tokens."""

    def signed_in(*scopes: str, now: datetime = NOW) -> tuple[Device, dict[str, Any]]:
        asked = machine.ask(*scopes)
        code = codes.found(asked["user_code"])
        assert code is not None
        device = codes.allow(code=code, by=session, now=now)
        answer = machine.poll(asked["device_code"])
        assert answer.status_code == 200, answer.content
        return device, dict(answer.json())

    return signed_in
