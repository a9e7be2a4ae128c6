"""Accounts and domains of before: each person who is somewhere has one row, each domain a claim."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from portal.accounts.models import Affiliation, Organization, OrganizationDomain, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database, pytest.mark.slow]

BEFORE = [("accounts", "0004_devices")]


@pytest.fixture
def before(transactional_db: None) -> Iterator[Any]:
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    yield executor.loader.project_state(BEFORE).apps
    after()


def after() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_where_people_are_and_whose_domains_are_is_written_once(before: Any) -> None:
    organization = before.get_model("accounts", "Organization")
    user = before.get_model("accounts", "User")
    lab = organization.objects.create(name="Lab", domains=["lab.example", "two.lab.example"])
    organization.objects.create(name="Bare")
    for number in range(1_100):
        user.objects.create(email=f"p{number}@lab.example", organization=lab if number else None)

    after()
    after()

    rows = Affiliation.objects.filter(ended_at=None).select_related("user")
    assert rows.count() == 1_099
    assert all(row.began_at == row.user.date_joined and row.organization_id == lab.pk for row in rows)
    assert not Affiliation.objects.filter(user=User.objects.get(email="p0@lab.example")).exists()
    claims = OrganizationDomain.objects.values_list("domain", "verified_how", "claimed_by")
    assert set(claims) == {
        ("lab.example", "staff", "system:migration"),
        ("two.lab.example", "staff", "system:migration"),
    }
    assert Organization.objects.get(pk=lab.pk).domains == ["lab.example", "two.lab.example"]
