"""A team with a signatory, in the browser: asked in, joined, sent, approved, signed by each, access."""

from playwright.sync_api import Page, expect

from licenses.models import Grant, ReleaseTerms
from portal.core.models import OutboxMessage
from tests.browser.conftest import OpenPage, prove_it_is_you
from tests.unit.web.world import World

NORTH = "Northern Institute for Language Technology"


def write_and_save(page: Page) -> None:
    page.goto("/releases/opt-175b/request/")
    expect(page.get_by_text("Somebody who may bind your institution must sign, too.")).to_be_visible()
    page.get_by_label("What will you use the weights for?").fill("We compare checkpoints layer by layer.")
    page.get_by_label("Researcher").check()
    page.get_by_label("The use is noncommercial.").check()
    page.get_by_role("button", name="Save the draft").click()


def ask_in(page: Page, name: str, address: str, role: str) -> None:
    page.get_by_label(role).check()
    page.get_by_label("Full name").fill(name)
    page.get_by_label("Mail address").fill(address)
    page.get_by_role("button", name="Ask them by mail").click()
    expect(page.get_by_text(f"{name} is asked by mail.")).to_be_visible()


def invitation_of(address: str) -> str:
    """The page that the mail to `address` names."""
    text = OutboxMessage.objects.get(to=address, template__endswith="party_invited").text
    return "/invitations/" + text.partition("/invitations/")[2].split()[0]


def answer(page: Page, address: str, button: str) -> None:
    page.goto(invitation_of(address))
    expect(page.get_by_text("We compare checkpoints layer by layer.")).to_be_visible()
    page.get_by_role("button", name=button).click()
    expect(page.get_by_text("You take part now.")).to_be_visible()


def sign(page: Page, name: str, said: str) -> None:
    page.get_by_label("Main").get_by_role("link", name="My requests").click()
    page.get_by_role("link", name="OPT-175B", exact=True).click()
    page.get_by_role("link", name="Read and sign").click()
    page.get_by_label("I have read the whole text above").check()
    page.get_by_label("Type your full name").fill(name)
    page.get_by_role("button", name="Sign the license").click()
    prove_it_is_you(page)
    expect(page.get_by_text(said)).to_be_visible()


def test_a_team_with_a_signatory(open_as: OpenPage, world: World) -> None:
    world.person("cora@nlp.example.edu", "Cora Bell", NORTH, "SE")
    world.person("dean@nlp.example.edu", "Dean Moss", NORTH, "SE")
    ReleaseTerms.objects.update(signatory=True)
    ada, cora, dean = (open_as(name) for name in ("ada", "cora", "dean"))

    write_and_save(ada)
    ada.get_by_role("heading", name="Team").scroll_into_view_if_needed()
    ask_in(ada, "Cora Bell", "cora@nlp.example.edu", "Co-applicant")
    ask_in(ada, "Dean Moss", "dean@nlp.example.edu", "Signatory")
    answer(cora, "cora@nlp.example.edu", "Yes, I take part")
    answer(dean, "dean@nlp.example.edu", "I may sign for the institution")

    ada.get_by_role("link", name="Back to the request").click()
    expect(ada.get_by_text("Cora Bell (co-applicant: takes part)")).to_be_visible()
    ada.get_by_label("I have read this license").check()
    ada.get_by_role("button", name="Send the request").click()
    expect(ada.get_by_text("Your request is sent.")).to_be_visible()
    [request] = world.people["ada"].requests.all()
    for reviewer in ("rosa", "ravi"):
        world.vote(request, reviewer, days_ago=0)

    sign(cora, "Cora Bell", "Your signature is kept.")
    expect(cora.get_by_role("heading", name="Waiting for the signatory")).to_be_visible()
    sign(dean, "Dean Moss", "Your signature is kept.")
    assert [grant.user.full_name for grant in Grant.objects.all()] == ["Cora Bell"]
    sign(ada, "Ada Lindqvist", "The license is signed and your grant is made.")
    assert Grant.objects.count() == 2
