"""Affiliations that end, managers of organizations, and domains that are shown by mail."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from portal.accounts.actions import domains
from portal.accounts.actions.affiliations import admit, end_due, set_end
from portal.accounts.actions.details import correct_details
from portal.accounts.actions.people import create_person
from portal.accounts.actions.roles import grant_role, remove_role
from portal.accounts.affiliations import parted
from portal.accounts.events import AccountWanted, AffiliationEnded
from portal.accounts.models import (
    Affiliation,
    Organization,
    OrganizationDomain,
    OrganizationManager,
    User,
)
from portal.accounts.principals import Principal, principal_for, system_principal
from portal.core import events
from portal.core.models import AuditEvent, OutboxMessage
from portal.core.problems import Conflict, Invalid, NotFound, NotPermitted
from tests.unit.accounts.conftest import NOW, MakeUser

pytestmark = pytest.mark.database

OPERATOR, DAY = system_principal("test"), timedelta(days=1)


@pytest.fixture
def lab(db: None) -> Organization:
    return Organization.objects.create(name="Example Lab")


def of(organization: Organization | None, name: str) -> User:
    return create_person(
        email=f"{name}@lab.example.org",
        password="correct horse battery",
        full_name=name.capitalize(),
        country="NO",
        organization=organization,
        by=OPERATOR,
        now=NOW,
    )


@pytest.fixture
def alma(make_user: MakeUser) -> Principal:
    """An administrator."""
    user = make_user("alma@example.org", full_name="Alma")
    grant_role(user=user, role="administrator", by=OPERATOR, now=NOW)
    return principal_for(user, mfa=True)


@pytest.fixture
def mara(lab: Organization, alma: Principal) -> Principal:
    """Who manages the lab."""
    user = of(lab, "mara")
    domains.name_manager(organization=lab, user=user, by=alma, now=NOW)
    return principal_for(user)


def standing(user: User) -> Affiliation:
    return Affiliation.objects.get(user=user, ended_at=None)


def test_who_moves_leaves_a_row_behind(lab: Organization) -> None:
    bo = of(lab, "bo")
    said = {"full_name": "Bo", "organization": "Another", "country": "NO"}
    correct_details(user=bo, by=principal_for(bo), now=NOW + DAY, **said)
    rows = Affiliation.objects.filter(user=bo).order_by("began_at")
    assert [(str(row.organization), row.ended_at) for row in rows] == [
        ("Example Lab", NOW + DAY),
        ("Another", None),
    ]


def test_an_affiliation_ends_on_its_date_and_is_told_once(lab: Organization, mara: Principal) -> None:
    bo, heard = of(lab, "bo"), []
    events.subscribe(AffiliationEnded)(heard.append)
    try:
        set_end(affiliation=standing(bo), ends_at=NOW + DAY, by=mara, now=NOW)
        end_due({}, NOW + DAY - timedelta(seconds=1))
        bo.refresh_from_db()
        assert (bo.organization, heard) == (lab, [])
        for _ in range(2):
            end_due({}, NOW + DAY)
        bo.refresh_from_db()
        assert (bo.organization, [event.user for event in heard]) == (None, [bo])
    finally:
        events._handlers[AffiliationEnded].remove(heard.append)
    assert Affiliation.objects.get(user=bo).ended_by == "system:affiliations"


def test_a_date_that_has_come_ends_it_at_once(lab: Organization, mara: Principal) -> None:
    bo = of(lab, "bo")
    set_end(affiliation=standing(bo), ends_at=NOW, by=mara, now=NOW)
    bo.refresh_from_db()
    assert bo.organization is None
    with pytest.raises(Conflict):
        set_end(affiliation=Affiliation.objects.get(user=bo), ends_at=NOW, by=mara, now=NOW)


def name(user: User, organization: str, days: int) -> None:
    said = {"full_name": "Bo", "organization": organization, "country": "NO"}
    correct_details(user=user, by=principal_for(user), now=NOW + days * DAY, **said)


def test_whom_others_ended_does_not_name_the_organization_again(lab: Organization, mara: Principal) -> None:
    """Their mailbox there may still work: it would confirm them again."""
    bo = of(lab, "bo")
    set_end(affiliation=standing(bo), ends_at=NOW, by=mara, now=NOW)
    name(bo, "Another", 1)
    name(bo, "A third", 2)
    with pytest.raises(Invalid) as refused:
        name(bo, lab.name.upper(), 3)
    assert "admit you again" in refused.value.errors["organization"][0]
    assert str(standing(bo).organization) == "A third"


def test_a_date_that_came_shuts_out_as_well(lab: Organization, mara: Principal) -> None:
    bo = of(lab, "bo")
    set_end(affiliation=standing(bo), ends_at=NOW + DAY, by=mara, now=NOW)
    end_due({}, NOW + DAY)
    with pytest.raises(Invalid):
        name(bo, lab.name, 2)


def test_going_before_the_date_and_coming_back_after_it_does_not_help(
    lab: Organization, mara: Principal
) -> None:
    bo = of(lab, "bo")
    set_end(affiliation=standing(bo), ends_at=NOW + 5 * DAY, by=mara, now=NOW)
    name(bo, "Another", 1)
    name(bo, lab.name, 2)
    assert standing(bo).ends_at == NOW + 5 * DAY
    name(bo, "Another", 4)
    with pytest.raises(Invalid):
        name(bo, lab.name, 6)


def test_who_left_by_themselves_comes_back_by_themselves(lab: Organization) -> None:
    bo = of(lab, "bo")
    name(bo, "Another", 1)
    name(bo, lab.name, 2)
    assert standing(bo).organization == lab


def test_who_is_admitted_again_is_of_it_and_may_come_and_go(lab: Organization, mara: Principal) -> None:
    bo = of(lab, "bo")
    set_end(affiliation=standing(bo), ends_at=NOW, by=mara, now=NOW)
    (ended,) = parted(lab, NOW)
    with pytest.raises(NotPermitted):
        admit(affiliation=ended, by=principal_for(bo), now=NOW + DAY)
    again = admit(affiliation=ended, by=mara, now=NOW + DAY)
    bo.refresh_from_db()
    assert (bo.organization, again.ends_at, list(parted(lab, NOW + DAY))) == (lab, None, [])
    assert AuditEvent.objects.filter(kind="affiliation.admitted").count() == 1
    with pytest.raises(Conflict):
        admit(affiliation=ended, by=mara, now=NOW + 2 * DAY)
    name(bo, "Another", 3)
    name(bo, lab.name, 4)
    assert standing(bo).organization == lab


def test_nobody_is_fetched_back_from_another_organization(lab: Organization, mara: Principal) -> None:
    bo = of(lab, "bo")
    set_end(affiliation=standing(bo), ends_at=NOW, by=mara, now=NOW)
    name(bo, "Another", 1)
    with pytest.raises(Conflict) as refused:
        admit(affiliation=parted(lab, NOW + DAY).get(), by=mara, now=NOW + 2 * DAY)
    assert refused.value.code == "elsewhere_now"


def test_a_manager_ends_nobody_elsewhere_and_no_staff(lab: Organization, mara: Principal) -> None:
    other = of(Organization.objects.create(name="Other"), "ola")
    reviewer = of(lab, "remy")
    grant_role(user=reviewer, role="reviewer", by=OPERATOR, now=NOW)
    for user in (other, reviewer):
        with pytest.raises(NotPermitted):
            set_end(affiliation=standing(user), ends_at=NOW, by=mara, now=NOW)


def test_who_became_staff_since_is_not_moved_by_a_date(lab: Organization, mara: Principal) -> None:
    """Their organization says whose requests they may not judge."""
    bo = of(lab, "bo")
    set_end(affiliation=standing(bo), ends_at=NOW + DAY, by=mara, now=NOW)
    grant_role(user=bo, role="reviewer", by=OPERATOR, now=NOW)
    end_due({}, NOW + DAY)
    assert standing(bo).organization == lab
    remove_role(user=bo, role="reviewer", by=OPERATOR, now=NOW)
    end_due({}, NOW + DAY)
    assert not Affiliation.objects.filter(user=bo, ended_at=None).exists()


def test_role_that_is_given_while_an_end_is_set_counts(lab: Organization, mara: Principal) -> None:
    bo = of(lab, "bo")

    def give(wanted: AccountWanted) -> None:
        grant_role(user=bo, role="reviewer", by=OPERATOR, now=NOW)

    events.subscribe(AccountWanted)(give)
    try:
        with pytest.raises(NotPermitted):
            set_end(affiliation=standing(bo), ends_at=NOW, by=mara, now=NOW)
    finally:
        events._handlers[AccountWanted].remove(give)


def test_who_left_meanwhile_is_not_named(lab: Organization, alma: Principal) -> None:
    """The page was shown while they were of it."""
    bo = of(lab, "bo")
    User.objects.filter(pk=bo.pk).update(organization=None)
    with pytest.raises(Conflict) as refused:
        domains.name_manager(organization=lab, user=bo, by=alma, now=NOW)
    assert (refused.value.code, OrganizationManager.objects.count()) == ("not_of_it", 0)


def test_claim_that_is_gone_is_not_found(lab: Organization, mara: Principal, alma: Principal) -> None:
    claimed = domains.claim(organization=lab, domain="lab.example.org", by=mara, now=NOW)
    domains.remove(claimed=claimed, by=mara, now=NOW)
    with pytest.raises(NotFound):
        domains.remove(claimed=claimed, by=mara, now=NOW)
    with pytest.raises(NotFound):
        domains.verify(claimed=claimed, code="X", by=mara, now=NOW)
    with pytest.raises(NotFound):
        domains.vouch(claimed=claimed, by=alma, now=NOW)
    assert AuditEvent.objects.filter(kind="domain.removed").count() == 1


def test_organizations_are_locked_before_a_claim(lab: Organization, alma: Principal) -> None:
    """In the order of their primary keys, so that two who show a domain do not wait for each other."""
    claimed = domains.claim(organization=lab, domain="lab.example.org", by=alma, now=NOW)
    for change in (domains.vouch, domains.remove):
        with CaptureQueriesContext(connection) as told:
            change(claimed=claimed, by=alma, now=NOW)
        read = [each["sql"] for each in told if each["sql"].startswith("SELECT")]
        every = next(
            place for place, sql in enumerate(read) if 'ORDER BY "accounts_organization"."id"' in sql
        )
        claims = next(place for place, sql in enumerate(read) if 'FROM "accounts_organizationdomain"' in sql)
        assert every < claims


def test_who_leaves_speaks_for_it_no_longer(lab: Organization, mara: Principal, alma: Principal) -> None:
    set_end(affiliation=standing(mara.person), ends_at=NOW, by=alma, now=NOW)
    assert not OrganizationManager.objects.exists()


def test_who_goes_and_comes_back_keeps_the_date_on_which_they_leave(
    lab: Organization, mara: Principal
) -> None:
    bo = of(lab, "bo")
    set_end(affiliation=standing(bo), ends_at=NOW + 9 * DAY, by=mara, now=NOW)
    for home in ("Another", "Example Lab"):
        said = {"full_name": "Bo", "organization": home, "country": "NO"}
        correct_details(user=bo, by=principal_for(bo), now=NOW + DAY, **said)
    assert standing(bo).ends_at == NOW + 9 * DAY


def test_an_administrator_keeps_the_organizations_of_others_alone(
    lab: Organization, mara: Principal, alma: Principal
) -> None:
    """Nor do they name themselves: only its people are named."""
    User.objects.filter(pk=alma.person.pk).update(organization=lab)
    alma.person.refresh_from_db()
    claimed = domains.claim(organization=lab, domain="lab.example.org", by=mara, now=NOW)
    manager, bo = OrganizationManager.objects.get(), of(lab, "bo")
    for attempt in (
        lambda: domains.name_manager(organization=lab, user=alma.person, by=alma, now=NOW),
        lambda: domains.name_manager(organization=lab, user=bo, by=alma, now=NOW),
        lambda: domains.remove_manager(manager=manager, by=alma, now=NOW),
        lambda: domains.vouch(claimed=claimed, by=alma, now=NOW),
        lambda: domains.remove(claimed=claimed, by=alma, now=NOW),
        lambda: set_end(affiliation=standing(bo), ends_at=NOW, by=alma, now=NOW),
    ):
        with pytest.raises(NotPermitted) as caught:
            attempt()
        assert caught.value.code == "own_organization"


def test_who_moves_to_another_speaks_for_the_former_one_no_longer(lab: Organization, mara: Principal) -> None:
    bo = of(lab, "bo")
    said = {"full_name": "Mara", "organization": "Another", "country": "NO"}
    correct_details(user=mara.person, by=mara, now=NOW + DAY, **said)
    assert not OrganizationManager.objects.exists()
    with pytest.raises(NotPermitted):
        set_end(affiliation=standing(bo), ends_at=NOW + DAY, by=mara, now=NOW + DAY)


def test_only_an_administrator_names_managers_and_only_of_its_people(
    lab: Organization, mara: Principal, alma: Principal, ada: User
) -> None:
    with pytest.raises(NotPermitted):
        domains.name_manager(organization=lab, user=of(lab, "bo"), by=mara, now=NOW)
    with pytest.raises(Conflict):
        domains.name_manager(organization=lab, user=ada, by=alma, now=NOW)


def code_sent(to: str) -> str:
    mail = OutboxMessage.objects.filter(to=to).latest("pk")
    assert mail.ephemeral
    found = re.search(r"^[A-Z0-9]{10}$", mail.text, re.MULTILINE)
    assert found
    return found[0]


def test_a_domain_is_shown_by_a_code_that_is_mailed_to_who_runs_it(
    lab: Organization, mara: Principal
) -> None:
    claimed = domains.claim(organization=lab, domain="Lab.Example.org", by=mara, now=NOW)
    lab.refresh_from_db()
    assert lab.domains == []
    domains.send_code(claimed=claimed, to="postmaster", by=mara, now=NOW)
    code = code_sent("postmaster@lab.example.org")
    domains.verify(claimed=claimed, code=code.lower(), by=mara, now=NOW)
    lab.refresh_from_db()
    claimed.refresh_from_db()
    assert (lab.domains, claimed.verified_how) == (["lab.example.org"], "mail")
    with pytest.raises(Conflict):
        domains.verify(claimed=claimed, code=code, by=mara, now=NOW)
    assert not AuditEvent.objects.filter(data__icontains=code).exists()

    domains.remove(claimed=claimed, by=mara, now=NOW)
    lab.refresh_from_db()
    assert lab.domains == []


def test_a_code_is_guessed_five_times_and_lives_a_day(lab: Organization, mara: Principal) -> None:
    claimed = domains.claim(organization=lab, domain="lab.example.org", by=mara, now=NOW)
    domains.send_code(claimed=claimed, to="admin", by=mara, now=NOW)
    code = code_sent("admin@lab.example.org")
    with pytest.raises(Conflict):
        domains.verify(claimed=claimed, code=code, by=mara, now=NOW + DAY)
    for _ in range(domains.MOST_WRONG):
        with pytest.raises(Invalid):
            domains.verify(claimed=claimed, code="BBBBBBBBBB", by=mara, now=NOW)
    with pytest.raises(Conflict) as refusal:
        domains.verify(claimed=claimed, code=code, by=mara, now=NOW)
    assert refusal.value.code == "no_code"


@pytest.mark.parametrize("to", ["mara", "postmaster@evil.example", "POSTMASTER", ""])
def test_no_other_address_gets_a_code(lab: Organization, mara: Principal, to: str) -> None:
    claimed = domains.claim(organization=lab, domain="lab.example.org", by=mara, now=NOW)
    with pytest.raises(Invalid):
        domains.send_code(claimed=claimed, to=to, by=mara, now=NOW)
    assert not OutboxMessage.objects.filter(to__contains="@evil").exists()


def test_a_domain_is_of_one_organization(lab: Organization, mara: Principal, alma: Principal) -> None:
    other = Organization.objects.create(name="Other")
    first = domains.claim(organization=lab, domain="lab.example.org", by=mara, now=NOW)
    second = domains.claim(organization=other, domain="lab.example.org", by=alma, now=NOW)
    domains.vouch(claimed=first, by=alma, now=NOW)
    with pytest.raises(Conflict) as refusal:
        domains.vouch(claimed=second, by=alma, now=NOW)
    assert refusal.value.code == "domain_taken"
    with pytest.raises(IntegrityError), transaction.atomic():
        OrganizationDomain.objects.filter(pk=second.pk).update(verified_at=NOW, verified_how="staff")


def test_a_manager_does_not_vouch_and_a_stranger_claims_nothing(
    lab: Organization, mara: Principal, ada: User
) -> None:
    claimed = domains.claim(organization=lab, domain="lab.example.org", by=mara, now=NOW)
    stranger = principal_for(ada)
    token = principal_for(mara.person, scopes=frozenset({"read"}))
    for attempt in (
        lambda: domains.vouch(claimed=claimed, by=mara, now=NOW),
        lambda: domains.claim(organization=lab, domain="x.example.org", by=stranger, now=NOW),
        lambda: domains.send_code(claimed=claimed, to="admin", by=stranger, now=NOW),
        lambda: domains.remove(claimed=claimed, by=token, now=NOW),
    ):
        with pytest.raises(NotPermitted):
            attempt()
