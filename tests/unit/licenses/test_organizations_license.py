"""Which license version counts for whom: an organization may have one of its own."""

import hashlib
from typing import Any

import pytest

from licenses import actions, queries
from licenses.models import License, LicenseVersion
from portal.accounts.models import Organization, User
from portal.accounts.principals import ANONYMOUS, principal_for
from portal.core.problems import Conflict, NotFound
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, license_of, person, release, session

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def version(
    license: License, number: int, organization: Organization | None = None, days: int = 0
) -> LicenseVersion:
    text = f"Text {number}.\n"
    return LicenseVersion.objects.create(
        license=license,
        number=number,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        organization=organization,
        effective_at=NOW + days * DAY,
        created_at=NOW,
        created_by="system:test",
    )


def of(organization: str, name: str = "ida") -> User:
    user = person(name, organization=organization)
    user.organization.domains = ["example.org"]
    user.organization.save()
    return user


def test_the_newest_version_of_the_organization_counts_before_any_standard_one() -> None:
    license = license_of(release()).license
    lab, other = (Organization.objects.create(name=name) for name in ("Lab", "Other"))
    own, newer = version(license, 2, lab), version(license, 3, lab)
    standard = version(license, 4)
    assert queries.license_in_force(license, NOW, lab) == newer != own
    assert queries.license_in_force(license, NOW, lab.pk) == newer
    assert queries.license_in_force(license, NOW, other) == standard
    assert queries.license_in_force(license, NOW) == standard


def test_an_organizations_version_counts_from_its_date_on() -> None:
    license = license_of(release()).license
    lab = Organization.objects.create(name="Lab")
    later = version(license, 2, lab, days=1)
    assert queries.license_in_force(license, NOW, lab) == license.versions.get(number=1)
    assert queries.license_in_force(license, NOW + DAY, lab) == later


def test_many_licenses_at_once_agree_with_one_at_a_time() -> None:
    first, second = release(), release("opt-66b", license="opt-66b", license_name="Other")
    lab = Organization.objects.create(name="Lab")
    version(license_of(first).license, 2, lab)
    version(license_of(first).license, 3)
    version(license_of(second).license, 2, Organization.objects.create(name="Other"))
    for organization in (None, lab):
        for terms in (first.terms, second.terms):
            together = queries.licenses_in_force([first.terms, second.terms], NOW, organization)
            alone = queries.license_in_force(terms.license, NOW, organization)
            assert together[terms.license_id] == alone


def test_a_request_of_the_organizations_people_is_under_its_version() -> None:
    world = World(exclude_reviewer_organization=False)  # the reviewers have addresses there too
    ida = session(of("Lab"))
    own = version(world.license.license, 2, ida.person.organization)
    request = actions.draft(by=ida, release=world.release, answers=ANSWERS, now=NOW)
    with pytest.raises(Conflict, match="license_changed"):
        world.submit(request, by=ida)
    actions.submit(request=request, license_sha256=own.sha256, by=ida, now=NOW)
    request.refresh_from_db()
    assert (request.license_version, request.organization) == (own, ida.person.organization)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    request.refresh_from_db()
    [grant] = actions.sign(
        request=request, typed_name="Ida Example", license_sha256=own.sha256, by=ida, now=NOW
    )
    assert (grant.license_version, grant.organization) == (own, ida.person.organization)


def test_a_newer_version_of_the_organization_must_be_confirmed_and_a_standard_one_need_not() -> None:
    world = World()
    ida = session(of("Lab"))
    own = version(world.license.license, 2, ida.person.organization)
    request = actions.draft(by=ida, release=world.release, answers=ANSWERS, now=NOW)
    request = actions.submit(request=request, license_sha256=own.sha256, by=ida, now=NOW)
    version(world.license.license, 3)
    assert queries.request_case(world.rita, request, NOW).license_current
    newer = version(world.license.license, 4, ida.person.organization)
    assert not queries.request_case(world.rita, request, NOW).license_current
    request = actions.confirm_license(request=request, license_sha256=newer.sha256, by=ida, now=NOW)
    assert queries.request_case(world.rita, request, NOW).license_current


def test_an_organization_that_is_merely_claimed_has_no_version_of_its_own() -> None:
    world = World()
    claimant = session(person("cleo", organization="Lab"))
    version(world.license.license, 2, claimant.person.organization)
    request = actions.draft(by=claimant, release=world.release, answers=ANSWERS, now=NOW)
    world.submit(request, by=claimant)
    request.refresh_from_db()
    assert (request.license_version, request.organization) == (world.license, None)


def test_an_unverified_address_confirms_no_organization() -> None:
    user = of("Lab", "una")
    user.emailaddress_set.update(verified=False)
    assert queries.confirmed_organization(principal_for(user)) is None


def test_a_negotiated_text_is_read_by_whoever_has_to_do_with_it(settings: Any) -> None:
    settings.STAFF_MFA = "any"
    world = World()
    ida = of("Lab")
    own = version(world.license.license, 2, ida.organization)
    outside = session(person("olga"))
    assert queries.license_version_for(world.license.pk) == world.license
    for reader in (session(ida), world.rita, world.auditor, session(person("max", "release_manager"))):
        assert queries.license_version_for(own.pk, reader) == own
    for reader in (ANONYMOUS, world.ada, outside, world.admin, principal_for(world.rita.person)):
        with pytest.raises(NotFound):
            queries.license_version_for(own.pk, reader)


def test_who_asked_under_it_reads_it_after_leaving_the_organization() -> None:
    world = World()
    ida = of("Lab")
    own = version(world.license.license, 2, ida.organization)
    request = actions.draft(by=session(ida), release=world.release, answers=ANSWERS, now=NOW)
    actions.submit(request=request, license_sha256=own.sha256, by=session(ida), now=NOW)
    ida.organization = None
    ida.save()
    assert queries.license_version_for(own.pk, session(ida)) == own


def test_who_is_asked_to_sign_it_reads_it() -> None:
    world = World()
    lab = Organization.objects.create(name="Lab")
    own = version(world.license.license, 2, lab)
    sina = session(person("sina"))
    with pytest.raises(NotFound):
        queries.license_version_for(own.pk, sina)
    actions.propose_master(
        organization=lab,
        license_version=own,
        ends_at=NOW + DAY,
        signatory_email="sina@example.org",
        signatory_name="Sina",
        by=world.rita,
        now=NOW,
    )
    assert queries.license_version_for(own.pk, sina) == own
