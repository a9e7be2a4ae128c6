"""Revoking while something is issued, with the real rule of access: before or after, never between (G2)."""

import hashlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from licenses import actions, states
from licenses.models import Grant
from portal.accounts.principals import system_principal
from portal.core import audit
from portal.core.problems import Problem
from tests.integration.licenses.race import codes, crew
from tests.unit.licenses.world import NOW, World
from tests.unit.vault.fakes import passes
from weights_vault import delivery, keeper
from weights_vault.actions import receipts
from weights_vault.actions.publish import publish_folder
from weights_vault.ingest.progress import SilentProgress
from weights_vault.models import Holding, LedgerEntry, Origin, RecipientKey, Revision
from weights_vault.sealed.keys import generate_identity

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

ROUNDS = 15
ISSUED = {"manifest.issued", "headers.issued", "urls.issued"}


@pytest.fixture
def world(vault: None, settings: Any, transactional_db: None) -> World:
    settings.ACCESS_POLICY = "licenses.access.LicenseAccess"
    return World()


@pytest.fixture
def revision(world: World, folder: Path) -> Revision:
    return publish_folder(
        release=world.release,
        name="v1",
        folder=folder,
        by=system_principal("publish"),
        clock=lambda: NOW,
        progress=SilentProgress(),
        run=passes,
    )[0]


@pytest.fixture
def issues(world: World, revision: Revision) -> Callable[[Grant], list[Callable[[], object]]]:
    """issues(grant) → the three ways in which something leaves the portal."""
    identity = generate_identity("x25519")
    key = RecipientKey.objects.create(
        user=world.ada.user,
        recipient=str(identity.recipient),
        digest=hashlib.sha256(str(identity.recipient).encode()).hexdigest(),
        kind=identity.kind,
        fingerprint=identity.recipient.fingerprint,
        name="laptop",
        state="active",
        created_at=NOW,
        activated_at=NOW,
    )
    files = list(revision.files.all())

    def of(grant: Grant) -> list[Callable[[], object]]:
        asked: dict[str, Any] = {
            "by": world.ada,
            "grant": grant.pk,
            "revision": revision,
            "now": NOW,
            "address": "192.0.2.1",
        }
        return [
            partial(delivery.issue_manifest, **asked),
            partial(delivery.issue_urls, files=files, **asked),
            partial(keeper.issue_headers, files=files, key=key, **asked),
        ]

    return of


def another(grant: Grant) -> Grant:
    """A fresh active grant in place of a revoked one; a request gives a person one."""
    Grant.objects.filter(pk=grant.pk).delete()
    return Grant.objects.create(
        request=grant.request,
        user=grant.user,
        release=grant.release,
        license_version=grant.license_version,
        state_at=NOW,
        starts_at=NOW,
        ends_at=NOW.replace(year=2027),
    )


def test_live_grant_gets_all_three(world: World, issues: Any) -> None:
    grant = world.grant_in(states.ACTIVE)
    with crew(3) as race:
        assert codes(race.run(*issues(grant))) == []


def test_batches_and_reports_at_once_each_stand_in_the_ledger(
    world: World, issues: Any, revision: Revision
) -> None:
    """No two of them wait for each other, and the running sum misses none."""
    grant = world.grant_in(states.ACTIVE)
    said: dict[str, Any] = {"files": 1, "size": 1, "fetched": 1, "again": 0, "seconds": 1.0, "client": "w/1"}
    report = partial(
        receipts.report, by=world.ada, grant=grant.pk, revision=revision, event="verified", now=NOW, **said,
        address="192.0.2.1",
    )  # fmt: skip
    for issue in issues(grant):
        issue()
    with crew(4) as race:
        for _ in range(ROUNDS):
            assert codes(race.run(*issues(grant), report)) == []
    recorded = Counter(LedgerEntry.objects.values_list("kind", flat=True))
    assert recorded == {"manifest": 16, "headers": 16, "urls": 16, "verified": 15}
    holding = Holding.objects.get()
    assert (holding.file_count, holding.verified_at) == (revision.files.count(), NOW)
    assert Origin.objects.count() == 1


def test_what_is_issued_stands_wholly_before_the_revocation_or_is_refused(world: World, issues: Any) -> None:
    """G2; and G1: once revoked, every connection is refused at once."""
    grant = world.grant_in(states.ACTIVE)
    with crew(4) as race:
        for _ in range(ROUNDS):
            revoke = partial(actions.revoke, grant=grant, reason="Shared.", by=world.rita, now=NOW)
            *issued, revoked = race.run(*issues(grant), revoke)
            assert not isinstance(revoked, Problem)
            kinds = [event.kind for event in audit.trail(f"grant:{grant.pk}")]
            after = kinds[kinds.index("grant.revoked") + 1 :]
            assert not ISSUED & set(after)
            assert {problem.code for problem in issued if isinstance(problem, Problem)} <= {"grant_revoked"}
            allowed = sum(not isinstance(result, Problem) for result in issued)
            assert len(ISSUED & set(kinds)) == allowed
            recorded = LedgerEntry.objects.filter(grant=grant.pk).values_list("kind", flat=True)
            assert sorted(f"{kind}.issued" for kind in recorded) == sorted(ISSUED & set(kinds))
            late = race.run(*issues(grant), issues(grant)[0])
            assert codes(late) == ["grant_revoked"] * 4
            grant = another(grant)
