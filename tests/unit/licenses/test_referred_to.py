"""R12: what others refer to is not deleted, neither by the models nor past them."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, transaction
from django.db.models import Model, ProtectedError

from licenses import states
from licenses.models import Acceptance, Decision, Grant, License, LicenseVersion, Request, Vote
from portal.accounts.models import Organization, User
from portal.core.models import AuditEvent
from tests.unit.licenses.world import World, apply
from weights_vault.models import Release

pytestmark = pytest.mark.database

KEPT = [User, License, LicenseVersion, Release, Organization, Request, Vote, Decision, Acceptance, Grant]
REFERRED_TO: dict[str, Callable[[Grant], Model]] = {
    "person": lambda grant: grant.user,
    "reviewer": lambda grant: grant.request.votes.all()[0].reviewer,
    "license": lambda grant: grant.license_version.license,
    "license version": lambda grant: grant.license_version,
    "release": lambda grant: grant.release,
    "organization": lambda grant: grant.user.organization or Organization(),
    "request": lambda grant: grant.request,
}


@pytest.fixture
def grant(world: World) -> Grant:
    world.ada.person.organization = Organization.objects.create(name="Example Lab", domains=["example.org"])
    world.ada.person.save()
    # The reviewers have addresses there too.
    apply(world.release, exclude_reviewer_organization=False)
    return world.grant_in(states.ACTIVE)


def counted() -> list[int]:
    return [model._default_manager.count() for model in [*KEPT, AuditEvent]]


@pytest.mark.parametrize("thing", REFERRED_TO)
def test_deleting_it_is_refused_and_nothing_is_lost(grant: Grant, thing: str) -> None:
    before = counted()
    with pytest.raises(ProtectedError):
        REFERRED_TO[thing](grant).delete()
    assert counted() == before


@pytest.mark.parametrize("thing", REFERRED_TO)
def test_the_database_itself_refuses_it(grant: Grant, thing: str) -> None:
    found, before = REFERRED_TO[thing](grant), counted()
    with pytest.raises(DatabaseError), transaction.atomic():
        delete_past_the_models(found)
    assert counted() == before


def delete_past_the_models(thing: Model) -> None:
    table, key = thing._meta.db_table, thing._meta.pk
    assert key is not None
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{table}" WHERE "{key.column}" = %s', [thing.pk])  # noqa: S608
    connection.check_constraints()


@pytest.mark.parametrize("model", [model for model in KEPT if model in admin.site._registry])
def test_the_admin_offers_no_deletion(model: type[Model]) -> None:
    shown = admin.site._registry[model]
    assert not shown.has_delete_permission(None)  # type: ignore[arg-type]
    assert not shown.actions
