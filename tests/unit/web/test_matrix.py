"""A1: every page × every role × own and somebody else's object. A new address without a row fails here.

A row gives, for GET, what each reader is answered. The things are Ada's. Words of the table:
    page     200                       signin   to the sign-in page
    gone     404, as if there were none        no       403 with a reason
    moved    on to another page               never    405, it takes only a POST
    later    409, not in this state
"""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern, reverse

from licenses.models import Request
from portal.accounts.tokens import create_token
from portal.web.urls import urlpatterns
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.actions import keys
from weights_vault.models import Release

READERS = ("anonymous", "owner", "other", "reviewer", "manager")
OTHERS = ("anonymous", "other", "reviewer", "manager")
PEOPLE = {"anonymous": None, "owner": "ada", "other": "bo", "reviewer": "rosa", "manager": "mika"}
STATUS = {"page": 200, "signin": 302, "moved": 302, "gone": 404, "no": 403, "never": 405, "later": 409}

FOR_ALL = ("page", "page", "page", "page", "page")
OWN_LIST = ("signin", "page", "page", "page", "page")
OWN_THING = ("signin", "page", "gone", "gone", "gone")
LEGAL = ("signin", "no", "no", "page", "no")

GET: dict[str, tuple[str, str, str, str, str]] = {
    "home": FOR_ALL,
    "release": FOR_ALL,
    "license": FOR_ALL,
    "about": FOR_ALL,
    "theme": ("never", "never", "never", "never", "never"),
    "request_form": ("signin", "moved", "page", "page", "page"),
    "requests": OWN_LIST,
    "request_detail": OWN_THING,
    "request_edit": OWN_THING,
    "request_withdraw": OWN_THING,
    "request_appeal": ("signin", "later", "gone", "gone", "gone"),
    "request_sign": ("signin", "later", "gone", "gone", "gone"),
    "grants": OWN_LIST,
    "grant_detail": OWN_THING,
    "account_details": OWN_LIST,
    "keys": OWN_LIST,
    "key_remove": OWN_THING,
    "tokens": OWN_LIST,
    "token_end": OWN_THING,
    "pending_action": OWN_THING,
    "queue": LEGAL,
    "review": LEGAL,
    "review_vote": ("signin", "never", "never", "never", "never"),
    "staff_grants": LEGAL,
    "staff_grant_change": LEGAL,
}
# What changes something, and what an empty POST by each of the others is answered: never a change.
POST: dict[str, tuple[str, str, str, str]] = {
    "request_form": ("signin", "page", "page", "page"),  # their own form, shown again: it was empty
    "request_edit": ("signin", "gone", "gone", "gone"),
    "request_withdraw": ("signin", "gone", "gone", "gone"),
    "request_appeal": ("signin", "gone", "gone", "gone"),
    "request_sign": ("signin", "gone", "gone", "gone"),
    "account_details": ("signin", "page", "page", "page"),  # their own details, empty
    "key_remove": ("signin", "gone", "gone", "gone"),
    "token_end": ("signin", "gone", "gone", "gone"),
    "pending_action": ("signin", "gone", "gone", "gone"),
    "review_vote": ("signin", "no", "page", "no"),
    "staff_grant_change": ("signin", "no", "page", "no"),
}


@pytest.fixture
def things(world: World, big: Release) -> dict[str, list[Any]]:
    """Names of Ada's things, by the parameter that an address takes."""
    request, grant = world.submitted("ada", big), world.signed("ada", Release.objects.get(slug="opt-66b"))
    key = world.key("ada")
    token, _ = create_token(
        user=world.people["ada"],
        name="cluster",
        scopes=["read"],
        lifetime=timedelta(days=1),
        by=world.by("ada"),
        now=world.now,
    )
    action = keys.propose_removal(by=world.by("ada"), key=key, now=world.now)
    return {
        "slug": [big.slug],
        "request_id": [request.pk],
        "license_id": [request.license_version_id],
        "grant_id": [grant.pk],
        "key_id": [key.pk],
        "token_id": [token.pk],
        "action_id": [action.pk],
    }


def address(name: str, things: dict[str, list[Any]]) -> str:
    pattern = next(each for each in urlpatterns if each.name == name)
    parameters = list(pattern.pattern.converters)
    return reverse(name, args=[things[parameter][0] for parameter in parameters])


def test_every_address_has_a_row() -> None:
    """A1: whoever adds a page says here who may see it."""
    assert all(isinstance(pattern, URLPattern) for pattern in urlpatterns)
    assert {pattern.name for pattern in urlpatterns} == set(GET)
    assert set(POST) <= set(GET)


@pytest.mark.parametrize("name", GET)
def test_who_may_look(open_as: OpenAs, things: dict[str, list[Any]], name: str) -> None:
    """A1."""
    answers = [open_as(PEOPLE[reader]).get(address(name, things)) for reader in READERS]

    assert [answer.status_code for answer in answers] == [STATUS[said] for said in GET[name]]
    to_sign_in = [answer.get("Location", "").startswith("/accounts/login/") for answer in answers]
    assert to_sign_in == [said == "signin" for said in GET[name]]


@pytest.mark.parametrize("name", POST)
def test_nobody_changes_what_is_not_theirs(open_as: OpenAs, things: dict[str, list[Any]], name: str) -> None:
    """A1."""
    before = Request.objects.get(pk=things["request_id"][0])
    answers = [open_as(PEOPLE[reader]).post(address(name, things), {}) for reader in OTHERS]

    # An empty form of one's own is shown again as a 400.
    assert [answer.status_code for answer in answers] == [
        {**STATUS, "page": 400}[said] for said in POST[name]
    ]
    after = Request.objects.get(pk=before.pk)
    assert (after.state, after.version) == (before.state, before.version)
