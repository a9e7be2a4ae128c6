"""The review queue: what it shows, how it is filtered and counted, and the views people keep."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from licenses import actions
from licenses.models import Request, SavedView
from portal.accounts.models import User
from tests.unit.web.conftest import OpenAs
from tests.unit.web.queues import crowd, queue
from tests.unit.web.world import ANSWERS, World
from weights_vault.models import Release

pytestmark = pytest.mark.database


def test_the_queue_tells_who_asks_for_what_how_long_and_the_votes(
    world: World, rosa: Client, submitted: Request
) -> None:
    world.vote(submitted, "ravi")
    page = queue(rosa)

    assert "Ada Lindqvist" in page
    assert "Northern Institute for Language Technology, Sweden" in page
    assert "OPT-175B" in page
    assert "1 of 2" in page
    assert "3 days" in page
    assert "1 day left" in page


def test_the_queue_marks_what_is_over_the_target(world: World, rosa: Client, big: Release) -> None:
    world.submitted("ada", big, days_ago=6.1)
    page = queue(rosa)

    assert "6 days, over the target" in page
    assert "by 1 day" in page


def test_the_clock_stands_still_while_a_question_is_open(world: World, rosa: Client, big: Release) -> None:
    request = world.submitted("ada", big, days_ago=6.1)
    actions.ask(request=request, text="Why?", by=world.by("ravi"), now=world.ago(2.1))
    page = queue(rosa)

    assert "asked 2 days ago" in page
    assert "over the target</span>" not in page
    assert "Ada Lindqvist" not in queue(rosa, "?overdue=on")


def test_the_queue_marks_a_split_the_readers_vote_and_who_has_it(
    world: World, rosa: Client, submitted: Request
) -> None:
    world.vote(submitted, "rosa")
    world.vote(submitted, "ravi", "reject", "No.")
    actions.assign(request=submitted, to=world.people["ravi"], by=world.by("ravi"), now=world.now)
    page = queue(rosa)

    assert "icons.svg#split" in page.replace("#split", "icons.svg#split", 1)
    assert "Split" in page
    assert "You voted" in page
    assert "<span>Ravi Menon</span>" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("?state=signed", False),
        ("?state=all", True),
        ("?text=northern", True),
        ("?text=LINDQVIST+attention", True),
        ("?text=nobody", False),
        ("?awaiting=me", True),
        ("?assignee=nobody", True),
        ("?assignee=me", False),
        ("?assignee=somebody", False),
        ("?release=opt-175b", True),
        ("?release=opt-66b", False),
        ("?organization=Northern", True),
        ("?organization=Southern", False),
        ("?country=SE", True),
        ("?country=JP", False),
        ("?split=on", False),
        ("?appeal=on", False),
        ("?asked=on", False),
        ("?overdue=on", False),
        ("?renewal=on", False),
        ("?sort=newest", True),
        ("?sort=changed", True),
        ("?sort=due", True),
        ("?state=nonsense&sort=x&rows=7&release=x&assignee=x&before=x&after=1~2", True),
    ],
)
def test_the_queue_is_filtered(rosa: Client, submitted: Request, query: str, found: bool) -> None:
    assert (">Ada Lindqvist</a>" in queue(rosa, query)) == found


def test_what_the_reader_voted_on_waits_for_others(world: World, rosa: Client, submitted: Request) -> None:
    world.vote(submitted, "rosa")
    assert "Ada Lindqvist" not in queue(rosa, "?awaiting=me")


def test_each_view_has_an_empty_state_of_its_own(rosa: Client) -> None:
    said = {
        "": "The queue is empty",
        "?awaiting=me": "You have voted on everything",
        "?assignee=me": "Nothing is on your desk",
        "?split=on": "No votes oppose each other",
        "?text=x": "Nothing fits this filter",
    }
    for query, title in said.items():
        assert title in queue(rosa, query)


def test_the_views_tell_how_many_requests_they_hold(world: World, rosa: Client, big: Release) -> None:
    first, *_ = crowd(world, big, 3)
    world.vote(first, "rosa")
    page = queue(rosa)

    assert 'In review <span class="tab-count">3</span>' in page
    assert 'Waiting for my vote <span class="tab-count">2</span>' in page
    assert "3 requests: In review" in page


@pytest.mark.parametrize("sort", ["", "oldest", "due", "newest", "changed"])
def test_pages_hold_every_request_once_forwards_and_backwards(
    world: World, rosa: Client, big: Release, sort: str
) -> None:
    crowd(world, big, 30)
    there = walk(rosa, f"?rows=25&sort={sort}", "after")
    assert [len(names) for names in there] == [25, 5]
    every = [name for names in there for name in names]
    assert sorted(every) == sorted(f"Person {number}" for number in range(30))
    assert every[0] == ("Person 0" if sort in ("newest", "changed") else "Person 29")

    first = rosa.get(f"/review/?rows=25&sort={sort}").context["page"]
    last = rosa.get(f"/review/?rows=25&sort={sort}&after={first.after}").context["page"]
    back = rosa.get(f"/review/?rows=25&sort={sort}&before={last.before}").context["page"]
    assert [row.applicant.full_name for row in back.rows] == there[0]
    assert (back.before, bool(back.after)) == ("", True)


def walk(client: Client, query: str, mark: str) -> list[list[str]]:
    """The names on each page, following its link to the next."""
    pages, place = [], ""
    while True:
        page = client.get(f"/review/{query}&{mark}={place}").context["page"]
        pages.append([row.applicant.full_name for row in page.rows])
        place = page.after
        if not place:
            return pages


@pytest.mark.parametrize("query", ["", "?text=person&state=all&sort=due", "?awaiting=me&assignee=nobody"])
def test_the_queue_costs_twelve_queries_however_many_requests(
    world: World,
    rosa: Client,
    big: Release,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    query: str,
) -> None:
    crowd(world, big, 30)
    actions.save_view(name="Mine", query="split=on", shared=False, by=world.by("rosa"), now=world.now)

    with django_assert_max_num_queries(12):
        queue(rosa, query)


def test_a_view_is_kept_shown_as_a_tab_and_forgotten(world: World, open_as: OpenAs, rosa: Client) -> None:
    view = {"name": "Swedish appeals", "query": "appeal=on&country=SE", "shared": "on"}
    answer = rosa.post("/review/views/", view)
    assert answer["Location"] == "/review/?appeal=on&country=SE"
    shown = queue(rosa, "?country=SE&appeal=on")
    assert 'aria-current="page">Swedish appeals' in shown
    assert "Forget the view" in shown

    ravis = queue(open_as("ravi"), "?appeal=on&country=SE")
    assert 'title="Shared by Rosa Weiss">Swedish appeals' in ravis
    assert "Forget the view" not in ravis

    rosa.post(f"/review/views/{SavedView.objects.get().pk}/remove/")
    assert not SavedView.objects.exists()


def test_a_view_without_a_name_is_refused_in_words(rosa: Client) -> None:
    page = rosa.post("/review/views/", {"query": "split=on"}, follow=True).content.decode()
    assert "Give it a name" in page
    assert not SavedView.objects.exists()


def test_single_keys_are_turned_off_and_on_in_this_browser(rosa: Client) -> None:
    rosa.post("/keyboard/", {"keys": "off"})
    assert 'data-keys="off"' in queue(rosa)
    rosa.post("/keyboard/", {"keys": "on"})
    assert 'data-keys="off"' not in queue(rosa)


@pytest.mark.parametrize("name", ["ada", "bo", "mika"])
def test_the_queue_refuses_who_is_no_legal_staff(open_as: OpenAs, name: str) -> None:
    for address in ("/review/", "/review/absences/", "/review/together/done/"):
        answer = open_as(name).get(address)
        assert answer.status_code == 403
        assert "role_required" in answer.content.decode()


def test_a_party_does_not_see_the_request_in_the_queue(
    world: World, rosa: Client, submitted: Request
) -> None:
    user: User = world.people["rosa"]
    submitted.parties.create(
        role="co_applicant", email=user.email, full_name="Rosa", state_at=world.now, asked_at=world.now
    )
    assert "Ada Lindqvist" not in queue(rosa)


HOSTILE = '"><script>alert(1)</script>{{7357*7357}}'


def test_names_of_views_and_what_is_searched_for_are_inert(rosa: Client) -> None:
    """A5."""
    rosa.post("/review/views/", {"name": HOSTILE, "query": f"text={HOSTILE}"})
    for page in (queue(rosa), queue(rosa, f"?text={HOSTILE}&organization={HOSTILE}")):
        assert "<script>alert" not in page
        assert str(7357 * 7357) not in page  # long enough not to stand in a random token


def test_no_time_runs_where_no_reviewer_is_waited_for(world: World, rosa: Client, big: Release) -> None:
    """On the review page and in the queue: told is what became of it, never "over the target"."""
    returned = world.submitted("ada", big, days_ago=30)
    world.vote(returned, "rosa", "request_changes", "Say more.", days_ago=20)
    actions.edit(request=returned, answers=ANSWERS, by=world.by("ada"), now=world.ago(2))
    withdrawn = world.submitted("bo", big, days_ago=30)
    actions.withdraw(request=withdrawn, by=world.by("bo"), now=world.ago(29))
    world.person("kim@nlp.example.edu", "Kim Berg", country="SE")
    decided = world.approved("kim", big, days_ago=30)

    for request, said in (
        (returned, "with the applicant for 20 days"),
        (withdrawn, "withdrawn after 1 day"),
        (decided, "decided after 19 hours"),
    ):
        request.refresh_from_db()
        shown = rosa.get(f"/review/{request.pk}/").content.decode(), queue(rosa, f"?state={request.state}")
        for page in shown:
            assert f'<span class="age">{said}</span>' in page
            assert "over the target<" not in page
