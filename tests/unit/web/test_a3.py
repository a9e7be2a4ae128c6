"""A3: staff who proved no passkey change nothing, on any page. Generated from the rows of A7."""

import time
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.urls import reverse

from portal.core.models import AuditEvent
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_a7 import ROWS
from tests.unit.web.world import World
from weights_vault.models import Release

STAFF = {"rosa", "ravi", "mika", "alma"}
UNSEEN = {"organization"}  # who is no administrator yet is answered as if there were none


@pytest.mark.parametrize("proof", ["nothing", "a code of an app"])
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.reader in STAFF])
def test_a3_staff_without_a_passkey_change_nothing(
    world: World, open_as: OpenAs, big: Release, settings: Any, name: str, proof: str
) -> None:
    row = ROWS[name]
    names, form = row.make(world, big)
    settings.STAFF_MFA = "passkey"
    if proof != "nothing":
        TOTP.activate(world.people[row.reader], generate_totp_secret())
    client = open_as(row.reader)
    if proof != "nothing":
        session = client.session
        session["account_authentication_methods"] += [
            {"method": "mfa", "type": "totp", "at": time.time(), "reauthenticated": True}
        ]
        session.save()
    before = set(AuditEvent.objects.values_list("pk", flat=True))
    answer = client.post(reverse(name, args=names), form)

    said = (answer.status_code, "mfa_required" in answer.content.decode())
    assert said == ((404, False) if name in UNSEEN else (403, True))
    assert not AuditEvent.objects.exclude(pk__in=before).exists()
