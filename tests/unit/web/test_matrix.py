"""A1: every page × every role × own and somebody else's object. A new address without a row fails here.

The people and Ada's things are made once; what a test does to them is undone after it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, reverse
from pytest_django.plugin import DjangoDbBlocker

from portal.accounts.models import OrganizationManager, User
from portal.accounts.scopes import SCOPES, offered
from portal.web.urls import urlpatterns
from tests.integration.api.bearers import of_device, personal
from tests.unit.web.conftest import OpenAs
from tests.unit.web.matrix import GET, OTHERS, PEOPLE, POST, READERS, SPEAKER, STATUS, looked, sent
from tests.unit.web.own_things import rows, things_of
from tests.unit.web.world import World, make_world

Things = dict[str, list[Any]]
DISABLED = "dora"  # a reviewer once; answered as anybody is who is not signed in
STAFF = tuple(PEOPLE[each] for each in READERS[READERS.index("reviewer") :])
BEARERS = ("ada", "rosa", "mika")  # between them they can give every scope


@pytest.fixture(scope="module")
def stood(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[World, Things]]:
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        world.person("remy@portal.example.org", "Remy Roux", "Weights Portal", "FR", ("reviewer",))
        world.person("dora@portal.example.org", "Dora Diaz", "Weights Portal", "CL", ("reviewer",))
        User.objects.filter(pk=world.people[DISABLED].pk).update(is_active=False)
        speaks_for(world, SPEAKER, world.people["ada"].organization.name)
        yield world, things_of(world)
        transaction.set_rollback(True)


def speaks_for(world: World, name: str, organization: str) -> None:
    """Somebody new, who manages that organization."""
    user = world.person(f"{name}@example.org", name.capitalize(), organization)
    OrganizationManager.objects.create(
        organization=user.organization, user=user, by="system:test", at=world.now
    )


@pytest.fixture
def world(stood: tuple[World, Things], db: None) -> World:
    return stood[0]


@pytest.fixture
def things(stood: tuple[World, Things], world: World) -> Things:
    return stood[1]


def address(name: str, things: Things) -> str:
    pattern = next(each for each in urlpatterns if each.name == name)
    parameters = list(pattern.pattern.converters)
    return reverse(name, args=[things[parameter][0] for parameter in parameters])


def test_every_address_has_a_row() -> None:
    """A1: whoever adds a page says here who may see it."""
    assert all(isinstance(pattern, URLPattern) for pattern in urlpatterns)
    assert {pattern.name for pattern in urlpatterns} == set(GET)
    assert {len(row) for row in GET.values()} == {len(READERS)}
    assert {len(row) for row in POST.values()} == {len(OTHERS)}


def test_every_address_that_takes_a_post_has_a_row(open_as: OpenAs, things: Things) -> None:
    """A1: no view takes OPTIONS; each says in its refusal what it takes instead."""
    ada = open_as("ada")
    refusals = {name: ada.options(address(name, things)) for name in GET}
    assert {answer.status_code for answer in refusals.values()} == {405}
    takes = {name: answer["Allow"].split(", ") for name, answer in refusals.items()}
    assert {name for name, methods in takes.items() if "POST" in methods} == set(POST)
    assert {name for name, methods in takes.items() if "HEAD" in methods} == {
        name for name, methods in takes.items() if "GET" in methods
    }
    assert {method for methods in takes.values() for method in methods} == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("name", GET)
def test_who_may_look(open_as: OpenAs, things: Things, name: str) -> None:
    """A1."""
    answers = {reader: open_as(reader).get(address(name, things)) for reader in looked(name)}

    assert said(answers) == {
        reader: (STATUS[word], word == "signin") for reader, word in looked(name).items()
    }


@pytest.mark.parametrize("name", GET)
def test_a_disabled_person_is_answered_as_a_visitor(open_as: OpenAs, things: Things, name: str) -> None:
    """A1, A2: in a session that was open before."""
    answers = [open_as(reader).get(address(name, things)) for reader in (DISABLED, "")]

    assert len({(answer.status_code, answer.get("Location")) for answer in answers}) == 1


@pytest.fixture(scope="module")
def secrets(stood: tuple[World, Things]) -> list[str]:
    """A personal token and a device's, of each of some people, with all the scopes that they can give."""
    world, _ = stood
    given = {name: offered(world.by(name).roles) for name in BEARERS}
    assert {scope for scopes in given.values() for scope in scopes} == set(SCOPES)
    return [
        kind(world.people[name], scopes) for name, scopes in given.items() for kind in (personal, of_device)
    ]


