"""What a release page promises before anybody signs in: what is asked, who reads it, how long it takes."""

import pytest

from licenses.pace import write_pace
from portal.web.pace import within
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release

PAGE = "/releases/opt-175b/"


def test_the_questions_can_be_read_without_an_account(open_as: OpenAs, big: Release) -> None:
    big.terms.questions = [{**big.terms.questions[0], "why": "It decides."}, *big.terms.questions[1:]]
    big.terms.save()
    page = open_as().get(PAGE).content.decode()

    assert "What will you use the weights for?" in page
    assert "Why this is asked: It decides." in page
    assert "You choose one: Student, Researcher, Professor, Engineer." in page


def test_a_hostile_question_is_inert(open_as: OpenAs, big: Release) -> None:
    """A5."""
    hostile = "<script>alert('x')</script>{{7*7}}"
    big.terms.questions = [
        {**big.terms.questions[1], "label": hostile, "help": hostile, "why": hostile, "choices": [hostile]}
    ]
    big.terms.save()
    page = open_as().get(PAGE).content.decode()

    assert "<script>alert" not in page
    assert "{{7*7}}" in page


def test_without_decisions_the_page_names_the_target_alone(open_as: OpenAs, world: World) -> None:
    page = open_as().get(PAGE).content.decode()

    assert "The target is an answer within 5 days" in page
    assert "Half of the answers" not in page


def decide(world: World, release: Release, count: int) -> None:
    """So many answers, each three and a half days after the request."""
    for number in range(count):
        name = f"asker{number}"
        world.person(f"{name}@lab.example.org", f"Asker {number}", "Example Lab")
        request = world.submitted(name, release, days_ago=9)
        for reviewer in ("rosa", "ravi"):
            world.vote(request, reviewer, "reject", "No.", days_ago=5.5)
    write_pace(now=world.now)


def test_nine_decisions_are_too_few_to_tell_a_pace(open_as: OpenAs, world: World, big: Release) -> None:
    decide(world, big, 9)
    page = open_as().get(PAGE).content.decode()
    form = open_as("ada").get(f"{PAGE}request/").content.decode()

    assert "The target is an answer within 5 days" in page
    assert "nine of ten" not in page
    assert "Target: an answer within 5 days." in form
    assert "nine of ten" not in form


def test_the_pace_of_ten_decisions_is_told_as_the_job_wrote_it(
    open_as: OpenAs, world: World, big: Release
) -> None:
    decide(world, big, 10)
    page = open_as().get(PAGE).content.decode()
    form = open_as("ada").get(f"{PAGE}request/").content.decode()

    assert "came within 4 days, nine of ten within 4 days" in page
    assert "(10 decisions, from sending to decision)" in page
    assert "Half of the last 10 answers came within 4 days" in form


def test_who_reads_it_and_what_comes_after_are_said(open_as: OpenAs, big: Release) -> None:
    big.terms.signatory = True
    big.terms.save()
    page = open_as().get(PAGE).content.decode()

    assert "2 reviewers read it, each on their own" in page
    assert "They are people of Weights Portal, and both must agree" in page
    assert "Nobody of your own organization takes part." in page
    assert "Somebody who may sign for your institution signs too" in page
    assert "You renew it, or close it out" in page


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "1 hour"), (3_600, "1 hour"), (3_601, "2 hours"), (172_800, "48 hours"), (172_801, "3 days")],
)
def test_a_span_is_never_told_shorter_than_it_is(seconds: int, said: str) -> None:
    assert within(seconds) == said
