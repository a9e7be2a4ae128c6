"""Who has which request of the queue: next, taken, given, put back; and who is away."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from licenses import actions
from licenses.models import Absence, Request
from tests.unit.web.queues import crowd, queue
from tests.unit.web.world import World
from weights_vault.models import Release

pytestmark = pytest.mark.database


def test_the_next_request_is_taken_and_opened(world: World, rosa: Client, big: Release) -> None:
    *_, oldest = crowd(world, big, 3)

    answer = rosa.post("/review/next/")

    assert answer["Location"] == f"/review/{oldest.pk}/"
    oldest.refresh_from_db()
    assert oldest.assignee == world.people["rosa"]


def test_where_nothing_is_left_the_queue_says_so(rosa: Client) -> None:
    page = rosa.post("/review/next/", follow=True).content.decode()
    assert "Nothing is left that nobody has" in page


@pytest.mark.parametrize(("do", "who"), [("take", "rosa"), ("give", "ravi"), ("free", None)])
def test_what_is_selected_is_put_on_a_desk(
    world: World, rosa: Client, big: Release, do: str, who: str | None
) -> None:
    chosen = [request.pk for request in crowd(world, big, 2)]
    for request in Request.objects.all():
        actions.assign(request=request, to=world.people["ravi"], by=world.by("ravi"), now=world.now)
    said = {"selected": chosen, "do": do, "to": world.people["ravi"].public_id, "next": "/review/?split=on"}

    answer = rosa.post("/review/assign/", said)

    assert answer["Location"] == "/review/?split=on"
    assignees = set(Request.objects.values_list("assignee", flat=True))
    assert assignees == {world.people[who].pk if who else None}


def test_a_request_is_taken_and_put_back_on_its_own_page(rosa: Client, submitted: Request) -> None:
    address = f"/review/{submitted.pk}/"
    assert "Take it" in rosa.get(address).content.decode()

    rosa.post("/review/assign/", {"selected": [submitted.pk], "do": "take", "next": address})

    assert "Put back" in rosa.get(address).content.decode()


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example/review/", "/accounts/logout/", ""])
def test_after_a_desk_is_changed_the_way_leads_nowhere_else(
    rosa: Client, submitted: Request, next: str
) -> None:
    said = {"selected": [submitted.pk], "do": "take", "next": next}
    assert rosa.post("/review/assign/", said)["Location"] == "/review/"


def test_what_cannot_be_given_is_told(world: World, rosa: Client, submitted: Request) -> None:
    world.vote(submitted, "ravi", "request_changes", "Say more.")
    said = {"selected": [submitted.pk], "do": "take"}

    page = rosa.post("/review/assign/", said, follow=True).content.decode()

    assert "Ada Lindqvist: The request stands at “Changes requested” now" in page


def test_selecting_nothing_changes_nothing(rosa: Client, submitted: Request) -> None:
    for said in ({"do": "take"}, {"do": "give", "selected": [submitted.pk]}, {"selected": [submitted.pk]}):
        page = rosa.post("/review/assign/", said, follow=True).content.decode()
        assert "Select requests first" in page


def absence(world: World, **changes: Any) -> dict[str, str]:
    today = world.now.date()
    days = {"starts_on": today.isoformat(), "ends_on": (today + timedelta(days=4)).isoformat()}
    return {**days, "cover": world.people["ravi"].public_id, **changes}


def test_an_absence_is_noted_shown_and_taken_back(world: World, rosa: Client, submitted: Request) -> None:
    assert rosa.post("/review/absences/", absence(world))["Location"] == "/review/absences/"
    page = rosa.get("/review/absences/").content.decode()
    assert "away now" in page
    assert "Ravi Menon" in page
    refused = rosa.post("/review/next/")
    assert (refused.status_code, "assignee_absent" in refused.content.decode()) == (409, True)

    rosa.post(f"/review/absences/{Absence.objects.get().pk}/end/")
    assert "Everybody is there" in rosa.get("/review/absences/").content.decode()


def test_an_absence_that_ends_before_it_begins_is_sent_back(world: World, rosa: Client) -> None:
    answer = rosa.post("/review/absences/", absence(world, ends_on="2020-01-01"))
    assert answer.status_code == 400
    assert "before the first day" in answer.content.decode()


def test_what_an_absent_colleague_has_says_so(world: World, rosa: Client, submitted: Request) -> None:
    ravi = world.by("ravi")
    actions.assign(request=submitted, to=ravi.user, by=ravi, now=world.now)
    today = world.now.date()
    actions.be_away(starts_on=today, ends_on=today, cover=world.people["rosa"], by=ravi, now=world.now)

    assert "away today" in queue(rosa)
    assert "Ada Lindqvist" in queue(rosa, "?assignee=me")
