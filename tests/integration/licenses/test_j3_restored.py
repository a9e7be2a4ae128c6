"""J3, whole: a grant is revoked, a backup of before is restored, and the grant opens nothing all the same."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from licenses import actions, states
from licenses.access import LicenseAccess
from licenses.models import Grant
from portal.core.log.files import log_files
from portal.core.verdicts import Denied
from tests.unit.core.log.test_j3_restored import backup, restore
from tests.unit.core.log.world import sign
from tests.unit.licenses.world import NOW, World

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def refused(world: World) -> str:
    verdict = LicenseAccess().judge(world.ada, world.release, "manifest", now=NOW)  # type: ignore[arg-type]
    return verdict.code if isinstance(verdict, Denied) else ""


def test_j3_revoked_grant_stays_away_from_the_restored_backup_on(settings: Any, tmp_path: Path) -> None:
    settings.LOG_CHECKPOINTS = str(tmp_path / "log")
    world = World()
    grant = world.grant_in(states.ACTIVE)
    sign(log_files())
    rows, live = backup(), Grant.objects.filter(pk=grant.pk).values().get()
    actions.revoke(grant=grant, reason="Shared with others.", by=world.rita, now=NOW)
    sign(log_files())
    restore(rows)
    Grant.objects.filter(pk=grant.pk).update(**{name: value for name, value in live.items() if name != "id"})
    assert refused(world) == "", "the backup knows nothing of the revocation"
    with pytest.raises(CommandError, match=r"1 are lost: a backup was restored"):
        call_command("log_signer", "--once")
    assert refused(world) == "grant_suspended"
    call_command("audit", "repair", "--adopt", "--by", "Olga Operator", "--reason", "The disk failed.")
    call_command("log_signer", "--once")
    call_command("audit", "verify")
    assert refused(world) == "grant_suspended", "until staff decide"
    grant.refresh_from_db()
    actions.revoke(grant=grant, reason="As before.", by=world.rita, now=NOW)
    assert refused(world) == "grant_revoked"
