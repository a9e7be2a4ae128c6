"""What documents say: who, what, how, and nothing that is only nearly so."""

from typing import Any

import pytest

from licenses.agreements.contents import contents
from licenses.agreements.snapshot import take
from licenses.agreements.wording import how_said
from licenses.models import Agreement
from portal.core.keys import root_fingerprint
from portal.core.models import AuditEvent
from tests.unit.licenses.agreements.papers import accepted, contents_of, destroyed, mastered
from tests.unit.licenses.team import Team
from tests.unit.licenses.world import World

pytestmark = pytest.mark.django_db


def rows(made: dict[str, Any]) -> dict[str, str]:
    """Every line of every section, by label."""
    sections = [*made["sections"], made["evidence"]]
    return {line["label"]: line["value"] for section in sections for line in section["rows"]}


def test_agreement_names_everything_that_proves_it() -> None:
    world = World()
    agreement = accepted(world)
    made, acceptance = contents_of(agreement), agreement.acceptance
    assert acceptance is not None
    said = rows(made)
    assert (said["Licensee"], said["E-mail"]) == ("Ada Example", "ada@example.org")
    assert said["SHA-256 of the text"] == world.license.sha256 == made["text"]["sha256"]
    assert said["Releases"] == "OPT-175B (opt-175b)"
    assert said["Request"] == acceptance.request_id
    assert said["Decision"] == "Approved by 2 reviewers, 20 November 2026, 12:00:00 UTC, version 1"
    assert said["Term"] == "365 days from the start of the grant"
    assert said["Its root key"] == root_fingerprint()
    event = AuditEvent.objects.get(kind="request.signed")
    assert said["Audit log"] == f"Event {event.index}, request.signed, of request:{acceptance.request_id}"
    assert made["signature"]["time"] == "20 November 2026, 12:00:00 UTC"
    assert world.license.sha256 in made["signature"]["statement"]


def test_certificate_names_copies_day_and_method() -> None:
    said = rows(contents_of(destroyed(World())))
    assert (said["Copies"], said["How"]) == ("3", "Shredded the disks.")
    assert said["Last one destroyed on"] == "20 November 2026"
    assert said["Holder"] == "Ada Example"


def test_master_agreement_names_its_people() -> None:
    made = contents_of(mastered(World()))
    assert rows(made)["Named people"] == "Ada Example, ada@example.org"
    assert rows(made)["Licensee"] == "Example University"
    assert made["text"] is not None


def test_signatory_signs_for_the_institution(db: None) -> None:
    team = Team(World(signatory=True))
    request = team.approved(signatory=True)
    team.accept(request, team.sig)
    agreement = Agreement.objects.get(acceptance__user=team.sig.person)
    made = contents(agreement, take(agreement), "")
    assert "Signatory" in rows(made)
    assert "for the institution, which I may bind" in made["signature"]["statement"]


def test_member_of_a_master_agreement_is_accepted_for(db: None) -> None:
    agreement = accepted(World())
    acceptance = agreement.acceptance
    assert acceptance is not None
    acceptance.how = "master:mas_x"
    made = contents(agreement, take(agreement), "")
    assert made["signature"]["statement"].startswith(
        "Accepted for the licensee, whom the master agreement mas_x"
    )


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("session", "In a browser, signed in, after the person proved again who they are."),
        (
            "pending:act_x",
            "confirmed in a browser, signed in, after the person proved again who they are (action act_x)",
        ),
        ("master:mas_x", "once for the people it named: master agreement mas_x"),
    ],
)
def test_how_somebody_was_authenticated_is_told_in_words(how: str, said: str) -> None:
    assert said in how_said(how)
