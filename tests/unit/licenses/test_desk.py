"""Who has a request, who takes the next one, who is away, and the views that staff keep."""

from datetime import timedelta

import pytest

from licenses import actions, queries, states
from licenses.models import Absence, Recusal, Request, SavedView
from portal.accounts.principals import Principal
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import Conflict, Invalid, NotFound, NotPermitted
from tests.unit.licenses.world import NOW, World, person, session, token

pytestmark = pytest.mark.database
TODAY = NOW.date()
WEEK = timedelta(days=7)


def asked_by(world: World, name: str, hours_ago: float, organization: str = "") -> Request:
    """A request in review of a new person."""
    user = session(person(name, organization=organization))
    request = world.submit(world.draft(user), user)
    Request.objects.filter(pk=request.pk).update(submitted_at=NOW - timedelta(hours=hours_ago))
    return request


def away(who: Principal, cover: Principal | None = None, days: int = 3) -> Absence:
    return actions.be_away(
        starts_on=TODAY,
        ends_on=TODAY + timedelta(days=days),
        cover=cover.user if cover else None,
        by=who,
        now=NOW,
    )


def mails(template: str) -> list[str]:
    found = OutboxMessage.objects.filter(template=f"licenses/mail/{template}")
    return list(found.values_list("to", flat=True))


