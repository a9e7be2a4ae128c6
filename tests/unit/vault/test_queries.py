"""What pages, the API and the doctor read of the vault."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.accounts.models import User
from portal.accounts.principals import ANONYMOUS, Principal, principal_for, system_principal
from portal.core.doctor import examine
from tests.stored import store_object
from weights_vault import queries
from weights_vault.actions.withdraw import withdraw
from weights_vault.models import RecipientKey, Release, Revision
from weights_vault.sealed.keys import generate_identity
from weights_vault.storage.port import random_name

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_everybody_sees_their_own_keys_alone(
    session: Principal, key: RecipientKey, make_person: Callable[[str], User]
) -> None:
    """A1"""
    eve = principal_for(make_person("eve@example.org"))
    assert list(queries.keys_of(session)) == [key]
    assert list(queries.keys_of(eve)) == []
    assert list(queries.keys_of(ANONYMOUS)) == []


def test_key_whose_challenge_ran_out_is_no_longer_live(
    session: Principal, person: User, make_key: Callable[..., RecipientKey], now: datetime
) -> None:
    waiting = make_key(
        person,
        generate_identity("x25519"),
        state="challenged",
        activated_at=None,
        answer_by=now + timedelta(minutes=1),
    )
    assert list(queries.live_keys_of(session, now)) == [waiting]
    assert list(queries.live_keys_of(session, now + timedelta(minutes=2))) == []
    assert list(queries.active_keys_of(session)) == []


def test_current_revision_is_the_newest_that_may_be_had(
    release: Release, publish: Callable[..., Revision], now: datetime
) -> None:
    first, second = publish("v1"), publish("v2")
    assert queries.current_revision(release) == second
    withdraw(revision=second, reason="Damaged.", by=system_principal("test"), now=now)
    assert queries.current_revision(release) == first
    assert queries.revision_for(release, "v2") == second
    withdraw(revision=first, reason="Damaged.", by=system_principal("test"), now=now)
    assert queries.current_revision(release) is None
    assert queries.revision_for(release) == second


def test_unpublished_revision_is_not_found_by_name(release: Release, now: datetime) -> None:
    Revision.objects.create(release=release, name="v1", created_at=now, created_by="system:test")
    assert queries.revision_for(release, "v1") is None
    assert list(queries.revisions_of(release)) == []


def test_files_of_another_revision_are_not_found(publish: Callable[..., Revision]) -> None:
    """G3"""
    first, second = publish("v1"), publish("v2")
    foreign = [file.id for file in second.files.all()]
    assert queries.files_of(first, foreign) == []
    assert len(queries.files_of(second, foreign)) == len(foreign)


def finding(now: datetime) -> Any:
    return dict(examine(now))["storage"]


def test_doctor_finds_a_sound_store_sound(revision: Revision, now: datetime) -> None:
    assert finding(now).ok


def test_doctor_finds_objects_that_nothing_names(
    revision: Revision, now: datetime, settings: Any, store_root: Path
) -> None:
    """I1"""
    name = random_name()
    store_object(name, b"lost")
    written = (store_root / name[:2] / name[2:4] / name).stat().st_mtime
    age = timedelta(days=settings.LEFTOVER_DAYS)
    assert finding(datetime.fromtimestamp(written, UTC) + age).ok  # perhaps its row is being written
    found = finding(datetime.fromtimestamp(written, UTC) + age + timedelta(seconds=1))
    assert not found.ok
    assert "1 object that no row names, 4 bytes" in found.detail


def test_doctor_finds_a_store_that_cannot_be_made(settings: Any, tmp_path: Path, now: datetime) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.STORAGE_URL = f"file://{tmp_path}/file/store"
    assert not finding(now).ok
