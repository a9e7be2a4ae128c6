"""The invented people, their organizations, the reviewers, and the releases that they ask for."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction

from licenses import actions
from licenses.models import ReleaseTerms
from licenses.terms import check_terms
from portal.accounts.models import Organization, RoleGrant, User
from portal.accounts.roles import REVIEWER
from portal.demo.crowd.words import COUNTRIES, made_id, organization_name, person_name
from weights_vault.models import Model, Release

BATCH = 2_000
PEOPLE_AN_ORGANIZATION = 20
RELEASES_A_MODEL = 5
REVIEWERS = 20
BY = "system:seed_requests"
LICENSE = "# Seeded license\n\nUse the weights for research alone. Delete them when the grant ends.\n"
QUESTIONS = [
    {"id": "purpose", "label": "What will you use the weights for?", "kind": "long_text", "required": True},
    {"id": "role", "label": "Your position", "kind": "choice", "choices": ["Student", "Researcher"]},
    {"id": "noncommercial", "label": "The use is noncommercial.", "kind": "confirm", "required": True},
]


def make_organizations(rng: random.Random, people: int) -> list[Organization]:
    """One for about twenty people. Raises: IntegrityError: the database was seeded before."""
    count = max(1, people // PEOPLE_AN_ORGANIZATION)
    made = [
        Organization(
            id=made_id(rng, "org"), name=organization_name(number), domains=[f"org{number}.example.net"]
        )
        for number in range(count)
    ]
    return Organization.objects.bulk_create(made, batch_size=BATCH)


def make_people(
    rng: random.Random, count: int, organizations: list[Organization], now: datetime
) -> list[User]:
    """Researchers with a verified address at their organization; some belong to none."""
    return _accounts(_researcher(rng, number, rng.choice(organizations), now) for number in range(count))


def _researcher(rng: random.Random, number: int, organization: Organization, now: datetime) -> User:
    member = rng.random() < 0.92
    domain = organization.domains[0] if member else "mail.example.com"
    return _account(
        rng,
        email=f"person{number}@{domain}",
        full_name=person_name(number),
        organization=organization if member else None,
        country=rng.choice(COUNTRIES),
        date_joined=now - timedelta(days=365 + rng.random() * 200),
    )


def make_reviewers(rng: random.Random, now: datetime) -> list[User]:
    """Twenty reviewers of the portal's own organization: reviewer0@desk.example.net and so on."""
    home = Organization.objects.create(
        id=made_id(rng, "org"), name="Seeded Review Desk", domains=["desk.example.net"]
    )
    made = _accounts(
        _account(
            rng,
            email=f"reviewer{number}@desk.example.net",
            full_name=f"Reviewer {person_name(number * 53 + 7)}",
            organization=home,
            country="DE",
            date_joined=now - timedelta(days=600),
        )
        for number in range(REVIEWERS)
    )
    RoleGrant.objects.bulk_create(RoleGrant(user=user, role=REVIEWER, by=BY, at=now) for user in made)
    return made


def _account(rng: random.Random, **fields: object) -> User:
    user = User(public_id=made_id(rng, "usr"), **fields)
    user.set_unusable_password()
    return user


def _accounts(users: Iterable[User]) -> list[User]:
    made = User.objects.bulk_create(users, batch_size=BATCH)
    EmailAddress.objects.bulk_create(
        (EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in made),
        batch_size=BATCH,
    )
    return made


def make_releases(count: int, now: datetime, first: int = 0) -> list[ReleaseTerms]:
    """Listed releases on request, five a model, under one license. first: number of the first of them."""
    return [_release(number, now) for number in range(first, first + count)]


def _release(number: int, now: datetime) -> ReleaseTerms:
    family, size = divmod(number, RELEASES_A_MODEL)
    model, _ = Model.objects.get_or_create(
        slug=f"seeded-{family}", defaults={"name": f"Seeded model {family}"}
    )
    billions = (1, 3, 7, 30, 175)[size]
    release = Release.objects.create(
        slug=f"seeded-{family}-{billions}b",
        model=model,
        title=f"Seeded {family} {billions}B",
        summary="Made up by manage.py seed_requests.",
        created_at=now - timedelta(days=500),
    )
    table = {
        "license": "seeded",
        "license_name": "Seeded license",
        "stage": "researchers",
        "quorum": 2,
        "questions": QUESTIONS,
    }
    with transaction.atomic():
        return actions.apply_terms(
            release=release, terms=check_terms(table, LICENSE), by=BY, now=now - timedelta(days=500)
        )