def test_a_request_is_put_on_a_colleagues_desk_who_is_told(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    given = actions.assign(request=request, to=world.rob.user, by=world.rita, now=NOW)

    assert (given.assignee, given.assigned_at) == (world.rob.user, NOW)
    assert mails("review_assigned") == ["rob@example.org"]
    assert AuditEvent.objects.get(kind="request.assigned").data["to"] == world.rob.person.public_id


def test_what_one_takes_oneself_mails_nobody_and_twice_is_once(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    for _ in range(2):
        actions.assign(request=request, to=world.rita.user, by=world.rita, now=NOW)

    assert mails("review_assigned") == []
    assert AuditEvent.objects.filter(kind="request.assigned").count() == 1


def test_a_request_is_taken_from_a_desk_again(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    actions.assign(request=request, to=world.rob.user, by=world.rita, now=NOW)
    actions.assign(request=request, to=None, by=world.rosa, now=NOW)

    request.refresh_from_db()
    assert (request.assignee, request.assigned_at) == (None, None)


def test_who_has_it_keeps_nobody_else_from_voting(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    actions.assign(request=request, to=world.rita.user, by=world.rita, now=NOW)
    world.vote(request, world.rob)
    assert world.vote(request, world.rosa).state == states.APPROVED


def test_it_is_given_to_nobody_who_may_not_vote_on_it(world: World) -> None:
    request = asked_by(world, "eve", 1, organization="ETH")
    colleague = session(person("carl", "reviewer", organization="ETH"))
    for unfit in (colleague, world.admin, session(person("max", "release_manager"))):
        with pytest.raises(Conflict) as refused:
            actions.assign(request=request, to=unfit.user, by=world.rita, now=NOW)
        assert refused.value.code == "assignee_barred"
    assert not AuditEvent.objects.filter(kind="request.assigned").exists()


def test_it_is_given_to_nobody_who_is_away(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    away(world.rob)
    with pytest.raises(Conflict) as refused:
        actions.assign(request=request, to=world.rob.user, by=world.rita, now=NOW)
    assert refused.value.code == "assignee_absent"


def test_an_appeal_lies_on_nobodys_desk(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    actions.assign(request=request, to=world.rita.user, by=world.rita, now=NOW)
    world.vote(request, world.rita, "reject")
    world.vote(request, world.rob, "reject")
    request.refresh_from_db()
    assert actions.appeal(request=request, text="Again.", by=world.ada, now=NOW).assignee is None


def test_the_next_one_is_the_longest_waiting_that_nobody_has(world: World) -> None:
    newest, oldest, asked, taken = (
        asked_by(world, name, hours) for name, hours in (("a", 1), ("b", 8), ("c", 20), ("d", 30))
    )
    actions.ask(request=asked, text="Which corpus?", by=world.rob, now=NOW)
    actions.assign(request=taken, to=world.rob.user, by=world.rob, now=NOW)

    picked = [actions.pick_next(by=world.rita, now=NOW) for _ in range(3)]

    assert picked == [oldest, newest, None]
    assert set(Request.objects.filter(assignee=world.rita.user)) == {oldest, newest}


def test_the_next_one_is_never_what_the_reviewer_may_not_vote_on(world: World) -> None:
    carl = session(person("carl", "reviewer", organization="ETH"))
    asked_by(world, "eve", 8, organization="ETH")
    world.submit(world.draft(carl), carl)
    voted, recused = asked_by(world, "a", 5), asked_by(world, "b", 4)
    world.vote(voted, carl)
    Recusal.objects.create(request=recused, reviewer=carl.person, reason="A friend.", at=NOW)

    assert actions.pick_next(by=carl, now=NOW) is None


def test_only_a_reviewer_in_a_browser_who_is_here_takes_the_next(world: World) -> None:
    world.request_in(states.SUBMITTED)
    for unfit in (world.ada, world.admin, token(world.rita.person, "read")):
        with pytest.raises(NotPermitted):
            actions.pick_next(by=unfit, now=NOW)
    away(world.rita)
    with pytest.raises(Conflict) as refused:
        actions.pick_next(by=world.rita, now=NOW)
    assert refused.value.code == "assignee_absent"


def test_the_cover_is_whoever_is_there_at_the_end_of_the_chain(world: World) -> None:
    rita, rob, rosa = world.rita.person, world.rob.person, world.rosa.person
    assert queries.cover_for(rita, TODAY) == rita
    away(world.rob)
    assert queries.cover_for(rob, TODAY) is None
    Absence.objects.all().delete()
    first, second = away(world.rita, world.rob, days=1), away(world.rosa)
    Absence.objects.create(reviewer=rob, starts_on=TODAY, ends_on=TODAY, cover=rosa)
    assert queries.cover_for(rita, TODAY) is None
    actions.be_back(absence=second, by=world.rosa, now=NOW)
    assert queries.cover_for(rita, TODAY) == rosa
    assert queries.cover_for(rita, first.ends_on) == rob
    assert queries.cover_for(rita, first.ends_on + WEEK) == rita


def test_those_who_cover_one_another_in_a_ring_are_nobody(world: World) -> None:
    one, other = world.rita.person, world.rob.person
    for reviewer, cover in ((one, other), (other, one)):
        Absence.objects.create(reviewer=reviewer, starts_on=TODAY, ends_on=TODAY, cover=cover)
    assert queries.cover_for(one, TODAY) is None


def test_what_an_absent_colleague_has_is_shown_to_their_cover(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    actions.assign(request=request, to=world.rob.user, by=world.rita, now=NOW)
    mine = queries.QueueFilters(assignee="me")
    assert list(queries.queue(world.rosa, mine, NOW)) == []

    away(world.rob, cover=world.rosa)

    assert list(queries.queue(world.rosa, mine, NOW)) == [request]
    assert list(queries.queue(world.rosa, mine, NOW + WEEK)) == []


@pytest.mark.parametrize(
    ("starts", "ends", "cover", "field"),
    [
        (2, 1, None, "ends_on"),
        (-5, -1, None, "ends_on"),
        (0, 400, None, "ends_on"),
        (5, 9, None, "starts_on"),
        (20, 22, "rita", "cover"),
        (20, 22, "ada", "cover"),
        (20, 22, "rob", "cover"),
    ],
)
def test_an_absence_that_makes_no_sense_is_refused(
    world: World, starts: int, ends: int, cover: str | None, field: str
) -> None:
    away(world.rita, days=5)
    Absence.objects.create(reviewer=world.rob.person, starts_on=TODAY, ends_on=TODAY + 4 * WEEK)
    with pytest.raises(Invalid) as refused:
        actions.be_away(
            starts_on=TODAY + timedelta(days=starts),
            ends_on=TODAY + timedelta(days=ends),
            cover=getattr(world, cover).user if cover else None,
            by=world.rita,
            now=NOW,
        )
    assert list(refused.value.errors) == [field]


def test_an_absence_of_a_colleague_is_not_found(world: World) -> None:
    absence = away(world.rita)
    assert queries.absence_for(world.rita, str(absence.pk)) == absence
    for reader, id in ((world.rob, str(absence.pk)), (world.rita, "x"), (world.ada, str(absence.pk))):
        with pytest.raises(NotFound):
            queries.absence_for(reader, id)


def test_a_view_is_kept_replaced_shared_and_forgotten(world: World) -> None:
    actions.save_view(name="Late", query="overdue=on", shared=False, by=world.rita, now=NOW)
    view = actions.save_view(name=" Late ", query="split=on", shared=True, by=world.rita, now=NOW)

    assert SavedView.objects.get().query == "split=on"
    assert list(queries.saved_views(world.rob)) == [view]
    assert list(queries.saved_views(world.ada)) == []
    with pytest.raises(NotFound):
        actions.remove_view(view=view, by=world.rob, now=NOW)
    actions.remove_view(view=view, by=world.rita, now=NOW)
    assert not SavedView.objects.exists()
    assert AuditEvent.objects.filter(kind="view.removed").count() == 1


def test_what_is_not_shared_stays_ones_own(world: World) -> None:
    view = actions.save_view(name="Mine", query="", shared=False, by=world.rita, now=NOW)
    assert list(queries.saved_views(world.rob)) == []
    assert queries.saved_view_for(world.rita, view.pk) == view
    with pytest.raises(NotFound):
        queries.saved_view_for(world.rob, view.pk)


@pytest.mark.parametrize(("name", "query"), [("", ""), ("x" * 81, ""), ("a\nb", ""), ("Fine", "x" * 1001)])
def test_a_view_without_a_name_or_too_long_is_refused(world: World, name: str, query: str) -> None:
    with pytest.raises(Invalid):
        actions.save_view(name=name, query=query, shared=False, by=world.rita, now=NOW)
    assert not SavedView.objects.exists()


def test_only_legal_staff_keep_a_desk(world: World) -> None:
    for unfit in (world.ada, token(world.rita.person, "read"), session(person("max", "release_manager"))):
        with pytest.raises(NotPermitted):
            actions.save_view(name="V", query="", shared=False, by=unfit, now=NOW)
        with pytest.raises(NotPermitted):
            away(unfit)
