"""Keys are changed by commands: each says what it did, records it, and loses nothing to another at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from portal.core import audit, keys
from portal.core.audit import trail
from portal.core.keys import ring, rotation
from portal.core.keys.ring import Ring
from weights_vault import delivery, trust
from weights_vault.models import HeadRecord, Release, Revision

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_keys")]

DAY = timedelta(days=1)


def run(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def test_commands_change_keys_say_so_and_leave_their_events(
    release: Release, revision: Revision, settings: Any
) -> None:
    before = datetime.now(UTC)
    assert "signs from the first day on (signs now)" in run("rotate_signing_key", "head", "--list")
    assert "Nothing is left to do" in run("rotate_signing_key", "head")
    envelope = bytes(HeadRecord.objects.get().envelope)
    run("rotate_signing_key", "head", "--compromised")
    assert bytes(HeadRecord.objects.get().envelope) != envelope
    with pytest.raises(CommandError, match="none_announced"):
        run("rotate_root", "--take-over")
    assert "next root will be" in run("rotate_root", "--announce")
    assert "Keep the old key file" in run("rotate_root", "--take-over")
    assert delivery.trust_document(before + DAY)
    kinds = [event.kind for event in trail("signing_key:head", "signing_key:root")]
    assert kinds == ["signing_key.changed", "signing_key.changed", "root.announced", "root.taken_over"]


def test_empty_variable_behind_drop_makes_no_new_key(release: Release, revision: Revision) -> None:
    before = run("rotate_signing_key", "head", "--list")
    with pytest.raises(CommandError, match="no_such_key"):
        run("rotate_signing_key", "head", "--drop", "")
    assert run("rotate_signing_key", "head", "--list") == before


@pytest.mark.parametrize("words", [("rotate_root", "--announce"), ("rotate_signing_key", "head")])
def test_change_of_keys_that_cannot_be_recorded_does_not_happen(
    words: tuple[str, ...], own_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*fields: object, **named: object) -> None:
        raise OSError("the disk is full")

    before = sorted(own_keys.iterdir())
    monkeypatch.setattr(audit, "record", full)
    with pytest.raises(CommandError, match="full"):
        call_command(*words, stdout=StringIO())
    assert sorted(own_keys.iterdir()) == before


def test_two_consoles_at_once_lose_no_key(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second begins when the first has read the ring and has not yet written it."""
    read, second_is_done = Event(), Event()
    keep = rotation._keep

    def slowly(changed: Ring) -> Ring:
        if not read.is_set():
            read.set()
            second_is_done.wait(0.5)
        return keep(changed)

    monkeypatch.setattr(rotation, "_keep", slowly)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(rotation.rotate, "head", now)
        assert read.wait(20)
        rotation.rotate("manifest", now)
        second_is_done.set()
        first.result()
    assert [len(keys.public_keys(role, now)) for role in ("head", "manifest")] == [2, 2]


def test_folder_that_is_none_gets_no_lock(settings: Any, tmp_path: Path, now: datetime) -> None:
    settings.SIGNING_KEYS = str(tmp_path / "mistyped")
    with pytest.raises(ImproperlyConfigured, match="mistyped"):
        rotation.rotate("head", now)
    assert not (tmp_path / "mistyped").exists()


def test_the_trust_document_in_force_costs_one_reading_of_the_ring(
    settings: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotation.announce_root(now)
    envelope = trust.sign(now)
    loads: list[str] = []
    load = ring.load

    def counted(folder: Path, setting: str) -> Ring | None:
        loads.append(setting)
        return load(folder, setting)

    monkeypatch.setattr(ring, "load", counted)
    assert trust.sign(now) == envelope
    assert loads == ["SIGNING_KEYS"]
