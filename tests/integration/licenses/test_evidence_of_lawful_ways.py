"""Every lawful way to a grant gives headers where votes are signed, and what was decided before says its way
out."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from licenses import actions, states
from licenses.actions.reaccepting import want_reacceptance
from licenses.models import Grant, Request, Vote
from tests.authenticator import Passkey
from tests.integration.licenses.test_evidence import (  # noqa: F401
    Ask,
    _signed_votes,
    ask,
    cast,
    grant,
    passkeys,
    refused,
    revision,
    trust,
    world,
)
from tests.unit.licenses.team import Team
from tests.unit.licenses.test_under_master import master
from tests.unit.licenses.world import DAY, NOW, World
from tests.unit.vault.conftest import folder, store_root, vault  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def approve(world: World, passkeys: dict[str, Passkey], request: Request) -> None:  # noqa: F811
    for reviewer in (world.rita, world.rob):
        cast(request, reviewer, passkeys[reviewer.person.public_id])
    request.refresh_from_db()


def test_team_and_master_agreement(world: World, passkeys: dict[str, Passkey], ask: Ask) -> None:  # noqa: F811
    """Whom the agreement names with the decision, and whoever signs on their own."""
    trust(world)
    team = Team(world)
    master(world, "ada", "cora")
    request = world.submit(team.draft())
    approve(world, passkeys, request)
    assert request.state == states.SIGNED
    team.accept(request, team.cyd)
    for who in (world.ada, team.cora, team.cyd):
        assert ask(Grant.objects.get(user=who.person), who)


def test_renewal(world: World, grant: Grant, passkeys: dict[str, Passkey], ask: Ask) -> None:  # noqa: F811
    trust(world)
    Grant.objects.filter(pk=grant.pk).update(ends_at=NOW + 30 * DAY)
    second = actions.renew(request=grant.request, by=world.ada, now=NOW)
    actions.edit(
        request=second, answers=second.versions.get().answers, summary_of_use="Two papers.",
        by=world.ada, now=NOW,
    )  # fmt: skip
    world.submit(second)
    approve(world, passkeys, second)
    (renewed,) = world.sign(second)
    assert ask(renewed)


def test_newer_license(world: World, grant: Grant, ask: Ask) -> None:  # noqa: F811
    trust(world)
    newer = actions.publish_license_version(
        license=world.license.license, text="New.", reaccept_by=NOW + 30 * DAY, effective_at=NOW,
        by=world.rita, now=NOW,
    )  # fmt: skip
    want_reacceptance(version=newer, now=NOW)
    actions.reaccept(
        grant=grant, typed_name="Ada Example", license_sha256=newer.sha256, by=world.ada, now=NOW
    )
    grant.refresh_from_db()
    assert ask(grant)


def test_decided_before_votes_were_signed(
    world: World,  # noqa: F811
    passkeys: dict[str, Passkey],  # noqa: F811
    ask: Ask,  # noqa: F811
    settings: Any,
) -> None:
    settings.STAFF_MFA = "off"
    request = world.submit(world.draft())
    for reviewer in (world.rita, world.rob):
        world.vote(request, reviewer)
    settings.STAFF_MFA = "passkey"
    trust(world)
    request.refresh_from_db()
    (made,) = world.sign(request)
    refused(ask, made)
    call_command("voters", "settle", made.pk, stdout=StringIO())
    assert ask(made)


def test_the_same_verdict_is_given_again_to_be_signed(
    world: World,  # noqa: F811
    passkeys: dict[str, Passkey],  # noqa: F811
    ask: Ask,  # noqa: F811
    settings: Any,
) -> None:
    """Who voted before votes were signed says the same once more: that is no second click."""
    settings.STAFF_MFA = "off"
    request = world.submit(world.draft())
    world.vote(request, world.rita)
    settings.STAFF_MFA = "passkey"
    trust(world)
    cast(request, world.rita, passkeys[world.rita.person.public_id])
    assert Vote.objects.get(reviewer=world.rita.person, superseded_at=None).assertion is not None
    cast(request, world.rob, passkeys[world.rob.person.public_id])
    request.refresh_from_db()
    (made,) = world.sign(request)
    assert ask(made)
