"""People for the account tests."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache

from portal.accounts.models import User
from portal.accounts.principals import Principal, principal_for

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"

MakeUser = Callable[..., User]


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """Makes accounts with a verified address; `verified=False` leaves it unverified."""

    def make(email: str = "ada@example.org", *, verified: bool = True, **fields: object) -> User:
        user = User.objects.create_user(email, PASSWORD, **fields)
        EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
        return user

    return make


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    return make_user()


@pytest.fixture
def session(ada: User) -> Principal:
    """Ada in a browser."""
    return principal_for(ada)


@pytest.fixture(autouse=True)
def _fresh_rate_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
