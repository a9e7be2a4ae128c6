"""One verdict on several requests, one of which cannot have it: the others are decided all the same (R9)."""

import pytest
from playwright.sync_api import expect

from licenses import actions
from licenses.models import Request
from tests.browser.conftest import OpenPage, prove_it_is_you
from tests.unit.web.world import World
from weights_vault.models import Release

NAMES = ("Chi Okafor", "Dana Ruiz", "Eli Novák")


@pytest.fixture
def waiting(world: World) -> list[Request]:
    """Three requests, each with one vote to approve."""
    made = []
    for number, name in enumerate(NAMES):
        world.person(f"p{number}@people.example.org", name, "University of Example", "NG")
        made.append(world.submitted(f"p{number}", Release.objects.get(slug="opt-175b"), days_ago=4))
        world.vote(made[-1], "ravi")
    return made


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_one_that_cannot_keeps_no_other_back(
    open_as: OpenPage, world: World, waiting: list[Request], script: bool
) -> None:
    """R9. Between the page and the verdict, one applicant withdraws."""
    page = open_as("rosa", java_script_enabled=script)
    page.get_by_role("link", name="Review", exact=True).click()
    for name in NAMES:
        page.get_by_label(f"Select the request of {name}").check()
    page.get_by_role("button", name="Decide together").click()
    expect(page.get_by_role("heading", name="3 requests, one verdict")).to_be_visible()
    actions.withdraw(request=waiting[1], by=world.by("p1"), now=world.now)
    page.get_by_label("Approve").check()
    page.get_by_role("button", name="Give this verdict to all").click()
    prove_it_is_you(page)

    expect(page.get_by_role("heading", name="2 done, 1 not")).to_be_visible()
    refused = page.get_by_role("table", name="Not done: nothing of these changed")
    expect(refused.get_by_role("link", name="Dana Ruiz")).to_be_visible()
    assert [Request.objects.get(pk=each.pk).state for each in waiting] == [
        "approved",
        "withdrawn",
        "approved",
    ]
