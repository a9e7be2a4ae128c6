"""I6: what is lost or rots in the store is found, and recalls the revision; what cannot be read does not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import RoleGrant, User
from portal.accounts.principals import Principal, system_principal
from portal.accounts.roles import RELEASE_MANAGER
from portal.core import jobs
from portal.core.audit import trail
from portal.core.models import Job, OutboxMessage
from portal.core.problems import Conflict
from tests.unit.vault.fakes import GRANT
from tests.unit.vault.folders import write_folder
from tests.unit.vault.scrubbing import body_of, flip, place_of, store_that
from weights_vault import keeper
from weights_vault.actions.withdraw import quarantine, restore, withdraw
from weights_vault.models import BodyCheck, RecipientKey, Revision, SealedBody
from weights_vault.scrub.due import next_body, tally
from weights_vault.scrub.findings import note
from weights_vault.scrub.reading import Allowance, Reading, unlimited
from weights_vault.scrub.rounds import SCRUB, check_revision, scrub_some, sit
from weights_vault.sealed.body import PART_SIZE
from weights_vault.storage import storage
from weights_vault.storage.port import StorageError

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SYSTEM = system_principal("test")
SHARD = "model-00001-of-00002.safetensors"
BIG = "model-00001-of-00001.safetensors"


@pytest.fixture
def big(publish: Callable[..., Revision], tmp_path: Path) -> Revision:
    """A revision with a body of two parts."""
    return publish("v1", folder=write_folder(tmp_path / "big", shards=1, values=3_000_000))


@pytest.fixture
def manager(make_person: Callable[[str], User], now: datetime) -> User:
    user = make_person("manager@example.org")
    RoleGrant.objects.create(user=user, role=RELEASE_MANAGER, by="system:test", at=now)
    return user


def check_all(now: datetime) -> list[BodyCheck]:
    return sit(now, unlimited())


def state_of(revision: Revision) -> str:
    return Revision.objects.values_list("state", flat=True).get(pk=revision.pk)


def do_jobs() -> None:
    jobs.run_due(worker="test", now=timezone.now())


def test_sound_store_is_read_in_whole_and_stays_published(revision: Revision, now: datetime) -> None:
    rows = check_all(now)
    assert len(rows) == SealedBody.objects.count()
    assert {(row.finding, row.checked_at, row.position) for row in rows} == {("", now, 0)}
    assert state_of(revision) == "published"
    assert next_body(now) is None


@pytest.mark.parametrize("offset", [0, 70_000])
def test_i6_one_rotten_bit_quarantines_the_revision_and_names_file_and_part(
    big: Revision, store_root: Path, now: datetime, offset: int
) -> None:
    flip(body_of(big, BIG), store_root, part=1, offset=offset)
    check_all(now)
    row = BodyCheck.objects.get(found_at__isnull=False)
    assert (row.finding, row.parts, row.body) == ("rotted", [1], body_of(big, BIG))
    big.refresh_from_db()
    assert big.state == "quarantined"
    assert f"The stored copy of {BIG} is damaged in part 1 (counted from 0) of 2." in big.state_reason
    assert "verified before is not affected" in big.state_reason


def test_i6_the_nonce_before_the_first_part_is_compared_too(
    revision: Revision, store_root: Path, now: datetime
) -> None:
    flip(body_of(revision, SHARD), store_root, offset=-1)
    check_all(now)
    assert BodyCheck.objects.get(found_at__isnull=False).parts == [0]


def test_i6_a_lost_object_quarantines_the_revision(
    revision: Revision, store_root: Path, now: datetime
) -> None:
    place_of(body_of(revision, SHARD), store_root).unlink()
    check_all(now)
    revision.refresh_from_db()
    assert (revision.state, BodyCheck.objects.get(found_at__isnull=False).finding) == (
        "quarantined",
        "missing",
    )
    assert revision.state_reason.startswith(f"The stored copy of {SHARD} is missing.")


@pytest.mark.parametrize("change", [-1, 1])
def test_i6_an_object_of_another_size_quarantines_the_revision(
    revision: Revision, store_root: Path, now: datetime, change: int
) -> None:
    place = place_of(body_of(revision, SHARD), store_root)
    place.chmod(0o600)
    data = place.read_bytes()
    place.write_bytes(data[:-1] if change < 0 else data + b"x")
    check_all(now)
    assert BodyCheck.objects.get(found_at__isnull=False).finding == "resized"
    assert state_of(revision) == "quarantined"


def test_every_published_revision_with_the_body_is_recalled_and_no_other(
    publish: Callable[..., Revision], store_root: Path, tmp_path: Path, now: datetime
) -> None:
    first, second = publish("v1"), publish("v2")
    other = publish("v3", folder=write_folder(tmp_path / "other", seed=2))
    assert body_of(first, SHARD) == body_of(second, SHARD)
    flip(body_of(first, SHARD), store_root)
    check_all(now)
    assert [state_of(each) for each in (first, second, other)] == ["quarantined", "quarantined", "published"]


def test_managers_are_mailed_once_with_all_that_was_found(
    revision: Revision, store_root: Path, manager: User, now: datetime
) -> None:
    flip(body_of(revision, SHARD), store_root)
    place_of(body_of(revision, "LICENSE.md"), store_root).unlink()
    check_all(now)
    do_jobs()
    [mail] = OutboxMessage.objects.filter(to=manager.email)
    assert f"The stored copy of {SHARD} (opt-small@v1) is damaged in part 0" in mail.text
    assert "The stored copy of LICENSE.md (opt-small@v1) is missing." in mail.text
    assert "manage.py release restore opt-small@v1" in mail.text
    check_all(now + timedelta(days=31))
    do_jobs()
    assert OutboxMessage.objects.filter(to=manager.email).count() == 1


def test_holders_are_told_that_what_they_verified_stays_good(
    revision: Revision, store_root: Path, session: Principal, key: RecipientKey, person: User, now: datetime
) -> None:
    keeper.issue_headers(
        by=session, grant=GRANT, revision=revision, key=key, files=list(revision.files.all()), now=now
    )
    flip(body_of(revision, SHARD), store_root)
    check_all(now)
    do_jobs()
    [mail] = OutboxMessage.objects.filter(to=person.email)
    assert "What was published is sound" in mail.text
    assert SHARD in mail.text


def test_the_log_keeps_what_was_found_and_when_it_was_gone(
    revision: Revision, store_root: Path, now: datetime
) -> None:
    body = body_of(revision, SHARD)
    flip(body, store_root)
    check_all(now)
    flip(body, store_root)
    check_all(now + timedelta(days=31))
    kinds = [event.kind for event in trail(f"body:{body.pk}")]
    assert kinds == ["scrub.damage_found", "scrub.damage_gone"]


def test_restoring_is_refused_until_the_same_bytes_are_back(
    revision: Revision, store_root: Path, now: datetime
) -> None:
    body = body_of(revision, SHARD)
    flip(body, store_root)
    check_all(now)
    with pytest.raises(Conflict) as caught:
        restore(revision=revision, reason="All is well.", by=SYSTEM, now=now)
    assert caught.value.code == "damage_open"
    assert SHARD in caught.value.detail
    assert state_of(revision) == "quarantined"
    flip(body, store_root)
    check_all(now + timedelta(days=31))
    assert restore(revision=revision, reason="Repaired.", by=SYSTEM, now=now).state == "published"


def test_damaged_revision_can_be_withdrawn(revision: Revision, store_root: Path, now: datetime) -> None:
    flip(body_of(revision, SHARD), store_root)
    check_all(now)
    assert withdraw(revision=revision, reason="Lost.", by=SYSTEM, now=now).state == "withdrawn"


def test_a_body_that_differs_once_is_read_again_first(revision: Revision, now: datetime) -> None:
    store, once = storage(), []

    def read(name: str, offset: int, out: memoryview) -> None:
        type(store).read(store, name, offset, out)
        if not once:
            once.append(name)
            out[0] ^= 1

    with store_that(read=read):
        check_all(now)
    assert once
    assert tally(now).damaged == 0


def failing(*args: Any) -> None:
    raise StorageError("the disk is on fire")


@pytest.mark.parametrize("method", ["size", "read"])
def test_a_store_that_cannot_be_read_is_no_damage(revision: Revision, now: datetime, method: str) -> None:
    """I7"""
    with store_that(**{method: failing}), pytest.raises(StorageError):
        check_all(now)
    assert (tally(now).damaged, tally(now).failing, state_of(revision)) == (0, 1, "published")


def test_what_cannot_be_read_holds_up_nothing_and_is_tried_again(revision: Revision, now: datetime) -> None:
    first = next_body(now)
    with store_that(read=failing), pytest.raises(StorageError):
        check_all(now)
    assert len(check_all(now)) == SealedBody.objects.count() - 1
    assert next_body(now) is None
    assert next_body(now + timedelta(hours=1)) == first


def test_i7_a_store_that_holds_nothing_at_all_is_away_and_recalls_nothing(
    revision: Revision, store_root: Path, now: datetime
) -> None:
    store_root.rename(store_root.with_name("unmounted"))
    for _ in range(3):
        with pytest.raises(StorageError, match="is its disk mounted"):
            check_all(now)
    assert (tally(now).damaged, state_of(revision)) == (0, "published")


def test_a_large_body_is_read_over_many_sittings_from_where_each_stopped(
    big: Revision, store_root: Path, now: datetime
) -> None:
    flip(body_of(big, BIG), store_root, part=0)
    read: list[tuple[str, int]] = []
    store = storage()

    def noting(name: str, offset: int, out: memoryview) -> None:
        read.append((name, offset))
        type(store).read(store, name, offset, out)

    with store_that(read=noting):
        while sit(now, Allowance(bytes_left=1, seconds=60)):
            pass
    name = body_of(big, BIG).object_name
    # Twice where it differs, and once more before it counts; the nonce is not looked at then.
    assert [offset for each, offset in read if each == name] == [16, 16, 16, 16 + PART_SIZE]
    row = BodyCheck.objects.get(body=body_of(big, BIG))
    assert (row.parts, row.position, row.checked_at) == ([0], 0, now)


def test_damage_is_told_at_the_end_of_the_sitting_that_met_it(
    big: Revision, store_root: Path, now: datetime
) -> None:
    flip(body_of(big, BIG), store_root, part=0)
    while state_of(big) == "published":
        assert sit(now, Allowance(bytes_left=1, seconds=60))
    assert BodyCheck.objects.get(body=body_of(big, BIG)).position in (0, 1)


def test_a_sitting_ends_with_its_time(revision: Revision, now: datetime) -> None:
    ticks = iter(range(0, 1000, 10))
    rows = sit(now, Allowance(bytes_left=1 << 40, seconds=20, clock=lambda: float(next(ticks))))
    assert 1 <= len(rows) < SealedBody.objects.count()


def test_the_longest_unread_is_next_and_all_are_read_within_the_days(
    publish: Callable[..., Revision], tmp_path: Path, now: datetime, settings: Any
) -> None:
    settings.SCRUB_DAYS = 8
    publish("v1")
    check_all(now)
    late = now + timedelta(days=2)
    publish("v2", folder=write_folder(tmp_path / "new", seed=2))
    check_all(late)
    assert next_body(now + timedelta(days=6) - timedelta(seconds=1)) is None
    due = next_body(now + timedelta(days=6))
    assert due is not None
    assert due.check_row.checked_at == now
    assert tally(now + timedelta(days=8)).overdue == 0
    assert tally(now + timedelta(days=8, seconds=1)).overdue > 0


def test_withdrawn_and_unpublished_bodies_are_left_alone(revision: Revision, now: datetime) -> None:
    withdraw(revision=revision, reason="Old.", by=SYSTEM, now=now)
    assert next_body(now) is None


def test_bodies_of_a_quarantined_revision_are_read(revision: Revision, now: datetime) -> None:
    quarantine(revision=revision, reason="Look.", by=SYSTEM, now=now)
    assert next_body(now) is not None


def test_a_published_revision_with_a_body_known_to_be_damaged_does_not_wait_for_its_turn(
    revision: Revision, store_root: Path, now: datetime
) -> None:
    flip(body_of(revision, SHARD), store_root)
    check_all(now)
    Revision.objects.filter(pk=revision.pk).update(state="published")
    check_all(now)
    assert state_of(revision) == "quarantined"


def test_the_job_reads_a_minutes_worth_and_none_when_it_is_off(
    revision: Revision, now: datetime, settings: Any
) -> None:
    settings.SCRUB_BYTES_PER_S = 0
    scrub_some({}, now)
    assert not BodyCheck.objects.exists()
    settings.SCRUB_BYTES_PER_S = 1
    scrub_some({}, now)
    assert 1 <= BodyCheck.objects.count() < SealedBody.objects.count()


def test_the_job_is_on_the_schedule(now: datetime, db: None) -> None:
    jobs.arm_schedule(now)
    assert Job.objects.get(key=f"periodic:{SCRUB}").every_s == 60


def test_a_sitting_that_another_overtook_does_not_declare_the_body_sound(
    big: Revision, store_root: Path, now: datetime
) -> None:
    """One was at part 1 when another began anew and found part 0 rotten."""
    body = body_of(big, BIG)
    note(body=body, start=0, reading=Reading(1, complete=False), now=now)
    flip(body, store_root, part=0)
    list(check_revision(big, lambda: now))
    row = note(body=body, start=1, reading=Reading(2, complete=True), now=now)
    assert (row.finding, row.parts) == ("rotted", [0])
