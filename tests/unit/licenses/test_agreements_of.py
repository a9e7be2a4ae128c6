"""Who can have which executed document: whom it binds, their team, and legal staff. A1."""

import pytest

from licenses import queries
from licenses.models import Agreement
from portal.core.problems import NotFound
from tests.unit.licenses.agreements.papers import mastered
from tests.unit.licenses.team import Team
from tests.unit.licenses.world import DAY, NOW, World, person, session, token

pytestmark = pytest.mark.database


def readers(agreement: Agreement, **people: object) -> set[str]:
    """The names of those who can have it; the lists of the request agree."""
    able = set()
    for name, principal in people.items():
        try:
            assert queries.agreement_for(principal, agreement.pk) == agreement  # type: ignore[arg-type]
        except NotFound:
            continue
        able.add(name)
    return able


def test_acceptance_is_its_signers_and_legal_staffs(world: World) -> None:
    grant = world.grant_in("active")
    agreement = Agreement.objects.get()
    able = readers(
        agreement,
        ada=world.ada,
        bo=session(person("bo")),
        rita=world.rita,
        admin=world.admin,
        auditor=world.auditor,
        max=session(person("max", "release_manager")),
        program=token(world.ada.person, "read"),
        other_program=token(world.ada.person, "download"),
    )
    assert able == {"ada", "rita", "auditor", "program"}
    assert queries.agreements_of(world.ada, grant.request) == [agreement]
    assert queries.agreements_of(session(person("eve")), grant.request) == []
    assert queries.agreement_of_grant(grant) == agreement


def test_team_has_each_others_documents(world: World) -> None:
    team, bo = Team(world), session(person("bo"))
    request = world.draft(bo)
    team.joined(request, team.cora, by=bo)
    world.submit(request, bo)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    team.accept(request, team.cora)
    request.refresh_from_db()
    [agreement] = queries.agreements_of(world.rita, request)
    assert readers(agreement, bo=bo, cora=team.cora, cyd=team.cyd, ada=world.ada) == {"bo", "cora"}
    assert queries.agreements_of(bo, request) == [agreement]


def test_closed_grant_keeps_both_documents_for_its_holder(world: World) -> None:
    grant = world.grant_in("active")
    world.close_out(grant, now=NOW + DAY)
    assert [each.title for each in queries.agreements_of(world.ada, grant.request, grant)] == [
        "License agreement",
        "Certificate of destruction",
    ]


def test_master_agreement_is_its_signatorys(world: World) -> None:
    agreement = mastered(world)
    assert agreement.master is not None
    agreement.master.signatory = world.ada.person
    agreement.master.save()
    able = readers(agreement, ada=world.ada, rita=world.rita, bo=session(person("bo")))
    assert able == {"ada", "rita"}  # rita as legal staff
