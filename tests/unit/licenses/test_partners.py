"""M4: an organization that somebody merely names opens nothing; a verified address at its domain does."""

import pytest
from allauth.account.models import EmailAddress

from licenses import policies, queries
from portal.accounts.models import Organization, User
from portal.core.verdicts import Denied
from tests.unit.licenses import world

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def partner() -> Organization:
    return Organization.objects.create(name="Partner Lab", domains=["partner.example", "lab.example.org"])


def member(partner: Organization, email: str, *, verified: bool = True) -> User:
    """Somebody who says that they are of the partner."""
    user = world.person("mallory", organization="Partner Lab")
    assert user.organization == partner
    User.objects.filter(pk=user.pk).update(email=email)
    EmailAddress.objects.filter(user=user).update(email=email, verified=verified)
    user.refresh_from_db()
    return user


def refusal(user: User, partner: Organization) -> str:
    """The code with which a request is refused; empty when it is not."""
    release = world.release(stage="partners", partners=[partner.pk])
    verdict = policies.access(queries.facts(world.session(user), release), "request", world.NOW)
    return verdict.code if isinstance(verdict, Denied) else ""


@pytest.mark.parametrize(
    "email", ["mallory@evil.example", "m@x.partner.example", "m@partner.example.evil.example"]
)
def test_m4_claimed_membership_opens_no_partner_stage(partner: Organization, email: str) -> None:
    assert refusal(member(partner, email), partner) == "stage_not_open"


@pytest.mark.parametrize("email", ["mallory@partner.example", "mallory@lab.example.org"])
def test_verified_address_at_a_partners_domain_opens_it(partner: Organization, email: str) -> None:
    assert refusal(member(partner, email), partner) == ""


def test_unverified_address_there_confirms_nothing(partner: Organization) -> None:
    user = member(partner, "mallory@partner.example", verified=False)
    assert queries.person(world.session(user)).organization == ""
    assert refusal(user, partner) == "email_unverified"


def test_second_address_that_is_not_the_accounts_own_confirms_nothing(partner: Organization) -> None:
    user = member(partner, "mallory@evil.example")
    EmailAddress.objects.create(user=user, email="mallory@partner.example", verified=True, primary=False)
    assert refusal(user, partner) == "stage_not_open"


def test_address_at_a_partners_domain_without_the_organization_is_not_enough(partner: Organization) -> None:
    user = member(partner, "mallory@partner.example")
    user.organization = Organization.objects.create(name="Another")
    assert refusal(user, partner) == "stage_not_open"
