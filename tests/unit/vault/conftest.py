"""A vault of its own for each test: a store in a temporary folder, a policy that the test commands."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress

from portal.accounts.models import User
from portal.accounts.principals import Principal, principal_for, system_principal
from portal.core import keys
from portal.core.keys.signing import tell_public_keys
from tests.unit.vault.fakes import FakePolicy, passes
from tests.unit.vault.folders import write_folder
from weights_vault.actions.publish import publish_folder
from weights_vault.ingest.progress import SilentProgress
from weights_vault.models import Model, RecipientKey, Release, Revision
from weights_vault.sealed.keys import Identity, generate_identity
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import ROLES

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(autouse=True)
def vault(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STORAGE_URL = f"file://{tmp_path}/store"
    settings.ACCESS_POLICY = "tests.unit.vault.fakes.FakePolicy"
    FakePolicy.reset()
    yield
    FakePolicy.reset()


@pytest.fixture
def store_root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "folder")


@pytest.fixture
def release(db: None) -> Release:
    model = Model.objects.create(slug="opt", name="OPT")
    return Release.objects.create(slug="opt-small", model=model, title="OPT small", created_at=NOW)


@pytest.fixture
def publish(release: Release, folder: Path) -> Callable[..., Revision]:
    """publish(name, **arguments of publish_folder) → the published revision."""

    def publish_it(name: str = "v1", **changes: Any) -> Revision:
        arguments = {
            "release": release,
            "name": name,
            "folder": folder,
            "by": system_principal("publish"),
            "clock": lambda: NOW,
            "progress": SilentProgress(),
            "run": passes,
        }
        return publish_folder(**{**arguments, **changes})[0]

    return publish_it


@pytest.fixture
def revision(publish: Callable[..., Revision]) -> Revision:
    return publish("v1")


@pytest.fixture
def make_person(db: None) -> Callable[[str], User]:
    def make(email: str) -> User:
        user = User.objects.create_user(email, "a long enough password", full_name=email.partition("@")[0])
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        return user

    return make


@pytest.fixture
def person(make_person: Callable[[str], User]) -> User:
    return make_person("ada@example.org")


@pytest.fixture
def session(person: User) -> Principal:
    return principal_for(person)


@pytest.fixture
def token(person: User) -> Principal:
    return principal_for(person, scopes=frozenset({"read", "requests", "download"}), token_id="tok_test")


@pytest.fixture
def identity() -> Identity:
    return generate_identity("x25519")


@pytest.fixture
def make_key(db: None) -> Callable[..., RecipientKey]:
    """make_key(user, identity, **fields) → an active key."""

    def make(user: User, identity: Identity, **fields: Any) -> RecipientKey:
        from hashlib import sha256

        text = str(identity.recipient)
        defaults = {
            "recipient": text,
            "digest": sha256(text.encode()).hexdigest(),
            "kind": identity.kind,
            "fingerprint": identity.recipient.fingerprint,
            "name": "laptop",
            "state": RecipientKey.State.ACTIVE,
            "created_at": NOW,
            "activated_at": NOW,
        }
        return RecipientKey.objects.create(user=user, **{**defaults, **fields})

    return make


@pytest.fixture
def key(make_key: Callable[..., RecipientKey], person: User, identity: Identity) -> RecipientKey:
    return make_key(person, identity)


@pytest.fixture
def own_keys(settings: Any, tmp_path: Path) -> Path:
    """Signing keys that no other test shares. Returns: their folder."""
    settings.SIGNING_KEYS, settings.PUBLIC_KEYS = str(tmp_path / "signing"), str(tmp_path / "public")
    for role in ROLES:
        keys.make_once(tmp_path / "signing" / f"{role}.pem", lambda: SigningKey.generate().to_pem())
    tell_public_keys()
    return tmp_path / "signing"
