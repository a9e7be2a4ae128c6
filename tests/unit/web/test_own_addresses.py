"""A person's mail addresses: what hangs on one is told before it goes, or another becomes primary."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from licenses.models import Grant
from portal.accounts.actions.organizations import set_domains
from portal.accounts.models import Organization
from tests.unit.web import papers
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release

ADDRESS = "/accounts/email/"
SECOND = "ada@elsewhere.example.net"


@pytest.fixture
def second(world: World) -> EmailAddress:
    """Ada has a second address, verified."""
    return EmailAddress.objects.create(user=world.people["ada"], email=SECOND, verified=True)


@pytest.fixture
def ada(open_as: OpenAs, second: EmailAddress) -> Client:
    return open_as("ada")


@pytest.fixture
def grant(world: World) -> Grant:
    """Given to Ada under her organization, which her first address confirms."""
    user = world.people["ada"]
    assert user.organization is not None
    set_domains(
        organization=user.organization,
        domains=[user.email.rpartition("@")[2]],
        by=world.by("alma"),
        now=world.ago(30),
    )
    return world.signed("ada", Release.objects.get(slug="opt-66b"))


def sent(client: Client, verb: str, email: str, **more: str) -> tuple[int, str]:
    answer = client.post(ADDRESS, {verb: "", "email": email, **more})
    return answer.status_code, answer.content.decode()


def addresses() -> dict[str, bool]:
    return dict(EmailAddress.objects.filter(user__email__icontains="ada@").values_list("email", "primary"))


def test_another_primary_address_tells_which_grants_it_suspends(
    world: World, ada: Client, grant: Grant
) -> None:
    home = Organization.objects.get(pk=grant.organization_id)
    status, page = sent(ada, "action_primary", SECOND)

    assert (status, addresses()[SECOND]) == (200, False)
    assert "Nothing is changed yet" in page
    assert f"no longer confirms that you are of {home.name}" in page
    assert f'<a href="/grants/{grant.pk}/">{grant.release.title}</a>: <strong>is suspended</strong>' in page
    grant.refresh_from_db()
    assert grant.state == "active"

    assert sent(ada, "action_primary", SECOND, confirm="yes")[0] == 302
    grant.refresh_from_db()
    assert (addresses()[SECOND], grant.state) == (True, "suspended")


def test_a_primary_address_of_the_same_organization_changes_nothing_and_is_not_asked_about(
    world: World, open_as: OpenAs, grant: Grant
) -> None:
    user = world.people["ada"]
    same = f"ada.l@{user.email.rpartition('@')[2]}"
    EmailAddress.objects.create(user=user, email=same, verified=True)

    assert sent(open_as("ada"), "action_primary", same)[0] == 302
    assert EmailAddress.objects.get(email=same).primary


@pytest.fixture
def hanging(world: World, second: EmailAddress) -> tuple[Any, Any]:
    """An invitation to Ada's second address, and an agreement that it is asked to sign and named in."""
    user = world.people["ada"]
    first, user.email = user.email, SECOND
    party = world.asked("bo", Release.objects.get(slug="opt-175b"), "ada")
    master = papers.proposed(world)
    user.email = first
    return party, master


def test_what_hangs_on_an_address_is_told_before_it_is_removed(ada: Client, hanging: tuple[Any, Any]) -> None:
    party, master = hanging
    status, page = sent(ada, "action_remove", SECOND)

    assert (status, SECOND in addresses()) == (200, True)
    assert f'href="/invitations/{party.pk}/">invitation from Bo Tanaka' in page
    assert f'href="/master-agreements/{master.pk}/"' in page
    assert "Remove it, and let this happen" in page

    assert sent(ada, "action_remove", SECOND, confirm="yes")[0] == 302
    assert SECOND not in addresses()
    assert ada.get(f"/invitations/{party.pk}/").status_code == 404


def test_who_is_named_in_an_agreement_is_told_that_it_covers_them_no_more(
    world: World, open_as: OpenAs
) -> None:
    papers.proposed(world)
    bo = world.people["bo"]
    named = EmailAddress.objects.get(user=bo)
    EmailAddress.objects.create(user=bo, email="bo@elsewhere.example.net", verified=True)
    client = open_as("bo")
    assert sent(client, "action_primary", "bo@elsewhere.example.net")[0] == 302

    status, page = sent(client, "action_remove", named.email)

    assert status == 200
    assert "The master agreement of Example Lab names you by this address" in page


@pytest.mark.parametrize("email", [SECOND, "bo@lab.example.org", "nobody", ""])
def test_where_nothing_of_ones_own_hangs_nothing_is_asked(world: World, ada: Client, email: str) -> None:
    """Nor is anything told of what hangs on the addresses of others."""
    papers.proposed(world)

    assert sent(ada, "action_remove", email)[0] == 302


def test_an_address_that_nobody_verified_goes_without_a_question(
    world: World, open_as: OpenAs, second: EmailAddress, hanging: tuple[Any, Any]
) -> None:
    """Whoever added somebody else's address learns nothing of what was sent to it."""
    EmailAddress.objects.filter(pk=second.pk).update(verified=False)
    client = open_as("ada")

    assert sent(client, "action_remove", SECOND)[0] == 302
    assert SECOND not in addresses()
