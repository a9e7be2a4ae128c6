"""The page of an organization, where its managers make the portal send mail to others."""

import pytest
from django.test import Client

from portal.accounts.actions import domains
from portal.accounts.models import OrganizationDomain
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
