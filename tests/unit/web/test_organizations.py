"""The page of an organization, where its managers make the portal send mail to others."""

import pytest
from django.test import Client

from portal.accounts.actions import domains
from portal.accounts.actions.affiliations import set_end
from portal.accounts.affiliations import moved
from portal.accounts.models import Affiliation, Organization, OrganizationDomain, User
from portal.core.limits import LIMITS
from portal.core.models import OutboxMessage
from portal.web import organization_desk
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World


@pytest.fixture
def claimed(world: World) -> OrganizationDomain:
    """Example Lab says that another's domain is its own; Bo manages it."""
    bo = world.people["bo"]
    lab = bo.organization
    assert lab is not None
    domains.name_manager(organization=lab, user=bo, by=world.by("alma"), now=world.now)
    return domains.claim(organization=lab, domain="others.example", by=world.by("bo"), now=world.now)


def test_nobody_floods_who_runs_a_domain_with_codes(open_as: OpenAs, claimed: OrganizationDomain) -> None:
    bo: Client = open_as("bo")
    address = f"/organizations/{claimed.organization_id}/"
    most = LIMITS["domain_codes"].most
    answers = [
        bo.post(address, {"do": "send", "claim": claimed.pk, "to": to}).status_code
        for to in (*domains.ADMINISTRATIVE, "postmaster")
    ]

    assert answers == [302] * most + [429]
    assert OutboxMessage.objects.filter(to__endswith="@others.example").count() == most


def test_a_manager_admits_somebody_again_whom_they_had_ended(open_as: OpenAs, world: World) -> None:
    bo, ada = world.people["bo"], world.people["ada"]
    lab = Organization.objects.get(name="Example Lab")
    User.objects.filter(pk__in=[bo.pk, ada.pk]).update(organization=lab)
    for each in (bo, ada):
        each.refresh_from_db()
        moved(user=each, by="system:test", now=world.now)
    domains.name_manager(organization=lab, user=bo, by=world.by("alma"), now=world.now)
    standing = Affiliation.objects.get(user=ada, ended_at=None)
    set_end(affiliation=standing, ends_at=world.now, by=world.by("bo"), now=world.now)

    said = {"full_name": "Ada Holm", "organization": "Example Lab", "country": "FI", "confirm": "yes"}
    refused = open_as("ada").post("/account/", said)
    assert (refused.status_code, "admit you again" in refused.text) == (400, True)

    page: Client = open_as("bo")
    address = f"/organizations/{lab.pk}/"
    assert "Ended by others" in page.get(address).text
    assert page.post(address, {"do": "admit", "affiliation": standing.pk}).status_code == 302
    ada.refresh_from_db()
    assert ada.organization == lab
    assert "Ended by others" not in page.get(address).text


def test_a_wrong_code_is_said_once(open_as: OpenAs, claimed: OrganizationDomain, world: World) -> None:
    domains.send_code(claimed=claimed, to="postmaster", by=world.by("bo"), now=world.now)
    said = {"do": "verify", "claim": claimed.pk, "code": "WRONG"}
    page = open_as("bo").post(f"/organizations/{claimed.organization_id}/", said)
    assert (page.status_code, page.context["form"].errors) == (400, {"code": ["This is not the code."]})


@pytest.mark.parametrize("email", ["ada@nlp.example.edu", "nobody@nlp.example.edu"])
def test_a_manager_does_not_learn_who_has_an_account(
    open_as: OpenAs, claimed: OrganizationDomain, world: World, email: str
) -> None:
    assert User.objects.filter(email=email).exists() == email.startswith("ada")
    page = open_as("bo").post(f"/organizations/{claimed.organization_id}/", {"do": "name", "email": email})
    assert page.status_code == 403


def test_what_was_searched_for_stays_whole_on_the_next_page(open_as: OpenAs, world: World) -> None:
    Organization.objects.bulk_create(Organization(name=f"Ito & Sons {number}") for number in range(60))
    page = open_as("alma").get("/organizations/", {"text": "Ito & Sons"}).text
    assert "?text=Ito+%26+Sons&amp;page=2" in page


def test_a_search_counts_each_of_its_people_once(open_as: OpenAs, claimed: OrganizationDomain) -> None:
    lab = claimed.organization
    OrganizationDomain.objects.create(
        organization=lab, domain="too.others.example", claimed_by="usr_a", claimed_at=claimed.claimed_at
    )
    (found,) = open_as("alma").get("/organizations/", {"text": "others.example"}).context["page"]
    assert found.count == User.objects.filter(organization=lab).count()


def test_everybody_whom_others_ended_is_on_some_page(open_as: OpenAs, world: World) -> None:
    lab = Organization.objects.get(name="Example Lab")
    for number in range(organization_desk.PARTED_PER_PAGE + 1):
        user = User.objects.create_user(f"gone{number}@lab.example.org", full_name=f"Gone {number}")
        Affiliation.objects.create(
            user=user, organization=lab, began_at=world.ago(9), ended_at=world.ago(1), ended_by="usr_x"
        )
    client, address = open_as("alma"), f"/organizations/{lab.pk}/"
    shown = [
        each.user_id
        for page in ("1", "2")
        for each in client.get(address, {"parted": page}).context["parted"]
    ]
    assert len(set(shown)) == organization_desk.PARTED_PER_PAGE + 1


def test_an_administrator_reads_why_their_own_organization_is_not_theirs_to_keep(open_as: OpenAs) -> None:
    home = Organization.objects.get(name="Weights Portal")
    page = open_as("alma").get(f"/organizations/{home.pk}/")
    assert "This is your own organization" in page.text
    assert (page.context["speaks"], page.context["administers"]) == (False, False)
    assert "This is your own" not in open_as("otto").get(f"/organizations/{home.pk}/").text


def test_a_search_that_finds_nothing_says_that_it_is_the_search(open_as: OpenAs, world: World) -> None:
    alma = open_as("alma")
    assert "Nothing fits this search" in alma.get("/organizations/?text=nowhere").text