def test_the_tokens_work_where_tokens_do(world: World, secrets: list[str]) -> None:
    """Else those that open no page would prove nothing."""
    bearers = [Client(headers={"Authorization": f"Bearer {secret}"}) for secret in secrets]
    assert [bearer.get("/api/v1/me").status_code for bearer in bearers] == [200] * 2 * len(BEARERS)


@pytest.mark.parametrize("name", GET)
def test_a_token_opens_no_page(world: World, things: Things, secrets: list[str], name: str) -> None:
    """A1: what programs sign in with is for the API alone, also where a form is sent."""
    bearers = [Client(), *(Client(headers={"Authorization": f"Bearer {secret}"}) for secret in secrets)]
    for method in ("get", "post"):
        answers = [getattr(client, method)(address(name, things)) for client in bearers]

        assert len({(answer.status_code, answer.get("Location")) for answer in answers}) == 1


@pytest.mark.parametrize("name", GET)
def test_a_head_is_answered_as_a_get_is(open_as: OpenAs, things: Things, name: str) -> None:
    """Link checkers and mail gateways ask for the head alone; the password is asked of them, too."""
    for reader in ("anonymous", "owner", "administrator"):
        client = open_as(PEOPLE[reader], fresh=False)
        page, head = client.get(address(name, things)), client.head(address(name, things))

        assert (head.status_code, head.get("Location")) == (page.status_code, page.get("Location"))
        assert head.content == b""


@pytest.mark.parametrize("name", POST)
def test_nobody_changes_what_is_not_theirs(open_as: OpenAs, things: Things, name: str) -> None:
    """A1."""
    before = rows(things)
    answers = {}
    for reader in sent(name):
        cache.clear()
        answers[reader] = open_as(reader).post(address(name, things), {})

    # An empty form of one's own is shown again as a 400.
    status = {**STATUS, "page": 400}
    assert said(answers) == {reader: (status[word], word == "signin") for reader, word in sent(name).items()}
    assert rows(things) == before


@pytest.mark.parametrize("name", GET)
def test_a3_staff_without_a_passkey_are_anybody_or_refused(
    open_as: OpenAs, things: Things, settings: Any, name: str
) -> None:
    """With an empty form, too; a code of an app is no passkey."""
    settings.STAFF_MFA = "passkey"
    before = rows(things)
    for method, said_to, empty in (("get", looked, 200), ("post", sent, 400)):
        if method == "post" and name not in POST:
            continue
        cache.clear()
        allowed = {STATUS["no"], empty if said_to(name)["bo"] == "page" else STATUS[said_to(name)["bo"]]}
        answers = {
            reader: getattr(open_as(reader), method)(address(name, things)).status_code for reader in STAFF
        }
        assert {reader: status for reader, status in answers.items() if status not in allowed} == {}
    assert rows(things) == before


def test_who_manages_another_organization_has_no_part_in_this_one(
    open_as: OpenAs, world: World, things: Things
) -> None:
    """A1: the one role that is of one organization."""
    speaks_for(world, "lars", "Example Lab")
    own, other = world.people["lars"].organization_id, things["organization_id"][0]
    client = open_as("lars")

    answers = {
        each: (
            client.get(f"/organizations/{each}/").status_code,
            client.post(f"/organizations/{each}/").status_code,
        )
        for each in (own, other)
    }
    assert answers == {own: (200, 400), other: (404, 404)}


def said(answers: dict[str, Any]) -> dict[str, tuple[int, bool]]:
    """By reader: the status, and whether it leads to where one signs in."""
    return {
        reader: (answer.status_code, str(answer.get("Location", "")).startswith("/accounts/login/"))
        for reader, answer in answers.items()
    }
