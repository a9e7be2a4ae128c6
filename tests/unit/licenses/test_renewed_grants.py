"""What signing a renewal does to the grant before it."""

from datetime import timedelta

import pytest

from licenses import queries, states
from licenses.models import Request
from portal.core import audit
from portal.core.problems import Conflict
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = pytest.mark.database
TERM = timedelta(days=365)


def renewal_of(world: World, first: Request) -> Request:
    """An approved request that carries `first` on; how one is begun is tested elsewhere."""
    second = Request.objects.create(
        applicant=first.applicant,
        renews=first,
        state=states.APPROVED,
        license_version=world.license,
        quorum=2,
        grant_days=365,
        created_at=NOW,
        updated_at=NOW,
        submitted_at=NOW,
        decided_at=NOW,
    )
    second.requested.create(release=world.release, applicant=first.applicant)
    return second


def test_a_renewal_closes_the_old_grant_and_loses_no_day(world: World) -> None:
    [old] = world.sign(world.request_in(states.APPROVED))
    [new] = world.sign(renewal_of(world, old.request), now=NOW + DAY)
    old.refresh_from_db()
    assert (old.state, new.starts_at, new.ends_at) == (states.CLOSED, NOW + DAY, NOW + 2 * TERM)
    assert audit.trail(f"grant:{old.pk}").filter(kind="grant.closed").count() == 1
    assert queries.facts(world.ada, world.release).grant == queries.grant_facts(new)


def test_a_renewal_after_the_end_starts_from_now(world: World) -> None:
    [old] = world.sign(world.request_in(states.APPROVED))
    later = old.ends_at + 9 * DAY
    request = renewal_of(world, old.request)
    Request.objects.filter(pk=request.pk).update(decided_at=later)
    [new] = world.sign(request, now=later)
    assert (new.starts_at, new.ends_at) == (later, later + TERM)


def test_a_renewal_of_a_renewal_carries_on_what_the_one_between_left_out(world: World) -> None:
    [old] = world.sign(world.request_in(states.APPROVED))
    between = renewal_of(world, old.request)
    Request.objects.filter(pk=between.pk).update(state=states.WITHDRAWN)
    between.requested.update(open=False)
    [new] = world.sign(renewal_of(world, between))
    assert new.ends_at == old.ends_at + TERM


def test_a_suspended_grant_is_not_renewed_away(world: World) -> None:
    grant = world.grant_in(states.SUSPENDED)
    with pytest.raises(Conflict) as caught:
        world.sign(renewal_of(world, grant.request))
    assert caught.value.code == "grant_suspended"
