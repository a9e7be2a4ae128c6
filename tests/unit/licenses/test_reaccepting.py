"""A newer license version that live grants must accept by a date."""

from datetime import timedelta
from typing import Any

import pytest

from licenses import actions, policies, queries, states
from licenses.actions.reaccepting import want_of_all, want_reacceptance
from licenses.models import Acceptance, Agreement, Grant, LicenseVersion
from portal.accounts import pending
from portal.accounts.models import Organization
from portal.core import audit
from portal.core.jobs import run_due
from portal.core.models import Job, OutboxMessage
from portal.core.problems import Conflict, Invalid, NotPermitted
from portal.core.verdicts import Allowed, Denied
from tests.unit.licenses.world import DAY, NOW, World, session, token

pytestmark = [pytest.mark.django_db, pytest.mark.database]

BY = NOW + 30 * DAY


def newer(world: World, text: str = "New.", reaccept_by: Any = BY, **fields: Any) -> LicenseVersion:
    given = {"effective_at": NOW, "by": world.rita, "now": NOW, **fields}
    return actions.publish_license_version(
        license=world.license.license, text=text, reaccept_by=reaccept_by, **given
    )


def accept(world: World, grant: Grant, version: LicenseVersion, **given: Any) -> Grant:
    said = {"typed_name": "Ada Example", "by": world.ada, "now": NOW + DAY, **given}
    return actions.reaccept(grant=grant, license_sha256=version.sha256, **said)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def grant(world: World) -> Grant:
    return world.grant_in(states.ACTIVE)


def test_publishing_asks_each_holder_once_by_a_job(world: World, grant: Grant) -> None:
    version = newer(world)
    assert Job.objects.filter(kind="licenses.want_reacceptance").count() == 1
    assert want_reacceptance(version=version, now=NOW) == 1
    assert want_reacceptance(version=version, now=NOW) == 0
    grant.refresh_from_db()
    assert (grant.reaccept_by, grant.license_version) == (BY, world.license)
    [mail] = OutboxMessage.objects.filter(template__endswith="reacceptance_wanted")
    assert mail.to == "ada@example.org"
    assert f"/grants/{grant.pk}/accept/" in mail.text


def test_the_job_finds_its_version(world: World, grant: Grant) -> None:
    newer(world)
    run_due(worker="test", now=NOW + timedelta(minutes=1), limit=100)
    grant.refresh_from_db()
    assert grant.reaccept_by == BY


def test_a_version_that_demands_nothing_asks_nobody(world: World, grant: Grant) -> None:
    version = newer(world, reaccept_by=None)
    assert want_reacceptance(version=version, now=NOW) == 0
    assert not Job.objects.filter(kind="licenses.want_reacceptance").exists()


def test_a_suspended_grant_is_asked_and_one_that_ended_is_not(world: World) -> None:
    world.grant_in(states.SUSPENDED)
    version = newer(world)
    assert want_reacceptance(version=version, now=NOW + 400 * DAY) == 0
    assert want_reacceptance(version=version, now=NOW) == 1
    assert Grant.objects.get().state_reason == "A question is open."


def test_a_holder_accepts_and_the_grant_moves_to_the_new_version(world: World, grant: Grant) -> None:
    version = newer(world)
    want_reacceptance(version=version, now=NOW)
    moved = accept(world, grant, version)
    assert (moved.license_version, moved.reaccept_by, moved.state) == (version, None, states.ACTIVE)
    acceptance = Acceptance.objects.get(license_version=version)
    assert (acceptance.user, acceptance.sha256) == (world.ada.user, version.sha256)
    assert Agreement.objects.filter(acceptance=acceptance).exists()
    event = next(each for each in audit.trail(f"grant:{grant.pk}") if each.kind == "grant.reaccepted")
    assert event.data["before"] == world.license.pk


