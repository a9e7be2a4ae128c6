"""Secrets that programs call with: personal tokens, and those of devices on which a person signed in."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from portal.accounts.devices import codes
from portal.accounts.models import User
from portal.accounts.principals import principal_for
from portal.accounts.scopes import SCOPES, in_order
from portal.accounts.tokens import create_token

FORM = "application/x-www-form-urlencoded"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def personal(user: User, scopes: Collection[str], *, grant: str = "") -> str:
    """A personal access token, made in the person's browser a moment ago."""
    name, by = "-".join(in_order(scopes)), principal_for(user, mfa=True, passkey=True)
    lifetime, now = timedelta(days=1), timezone.now()
    return create_token(user=user, name=name, scopes=scopes, lifetime=lifetime, by=by, now=now, grant=grant)[
        1
    ]


def of_device(user: User, scopes: Collection[str] = SCOPES) -> str:
    """The access token of a machine that asked for these scopes, and was allowed what the person can give."""
    asked = send("device/code", machine="login1", scope=" ".join(in_order(scopes))).json()
    code = codes.found(asked["user_code"])
    if code is None:
        raise RuntimeError("no machine can sign in")
    codes.allow(code=code, by=principal_for(user, mfa=True, passkey=True), now=timezone.now())
    given = send("token", grant_type=DEVICE_GRANT, device_code=asked["device_code"]).json()
    return str(given["access_token"])


def send(path: str, **form: str) -> Any:
    """Post to one of the three addresses that machines sign in by."""
    body = urlencode({"client_id": "weights", **form})
    return Client().post(f"/identity/o/api/{path}", body, content_type=FORM)
