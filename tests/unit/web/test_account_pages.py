"""allauth's pages in this site's words and components."""

import re
from pathlib import Path

import pytest
from django.urls import reverse

from portal import web
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_matrix_accounts import ACCOUNT_PAGES, said

OURS = str(Path(web.__file__).parent / "templates")
WRONG = {
    "account_login": (None, {}),
    "account_signup": (None, {"email": "nobody", "password1": "1", "password2": "2"}),
    "account_reset_password": (None, {"email": "nobody"}),
    "account_reauthenticate": ("ada", {"password": "x"}),
    "account_change_password": ("ada", {"oldpassword": "x", "password1": "1", "password2": "2"}),
    "account_email": ("ada", {"action_add": "", "email": "nobody"}),
    "mfa_activate_totp": ("ada", {"code": "x"}),
}


@pytest.mark.parametrize("name", ACCOUNT_PAGES)
def test_every_account_page_is_written_here(open_as: OpenAs, name: str) -> None:
    """A page that allauth adds or renames would come in its own words and markup."""
    for reader, expected in zip((None, "ada"), ACCOUNT_PAGES[name], strict=True):
        answer = open_as(reader).get(reverse(name))
        assert said(answer) == expected
        if answer.status_code == 200:
            assert answer.templates[0].origin.name.startswith(OURS)
            assert answer.content.count(b"<h1") == 1


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_stands_beside_its_field(open_as: OpenAs, name: str) -> None:
    reader, sent = WRONG[name]
    page = open_as(reader).post(reverse(name), sent).content.decode()

    marked = re.findall(r"<(?:input|select)[^>]*aria-invalid[^>]*>", page)
    assert marked
    for field in marked:
        described = re.search(r'aria-describedby="([^"]+)"', field)
        assert described, field
        [error] = [each for each in described[1].split() if each.endswith("_error")]
        assert f'id="{error}"' in page
    assert "<title>Error: " in page


def test_too_many_attempts_have_a_page_of_their_own(open_as: OpenAs) -> None:
    ada = open_as("ada")
    address = reverse("account_reauthenticate")
    answers = [ada.post(address, {"password": "x"}) for _ in range(11)]

    assert (answers[0].status_code, answers[-1].status_code) == (200, 429)
    page = answers[-1].content.decode()
    assert "There were too many wrong passwords for this account: at most 5 in 5 minutes." in page
    assert re.search(r"Try again (on \d+ \w+ )?at \d\d:\d\d UTC\.", page)


def test_what_was_done_is_said_in_our_words(open_as: OpenAs) -> None:
    """The address is text, whatever stands in it."""
    address = "o'neil&co@lab.example.org"
    page = open_as("ada").post(reverse("account_email"), {"action_add": "", "email": address}, follow=True)

    assert "We sent a code to o&#x27;neil&amp;co@lab.example.org." in page.content.decode()
