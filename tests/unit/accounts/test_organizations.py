"""The mail domains of organizations: set by the operator, logged, one organization's each."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.actions.organizations import set_domains
from portal.accounts.models import Organization, User
from portal.accounts.principals import principal_for, system_principal
from portal.core import audit
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.accounts.conftest import NOW

pytestmark = [pytest.mark.database, pytest.mark.django_db]
OPERATOR = system_principal("test")


@pytest.fixture
def university() -> Organization:
    return Organization.objects.create(name="Example University")


def test_domains_are_replaced_and_logged_once(university: Organization) -> None:
    for domains in (["Uni.Example.org.", " example.org "], ["example.org", "uni.example.org"]):
        set_domains(organization=university, domains=domains, by=OPERATOR, now=NOW)
    assert university.domains == ["example.org", "uni.example.org"]
    event = audit.trail(f"organization:{university.pk}").get()
    assert (event.kind, event.by) == ("organization.domains_set", "system:test")
    assert event.data == {"domains": ["example.org", "uni.example.org"]}
    set_domains(organization=university, domains=[], by=OPERATOR, now=NOW)
    assert university.domains == []


@pytest.mark.parametrize(
    ("email", "confirmed"),
    [
        ("ada@example.org", True),
        ("ada@EXAMPLE.org", True),
        ("ada@lab.example.org", False),
        ("ada@notexample.org", False),
        ("example.org@evil.example", False),
        ("", False),
    ],
)
def test_an_address_at_the_very_domain_confirms(
    university: Organization, email: str, confirmed: bool
) -> None:
    university.domains = ["example.org"]
    assert university.has_domain_of(email) is confirmed
    university.domains = []
    assert not university.has_domain_of(email)


@pytest.mark.parametrize(
    "domain", ["", "example", "@example.org", "ada@example.org", "exa mple.org", "*.org"]
)
def test_what_is_no_domain_is_refused(university: Organization, domain: str) -> None:
    with pytest.raises(Invalid) as caught:
        set_domains(organization=university, domains=["example.org", domain], by=OPERATOR, now=NOW)
    assert list(caught.value.errors) == ["domains"]
    university.refresh_from_db()
    assert university.domains == []


def test_a_domain_is_one_organizations(university: Organization) -> None:
    other = Organization.objects.create(name="Other", domains=["example.org"])
    with pytest.raises(Conflict, match="domain_taken"):
        set_domains(organization=university, domains=["example.org"], by=OPERATOR, now=NOW)
    set_domains(organization=other, domains=["example.org", "example.com"], by=OPERATOR, now=NOW)
    assert other.domains == ["example.com", "example.org"]


def test_r2_only_who_manages_people_sets_domains(university: Organization, ada: User) -> None:
    with pytest.raises(NotPermitted):
        set_domains(organization=university, domains=["example.org"], by=principal_for(ada), now=NOW)
    university.refresh_from_db()
    assert university.domains == []


def test_command_sets_and_lists(university: Organization) -> None:
    out = StringIO()
    call_command("organization", "domains", university.pk, "example.org", stdout=out)
    call_command("organization", "list", stdout=out)
    assert out.getvalue() == f"{university.pk}  Example University: example.org\n" * 2


@pytest.mark.parametrize("words", [("org_x", "example.org"), ("", "example")])
def test_command_says_what_is_wrong(university: Organization, words: tuple[str, str]) -> None:
    identifier, domain = words[0] or university.pk, words[1]
    with pytest.raises(CommandError, match=r"no organization org_x|not a domain"):
        call_command("organization", "domains", identifier, domain)
