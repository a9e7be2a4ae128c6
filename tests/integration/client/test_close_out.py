"""close-out at a terminal: what is asked, and that no key is deleted unasked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from licenses.models import DestructionCertificate, Grant, License, ReleaseTerms
from portal.accounts import pending as pending_actions
from portal.accounts.models import PendingAction
from tests.integration.api.world import QUESTIONS, World, publish_license, release_of, session_of
from tests.integration.client.asking import at_the_portal, in_this_process
from tests.integration.client.conftest import Weights
from weights_vault.client import pending
from weights_vault.client.asking.terminal import Terminal
from weights_vault.models import Model

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[World]:
    """The holder confirms in the browser whatever the command proposes."""

    def confirm(action: dict[str, Any], output: Any) -> None:
        waiting = PendingAction.objects.get(pk=action["id"])
        pending_actions.confirm(action=waiting, by=session_of(waiting.user), now=timezone.now())

    monkeypatch.setattr(pending, "announce", confirm)
    with in_this_process(monkeypatch):
        made = at_the_portal(settings.PORTAL_URL, monkeypatch)
        ReleaseTerms.objects.update(questions=QUESTIONS)
        yield made


@pytest.fixture
def key(home: Path) -> Path:
    """A private key that `weights` made here."""
    file = home / "keys" / "mine.txt"
    file.parent.mkdir(parents=True, mode=0o700)
    file.write_text("# not read: its name alone counts\n")
    return file


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(Terminal, "is_there", staticmethod(lambda: True))
    monkeypatch.setattr("builtins.input", lambda: lines.pop(0))
    return lines


@pytest.mark.parametrize(("word", "kept"), [("", True), ("no", True), ("y", False)])
def test_a_key_is_deleted_only_by_a_yes(
    bare_weights: Weights, world: World, key: Path, types: list[str], word: str, kept: bool
) -> None:
    grant = world.granted()
    types += ["two", "2", "Deleted; the backups expired.", "", word]
    done = bare_weights("close-out", grant.pk)
    assert done.code == 0, done.err
    assert "every copy of the weights is destroyed" in done.err
    certificate = DestructionCertificate.objects.get()
    assert (certificate.copies, certificate.method) == (2, "Deleted; the backups expired.")
    assert key.exists() is kept


def test_a_script_is_asked_nothing_and_its_keys_stay(bare_weights: Weights, world: World, key: Path) -> None:
    words = ("--copies", "0", "--method", "None was made.", "--destroyed-on", f"{timezone.now():%Y-%m-%d}")
    done = bare_weights("close-out", world.granted().pk, *words, "--json")
    assert (done.code, done.json["closed"], key.exists()) == (0, True, True)
    certificate = DestructionCertificate.objects.get()
    assert done.json["certificate"].endswith(f"/agreements/{certificate.agreement.pk}/")


def test_keys_that_another_grant_needs_are_not_even_offered(
    bare_weights: Weights, world: World, key: Path, types: list[str]
) -> None:
    first = world.granted()
    license = License.objects.create(slug="other", name="Other")
    publish_license(license, 1, "Another text.\n")
    Grant.objects.create(
        request=first.request,
        user=first.user,
        release=release_of(Model.objects.get(), "opt-66b", license),
        license_version=first.license_version,
        starts_at=first.starts_at,
        ends_at=first.ends_at,
        state_at=first.state_at,
    )
    types += ["1", "Deleted.", ""]
    done = bare_weights("close-out", first.pk)
    assert (done.code, "other grants of yours need them" in done.err, key.exists()) == (0, True, True)
