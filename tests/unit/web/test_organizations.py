"""The page of an organization, where its managers make the portal send mail to others."""

import pytest
from django.test import Client

from portal.accounts.actions import domains
from portal.accounts.affiliations import moved, set_end
from portal.accounts.models import Affiliation, Organization, OrganizationDomain, User
from portal.core.limits import LIMITS
from portal.core.models import OutboxMessage
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
