"""The database itself refuses what the rules forbid."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError

from licenses import states
from licenses.models import Grant, LicenseVersion, ReleaseTerms, Request, RequestVersion, Vote
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = pytest.mark.database


def refused(change: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        change()


REQUEST_FAULTS = {
    "unknown state": {"state": "granted"},
    "approved without a date": {"state": "approved", "decided_at": None},
    "rejected without a date": {"state": "rejected", "decided_at": None},
    "in review with a date of decision": {"decided_at": NOW},
    "in review without a license": {"license_version": None},
    "in review without a quorum": {"quorum": None},
    "a quorum of three": {"quorum": 3},
    "never submitted": {"submitted_at": None},
    "split after the decision": {"state": "approved", "decided_at": NOW, "split": True},
}


@pytest.mark.parametrize("fault", REQUEST_FAULTS)
def test_a_request_that_cannot_be(world: World, fault: str) -> None:
    request = world.request_in(states.SUBMITTED)
    refused(lambda: Request.objects.filter(pk=request.pk).update(**REQUEST_FAULTS[fault]))


GRANT_FAULTS = {
    "unknown state": {"state": "expired"},
    "ends as it starts": {"ends_at": NOW},
    "ends before it starts": {"ends_at": NOW - DAY},
    "revoked without a reason": {"state": "revoked"},
    "suspended without a reason": {"state": "suspended"},
    "closed without a reason": {"state": "closed"},
}


@pytest.mark.parametrize("fault", GRANT_FAULTS)
def test_a_grant_that_cannot_be(world: World, fault: str) -> None:
    grant = world.grant_in(states.ACTIVE)
    refused(lambda: Grant.objects.filter(pk=grant.pk).update(**GRANT_FAULTS[fault]))


@pytest.mark.parametrize("state", [*states.LIVE_STATES, states.REVOKED])
def test_a_person_has_one_live_grant_of_a_release(world: World, state: str) -> None:
    grant = world.grant_in(state)
    later = Request.objects.create(applicant=grant.user, created_at=NOW, updated_at=NOW)
    second = {
        "request": later,
        "user": grant.user,
        "release": grant.release,
        "license_version": world.license,
        "state_at": NOW,
        "starts_at": NOW,
        "ends_at": NOW + DAY,
    }
    if state in states.LIVE_STATES:
        refused(lambda: Grant.objects.create(**second))
    else:
        assert Grant.objects.create(**second)


def test_a_vote_of_a_reviewer_counts_once_a_version(world: World) -> None:
    """R6"""
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    twice = {"request": request, "version": 1, "reviewer": world.rita.user, "verdict": "approve", "at": NOW}
    refused(lambda: Vote.objects.create(**twice))
    assert Vote.objects.create(**twice, superseded_at=NOW)


@pytest.mark.parametrize(
    "fault", [{"verdict": "maybe"}, {"verdict": "reject"}, {"verdict": "request_changes"}]
)
def test_a_vote_that_cannot_be(world: World, fault: dict[str, str]) -> None:
    request = world.request_in(states.SUBMITTED)
    cast = {"request": request, "version": 1, "reviewer": world.rita.user, "at": NOW}
    refused(lambda: Vote.objects.create(**cast, **fault))


def test_a_person_has_one_open_request_for_a_release(world: World) -> None:
    request = world.draft()
    other = Request.objects.create(applicant=world.ada.user, created_at=NOW, updated_at=NOW)
    refused(lambda: other.requested.create(release=world.release, applicant=world.ada.user))
    request.requested.update(open=False)
    assert other.requested.create(release=world.release, applicant=world.ada.user)


def test_a_submitted_version_names_its_license(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    version = RequestVersion.objects.filter(request=request)
    refused(lambda: version.update(license_sha256="abc"))
    refused(lambda: version.update(license_version=None))
    refused(lambda: RequestVersion.objects.create(request=request, number=1, created_at=NOW))


@pytest.mark.parametrize(
    "fault", [{"quorum": 3}, {"quorum": 0}, {"strategy": "x"}, {"stage": "x"}, {"grant_days": 0}]
)
def test_terms_that_cannot_be(world: World, fault: dict[str, object]) -> None:
    refused(lambda: ReleaseTerms.objects.filter(release=world.release).update(**fault))


# --- license versions are for good ---


def test_a_license_version_is_not_saved_again(world: World) -> None:
    world.license.text = "Do as you please.\n"
    with pytest.raises(RuntimeError, match="never changed"):
        world.license.save()


def test_a_license_version_is_not_changed_by_an_update(world: World) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LicenseVersion.objects.filter(pk=world.license.pk).update(text="Do as you please.\n")
    world.license.refresh_from_db()
    assert "research alone" in world.license.text


def test_a_license_version_is_not_removed_by_sql(world: World) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM licenses_licenseversion")
    assert LicenseVersion.objects.exists()


@pytest.mark.parametrize("conflict", ["id", "number"])
def test_a_license_version_is_not_replaced_by_an_insert(world: World, conflict: str) -> None:
    new_id = world.license.pk if conflict == "id" else "lic_other"
    replace = "INSERT OR REPLACE INTO" if connection.vendor == "sqlite" else "INSERT INTO"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"{replace} licenses_licenseversion "  # noqa: S608
            "(id, license_id, number, text, sha256, effective_at, created_at, created_by) "
            "SELECT %s, license_id, number, 'Do as you please.', "
            " sha256, effective_at, created_at, created_by "
            "FROM licenses_licenseversion",
            [new_id],
        )
    assert "research alone" in LicenseVersion.objects.get().text


# --- R12: what others refer to is not deleted ---


@pytest.mark.parametrize("what", ["person", "reviewer", "release", "license", "request", "terms' release"])
def test_what_others_refer_to_is_not_deleted(world: World, what: str) -> None:
    grant = world.grant_in(states.ACTIVE)
    thing = {
        "person": grant.user,
        "reviewer": world.rita.user,
        "release": grant.release,
        "license": grant.license_version.license,
        "request": grant.request,
        "terms' release": world.release,
    }[what]
    with pytest.raises(ProtectedError):
        thing.delete()  # type: ignore[union-attr]
