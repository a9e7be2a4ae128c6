"""Taking one's data along and having it erased, in Chromium."""

import json
from pathlib import Path

from portal.accounts.models import User
from tests.browser.conftest import OpenPage, prove_it_is_you
from tests.unit.web.world import World


def test_the_file_comes_after_the_password(open_as: OpenPage) -> None:
    page = open_as("ada")
    page.goto("/account/data/")
    page.get_by_role("button", name="Download my data").click()
    with page.expect_download() as coming:
        prove_it_is_you(page)

    data = json.loads(Path(coming.value.path()).read_text())
    assert data["account"]["full_name"] == "Ada Lindqvist"
    assert coming.value.suggested_filename.startswith("my-data-")


def test_erasing_ends_at_the_first_page_signed_out(open_as: OpenPage, world: World) -> None:
    email = world.people["ada"].email
    page = open_as("ada", java_script_enabled=False)
    page.goto("/account/data/")
    page.get_by_label("Type your mail address").fill(email)
    page.get_by_role("button", name="Erase everything").click()
    prove_it_is_you(page)

    assert page.get_by_text("You are erased here.").is_visible()
    assert page.get_by_role("link", name="Sign in").first.is_visible()
    assert not User.objects.filter(email=email).exists()
