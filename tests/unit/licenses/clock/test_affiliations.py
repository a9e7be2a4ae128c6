"""R11: whoever leaves an organization keeps or loses what was given under it, by the terms' rule."""

import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from django.test import Client

from licenses import actions, states
from licenses.clock.affiliations import end_affiliations
from licenses.jobs import AFFILIATIONS, look_at_affiliations
from licenses.models import Grant
from portal.accounts.actions.details import correct_details
from portal.accounts.actions.organizations import set_domains
from portal.accounts.models import Organization
from portal.accounts.principals import system_principal
from portal.core import audit
from portal.core.models import Job
from portal.core.problems import NotPermitted
from tests.unit.licenses.clock.mailbox import empty, mailed, text_of
from tests.unit.licenses.world import NOW, World, apply, session

pytestmark = pytest.mark.database


@pytest.fixture
def world(db: None) -> World:
    """Everybody here, reviewers too, has an address at the lab's domain; that keeps nobody from voting."""
    return World(exclude_reviewer_organization=False)


@pytest.fixture
def home() -> Organization:
    return Organization.objects.create(name="Example Lab", domains=["example.org"])


@pytest.fixture
def grant(world: World, home: Organization) -> Grant:
    """Ada's, given under Example Lab, which her address confirms."""
    world.ada.person.organization = home
    world.ada.person.save()
    made = world.grant_in(states.ACTIVE)
    assert made.organization == home
    empty()
    return made


def leave(world: World, organization: str = "Elsewhere") -> None:
    correct_details(
        user=world.ada.person,
        full_name="Ada Example",
        organization=organization,
        country="CH",
        by=session(world.ada.person),
        now=NOW,
    )


def state_of(grant: Grant) -> tuple[str, str]:
    grant.refresh_from_db()
    return grant.state, grant.state_reason


def test_who_names_another_organization_loses_it_at_once_and_reads_why(world: World, grant: Grant) -> None:
    leave(world)
    state, reason = state_of(grant)
    assert state == states.SUSPENDED
    assert reason.startswith(states.AFFILIATION_ENDED)
    assert "Example Lab" in reason
    assert "By the terms of OPT-175B" in reason
    assert mailed("grant_suspended") == ["ada"]
    assert reason in text_of("grant_suspended")
    event = audit.trail(f"grant:{grant.pk}").last()
    assert event is not None
    assert (event.kind, event.by) == ("grant.suspended", "system:affiliation")


def test_where_the_terms_let_people_keep_it_only_the_timeline_tells(world: World, grant: Grant) -> None:
    apply(world.release, on_affiliation_end="keep")
    leave(world)
    assert state_of(grant) == (states.ACTIVE, "")
    assert mailed("grant_suspended") == []
    event = audit.trail(f"grant:{grant.pk}").last()
    assert event is not None
    assert (event.kind, "stays yours" in audit.wording(event, "reason")) == ("grant.kept", True)


def test_a_correction_that_leaves_the_organization_changes_nothing(world: World, grant: Grant) -> None:
    leave(world, "example lab")
    assert state_of(grant) == (states.ACTIVE, "")


def test_when_it_cannot_be_suspended_the_correction_is_not_made_either(
    world: World, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R10: one transaction."""

    def broken(*args: Any, **kwargs: Any) -> None:
        raise NotPermitted("broken", "Nothing can be written.")

    monkeypatch.setattr("licenses.actions.affiliation.move_grant", broken)
    with pytest.raises(NotPermitted):
        leave(world)
    world.ada.person.refresh_from_db()
    assert str(world.ada.person.organization) == "Example Lab"


def test_an_address_that_confirms_nothing_ends_it(world: World, grant: Grant) -> None:
    user = world.ada.person
    old = EmailAddress.objects.get(user=user)
    new = EmailAddress.objects.create(user=user, email="ada@mail.example.com", verified=True)
    user.email = new.email
    user.save()
    email_changed.send(
        sender=type(user), request=None, user=user, from_email_address=old, to_email_address=new
    )
    assert state_of(grant)[0] == states.SUSPENDED


def test_another_main_address_chosen_on_the_page_ends_it(world: World, grant: Grant, client: Client) -> None:
    user = world.ada.person
    EmailAddress.objects.create(user=user, email="ada@mail.example.com", verified=True)
    client.force_login(user)
    proven = {"method": "password", "at": time.time(), "reauthenticated": True}
    kept = client.session
    kept["account_authentication_methods"] = [proven]
    kept.save()
    chosen = {"action_primary": "", "email": "ada@mail.example.com"}
    client.post("/accounts/email/", chosen)
    assert state_of(grant)[0] == states.ACTIVE  # told first
    client.post("/accounts/email/", {**chosen, "confirm": "yes"})
    user.refresh_from_db()
    assert user.email == "ada@mail.example.com"
    assert state_of(grant)[0] == states.SUSPENDED


def test_an_organization_that_loses_its_domain_is_looked_at_by_a_job(
    world: World, grant: Grant, home: Organization
) -> None:
    set_domains(organization=home, domains=[], by=system_principal("organization"), now=NOW)
    assert state_of(grant)[0] == states.ACTIVE
    job = Job.objects.get(kind=AFFILIATIONS)
    look_at_affiliations(job.payload, now=NOW)
    assert state_of(grant)[0] == states.SUSPENDED
    look_at_affiliations(job.payload, now=NOW)
    assert mailed("grant_suspended") == ["ada"]


def test_a_domain_more_is_nothing_to_look_at(world: World, grant: Grant, home: Organization) -> None:
    set_domains(
        organization=home,
        domains=["example.org", "lab.example.org"],
        by=system_principal("organization"),
        now=NOW,
    )
    assert not Job.objects.filter(kind=AFFILIATIONS).exists()


def test_whose_address_still_confirms_it_keeps_it(grant: Grant) -> None:
    assert end_affiliations(now=NOW) == 0
    assert state_of(grant) == (states.ACTIVE, "")


def test_what_was_missed_is_found_later(world: World, grant: Grant) -> None:
    """Whatever changed without a word: the address is there no more."""
    EmailAddress.objects.filter(user=world.ada.person).delete()
    assert end_affiliations(now=NOW) == 1
    assert state_of(grant)[0] == states.SUSPENDED


def test_what_staff_resumed_stays_resumed_until_the_person_leaves_again(world: World, grant: Grant) -> None:
    leave(world)
    actions.resume(grant=grant, reason="They keep it.", by=world.rita, now=NOW)
    assert end_affiliations(now=NOW) == 0
    leave(world, "Example Lab")
    leave(world)
    assert state_of(grant)[0] == states.SUSPENDED


@pytest.mark.parametrize("state", [states.SUSPENDED, states.REVOKED])
def test_what_is_not_active_is_left_as_it_is(world: World, home: Organization, state: str) -> None:
    world.ada.person.organization = home
    world.ada.person.save()
    held = world.grant_in(state)
    before = state_of(held)
    leave(world)
    assert end_affiliations(now=NOW) == 0
    assert state_of(held) == before


def test_a_grant_given_under_no_organization_is_nobodys_to_end(world: World) -> None:
    held = world.grant_in(states.ACTIVE)
    assert held.organization is None
    leave(world)
    assert end_affiliations(now=NOW) == 0
    assert state_of(held) == (states.ACTIVE, "")
