"""The doctor's line and the checks: how far the signer is behind, who can read its key."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.utils import timezone

from portal.core.doctor import Finding, examine
from portal.core.log import health, recovering, sequencer
from portal.core.log.files import LogFiles
from portal.core.models import AuditEvent, LogRecovered
from tests.unit.core.log.world import NOW, record, sign
from weights_vault.sealed.log.note import NoteVerifier
from weights_vault.sealed.signing import SigningKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    return LogFiles(tmp_path / "log")


def finding(seconds: float = 0) -> Finding:
    return dict(examine(NOW + timedelta(seconds=seconds)))["log"]


def ids(found: list[CheckMessage]) -> list[str | None]:
    return [message.id for message in found]


def test_log_without_events_is_fine() -> None:
    assert finding() == Finding(True, "nothing to sign yet")


@pytest.mark.parametrize(("seconds", "fine"), [(5, True), (5.1, False)])
def test_events_that_wait_longer_than_five_seconds_are_said(seconds: float, fine: bool) -> None:
    record(1)
    record(2)
    found = finding(seconds)
    assert found.ok is fine
    if not fine:
        assert found.detail == "2 events wait for a place, the oldest for 5 s"
        assert "python manage.py log_signer" in found.next_step


def test_signed_log_says_how_much_and_by_whom(files: LogFiles) -> None:
    record()
    sign(files)
    assert finding() == Finding(True, "1 entries signed, no witnesses")


@pytest.mark.parametrize("signed_before", [False, True])
def test_events_with_places_that_nothing_signs_are_said(files: LogFiles, signed_before: bool) -> None:
    """As where the signer's disk is full: nothing waits for a place any more."""
    if signed_before:
        record()
        sign(files)
    record()
    sequencer.catch_up()
    assert finding(5).ok
    assert finding(6).detail == "events got places that no head covers, the first 6 s ago"


def test_signer_that_fell_silent_is_found_although_nothing_waits(files: LogFiles) -> None:
    record()
    sign(files)
    assert finding(601).detail == "no head was signed since 2026-11-21 12:00:00 UTC"


def test_restored_database_is_named_before_anything_else(files: LogFiles) -> None:
    LogRecovered.objects.create(position=7, entry=b"{}", at=NOW)
    found = finding()
    assert (found.ok, found.next_step) == (False, "Run: python manage.py audit repair")
    assert "1 entries of the log are lost" in found.detail


def test_entries_that_were_adopted_are_lost_no_longer(files: LogFiles) -> None:
    record()
    sign(files)
    entry = next(files.entries(0))[1]
    with files.taken():
        files.append([entry.replace(b'"n":0', b'"n":1')])
    recovering.hold_lost(files, NOW)
    assert not finding().ok
    recovering.adopt(files, by="Olga Operator", reason="", now=NOW)
    sign(files)
    assert finding() == Finding(True, "3 entries signed, no witnesses")


def test_check_of_the_database_warns_of_events_that_wait() -> None:
    AuditEvent.objects.create(kind="a.b", by="usr_a", subject="x:1", at=timezone.now(), data={})
    assert health.signer_keeps_up(None, databases=["default"]) == []
    AuditEvent.objects.create(
        kind="a.b", by="usr_a", subject="x:1", at=timezone.now() - timedelta(seconds=9), data={}
    )
    assert ids(health.signer_keeps_up(None, databases=["default"])) == ["core.W111"]
    assert health.signer_keeps_up(None, databases=None) == []


def test_key_that_a_web_process_can_read_fails_deploy(settings: Any, tmp_path: Path) -> None:
    settings.EMBEDDED, settings.PROCESS = False, "web"
    assert ids(health.key_is_the_signers_alone(None)) == ["core.E110"]
    settings.PROCESS = "log_signer"
    assert health.key_is_the_signers_alone(None) == []
    settings.PROCESS, settings.LOG_KEY = "web", ""
    assert health.key_is_the_signers_alone(None) == []
    settings.LOG_KEY = str(tmp_path / "absent.pem")
    assert health.key_is_the_signers_alone(None) == []


@pytest.mark.parametrize(
    ("name", "value"), [("LOG_VERIFIER", ""), ("LOG_VERIFIER", "nonsense"), ("LOG_WITNESSES", "nonsense")]
)
def test_public_keys_that_cannot_be_read_stop_the_start(settings: Any, name: str, value: str) -> None:
    assert health.public_key_is_there(None) == []
    setattr(settings, name, value)
    [message] = health.public_key_is_there(None)
    assert (message.id, message.msg.startswith(name)) == ("core.E006", True)


@pytest.mark.parametrize(
    ("address", "name", "codes"),
    [
        ("https://weights.example.org", "weights.example.org/log", []),
        ("https://weights.example.org", "localhost:8000/log", ["core.E112"]),
        ("https://weights.example.org", "models.example.org/log", ["core.W113"]),
        ("http://localhost:8000", "localhost:8000/log", []),
    ],
)
def test_log_of_another_name_is_said(settings: Any, address: str, name: str, codes: list[str]) -> None:
    settings.PORTAL_URL = address
    settings.LOG_VERIFIER = NoteVerifier(name, SigningKey.generate().public).text
    found = health.log_is_named_after_the_portal(None)
    assert [each.id for each in found] == codes
    assert all("--make-key" in str(each.hint) for each in found)