def test_access_is_refused_from_the_date_on_and_opens_with_the_acceptance(world: World, grant: Grant) -> None:
    version = newer(world)
    want_reacceptance(version=version, now=NOW)

    def asked(now: Any) -> Any:
        facts = queries.facts(world.ada, world.release)
        return policies.access(facts, "manifest", now)

    before = asked(BY - DAY)
    assert not (isinstance(before, Denied) and before.code == "reacceptance_due")
    late = asked(BY)
    assert isinstance(late, Denied)
    assert late.code == "reacceptance_due"
    accept(world, grant, version, now=BY + DAY)
    after = asked(BY + DAY)
    assert isinstance(after, Allowed) or after.code != "reacceptance_due"


def test_another_text_than_the_one_that_waits_is_refused(world: World, grant: Grant) -> None:
    want_reacceptance(version=newer(world), now=NOW)
    with pytest.raises(Conflict, match="license_changed"):
        accept(world, grant, world.license)
    with pytest.raises(Invalid, match="name_invalid"):
        accept(world, grant, world.license.license.versions.get(number=2), typed_name="Eve")


def test_nothing_waits_without_a_demand_and_is_accepted_twice(world: World, grant: Grant) -> None:
    version = newer(world)
    with pytest.raises(Conflict, match="state_changed"):
        accept(world, grant, version)
    want_reacceptance(version=version, now=NOW)
    accept(world, grant, version)
    with pytest.raises(Conflict, match="state_changed"):
        accept(world, grant, version)
    assert Acceptance.objects.filter(license_version=version).count() == 1


def test_of_two_demands_the_newest_is_accepted_by_the_first_date(world: World, grant: Grant) -> None:
    want_reacceptance(version=newer(world), now=NOW)
    third = newer(world, "Newest.", BY + DAY)
    assert want_reacceptance(version=third, now=NOW) == 0
    grant.refresh_from_db()
    assert grant.reaccept_by == BY
    assert queries.version_to_accept(grant, NOW) == third


def test_a_grant_that_starts_under_the_version_before_is_asked_at_once(world: World) -> None:
    request = world.request_in(states.APPROVED)
    newer(world)
    [grant] = world.sign(request)
    grant.refresh_from_db()
    assert grant.reaccept_by == BY


def test_a_grant_that_starts_after_two_demands_has_the_first_date_and_the_newest_text(world: World) -> None:
    request = world.request_in(states.APPROVED)
    newer(world)
    third = newer(world, "Newest.", BY + DAY)
    [grant] = world.sign(request)
    grant.refresh_from_db()
    assert (grant.reaccept_by, queries.version_to_accept(grant, NOW)) == (BY, third)
    assert want_of_all(now=NOW) == 0


def test_whoever_was_missed_is_asked_later_once(world: World, grant: Grant) -> None:
    newer(world)
    assert [want_of_all(now=NOW), want_of_all(now=NOW)] == [1, 0]
    grant.refresh_from_db()
    assert grant.reaccept_by == BY


def test_a_negotiated_version_is_demanded_of_its_organization_alone(world: World, grant: Grant) -> None:
    lab = Organization.objects.create(name="Lab")
    version = newer(world, organization=lab)
    assert want_reacceptance(version=version, now=NOW) == 0
    Grant.objects.filter(pk=grant.pk).update(organization=lab)
    assert want_reacceptance(version=version, now=NOW) == 1
    grant.refresh_from_db()
    assert queries.version_to_accept(grant, NOW) == version


def test_a_token_proposes_and_the_holder_confirms_in_a_browser(world: World, grant: Grant) -> None:
    version = newer(world)
    want_reacceptance(version=version, now=NOW)
    laptop = token(world.ada.person, "requests")
    with pytest.raises(NotPermitted):
        accept(world, grant, version, by=laptop)
    grant.refresh_from_db()
    action = actions.propose_reaccept(grant=grant, by=laptop, now=NOW)
    assert version.sha256 in action.summary
    pending.confirm(action=action, by=session(world.ada.person), now=NOW)
    grant.refresh_from_db()
    assert grant.license_version == version
    assert Acceptance.objects.get(license_version=version).how == f"pending:{action.pk}"
