"""One verdict on many requests of the queue. R9 on the pages."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from licenses import actions
from licenses.models import ReasonTemplate, Request, Vote
from tests.unit.web.conftest import OpenAs
from tests.unit.web.queues import crowd
from tests.unit.web.world import PASSWORD, World
from weights_vault.models import Release

pytestmark = pytest.mark.database


def ballots(requests: list[Request]) -> list[str]:
    return [f"{request.pk}:{request.version}" for request in requests]


def test_the_selected_are_listed_with_what_they_would_become(
    world: World, rosa: Client, big: Release
) -> None:
    fresh, voted, split, returned = crowd(world, big, 4)
    world.vote(voted, "ravi")
    world.vote(split, "ravi", "reject", "No.")
    world.vote(returned, "ravi", "request_changes", "Say more.")

    answer = rosa.post(
        "/review/together/", {"selected": [each.pk for each in (fresh, voted, split, returned)]}
    )

    told = [dict(prospect.becomes) for prospect in answer.context["prospects"]]
    back = "Back with the applicant"
    split_up = "Split: one more reviewer decides"
    assert told == [
        {"approve": "1 of 2 votes", "reject": "1 of 2 votes", "request_changes": back},
        {"approve": "Approved", "reject": split_up, "request_changes": back},
        {"approve": split_up, "reject": "Declined", "request_changes": back},
        {},
    ]
    assert "The request stands at “Changes requested” now" in answer.content.decode()


def test_one_verdict_is_given_on_many_and_told_one_by_one(world: World, rosa: Client, big: Release) -> None:
    """R9."""
    requests = crowd(world, big, 4)
    read = ballots(requests)
    actions.withdraw(request=requests[1], by=world.by("p1"), now=world.now)

    answer = rosa.post("/review/together/vote/", {"ballot": read, "verdict": "approve"})
    assert answer["Location"] == "/review/together/done/"
    page = rosa.get("/review/together/done/").content.decode()

    assert "3 done, 1 not" in page
    assert "Person 1" in page
    assert "The request stands at “Withdrawn” now" in page
    assert Vote.objects.filter(reviewer=world.people["rosa"]).count() == 3


def test_one_verdict_on_many_asks_for_the_password_and_then_goes_on(
    world: World, open_as: OpenAs, big: Release
) -> None:
    client, address = open_as("rosa", fresh=False), "/review/together/vote/"
    requests = crowd(world, big, 2)
    asked = client.post(address, {"ballot": ballots(requests), "verdict": "approve"})
    assert "/accounts/reauthenticate/" in asked["Location"]
    assert not Vote.objects.exists()

    client.post(asked["Location"], {"password": PASSWORD, "next": address})

    assert Vote.objects.count() == 2


def test_one_refusal_of_many_without_a_reason_is_sent_back(rosa: Client, submitted: Request) -> None:
    said = {"ballot": ballots([submitted]), "verdict": "reject"}
    answer = rosa.post("/review/together/vote/", said)

    assert answer.status_code == 400
    assert "Say why" in answer.content.decode()
    assert "Ada Lindqvist" in answer.content.decode()
    assert not Vote.objects.exists()


@pytest.mark.parametrize("count", [0, 101])
def test_none_or_more_than_a_hundred_are_not_listed(rosa: Client, count: int) -> None:
    ids = [f"req_{number}" for number in range(count)]
    page = rosa.post("/review/together/", {"selected": ids}, follow=True).content.decode()
    assert "Select between 1 and 100 requests first." in page


def test_listing_a_hundred_costs_the_same_as_listing_ten(
    world: World, rosa: Client, big: Release, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    chosen = [request.pk for request in crowd(world, big, 30)]
    with django_assert_max_num_queries(18):
        rosa.post("/review/together/", {"selected": chosen})


def test_a_reason_kept_ready_fills_the_form_for_all_and_gives_nothing(
    world: World, open_as: OpenAs, submitted: Request
) -> None:
    """Nothing is given by it, so no password is asked for."""
    client = open_as("rosa", fresh=False)
    actions.keep_shipped_reasons(by=world.by("rosa"), now=world.now)
    kept = ReasonTemplate.objects.get(title="Who can read the machine")
    said = {"ballot": ballots([submitted]), "kept": kept.pk, "reason": "Thank you.", "note": "N1"}

    assert kept.title in client.post("/review/together/", {"selected": [submitted.pk]}).content.decode()
    answer = client.post("/review/together/vote/", {**said, "fill": "1"})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert f"Thank you.\n\n{kept.text}" in page
    assert ">\nN1</textarea>" in page
    assert f'value="{ballots([submitted])[0]}"' in page
    assert not Vote.objects.exists()


def test_more_than_can_be_decided_at_once_are_sent_back_before_anything_is_asked(
    rosa: Client, submitted: Request
) -> None:
    many = [f"req_{number:026}:1" for number in range(actions.MAX_VOTES)]
    answer = rosa.post(
        "/review/together/vote/",
        {"ballot": [*ballots([submitted]), *many], "verdict": "approve"},
        follow=True,
    )
    assert "At most 100 requests can be decided at once." in answer.text
    assert not Vote.objects.exists()
