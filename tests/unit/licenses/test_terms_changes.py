"""Other terms for a published release take two people; the first terms do not."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from licenses import actions
from licenses.actions.terms_changes import apply_or_propose, propose_terms
from licenses.models import ReleaseTerms
from licenses.terms import check_terms
from portal.accounts.changes import confirm
from portal.accounts.models import TwoPersonChange
from portal.accounts.principals import Principal
from portal.core.models import AuditEvent
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.licenses.world import LICENSE_TEXT, NOW, World, person, session
from weights_vault.models import Release, Revision

pytestmark = pytest.mark.database

FILE = """
[model]
slug = "opt"
name = "OPT"

[release]
slug = "opt-6b"
title = "OPT-6B"
card = "CARD.md"

[terms]
license = "opt-6b-nc"
license_name = "OPT"
license_text = "LICENSE.md"
quorum = {quorum}
grant_days = {days}
"""


@pytest.fixture
def second() -> Principal:
    return session(person("lena", "legal_lead"))


def written(folder: Path, quorum: int = 2, days: int = 365) -> Path:
    (folder / "CARD.md").write_text("# OPT-6B\n", encoding="utf-8")
    (folder / "LICENSE.md").write_text("# License\n\nFor research.\n", encoding="utf-8")
    path = folder / "release.toml"
    path.write_text(FILE.format(quorum=quorum, days=days), encoding="utf-8")
    return path


def published(slug: str = "opt-6b") -> Release:
    release = Release.objects.get(slug=slug)
    Revision.objects.create(
        release=release, name="v1", sequence=1, state=Revision.State.PUBLISHED, manifest=b"{}",
        manifest_sha256="0" * 64, created_at=NOW, published_at=NOW, created_by="system:test",
    )  # fmt: skip
    return release


def proposed(world: World, **wanted: Any) -> TwoPersonChange:
    return propose_terms(release=world.release, wanted=wanted, reason="Too slow.", by=world.rita, now=NOW)


def test_a_quorum_changes_once_another_confirms(world: World, second: Principal) -> None:
    change = proposed(world, quorum=1)
    assert ReleaseTerms.objects.get(release=world.release).quorum == 2
    assert "Votes that a decision needs: 2 becomes 1" in change.summary

    confirm(change=change, by=second, now=NOW)

    assert ReleaseTerms.objects.get(release=world.release).quorum == 1
    assert AuditEvent.objects.get(kind="terms.changed").by == second.actor


def test_a_request_in_review_keeps_the_quorum_that_it_was_sent_under(world: World, second: Principal) -> None:
    request = world.submit(world.draft())
    confirm(change=proposed(world, quorum=1), by=second, now=NOW)
    world.vote(request, world.rob)
    request.refresh_from_db()
    assert (request.quorum, request.state) == (2, "submitted")


@pytest.mark.parametrize("who", ["rob", "admin", "auditor", "ada"])
def test_only_a_legal_lead_proposes_terms(world: World, who: str) -> None:
    with pytest.raises(NotPermitted):
        propose_terms(
            release=world.release, wanted={"quorum": 1}, reason="Why.", by=getattr(world, who), now=NOW
        )


@pytest.mark.parametrize("wanted", [{"quorum": 0}, {"quorum": 3}, {"grant_days": 10**9}, {"stage": "moon"}])
def test_what_no_release_file_could_say_is_not_proposed(world: World, wanted: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        proposed(world, **wanted)


def test_nothing_to_change_is_not_proposed(world: World) -> None:
    with pytest.raises(Conflict) as refusal:
        proposed(world, quorum=2)
    assert refusal.value.code == "nothing_to_change"


def test_terms_that_moved_since_are_not_overwritten(world: World, second: Principal) -> None:
    change = proposed(world, quorum=1)
    ReleaseTerms.objects.filter(release=world.release).update(quorum=1)
    with pytest.raises(Conflict) as refusal:
        confirm(change=change, by=second, now=NOW)
    assert refusal.value.code == "terms_changed"


def test_the_file_of_a_new_release_is_applied_at_once_and_again(db: None, tmp_path: Path) -> None:
    call_command("release", "apply", str(written(tmp_path)))
    call_command("release", "apply", str(written(tmp_path, quorum=1)))
    assert ReleaseTerms.objects.get(release__slug="opt-6b").quorum == 1
    assert not TwoPersonChange.objects.exists()


def test_the_file_of_a_published_release_proposes(
    db: None, tmp_path: Path, second: Principal, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("release", "apply", str(written(tmp_path)))
    release = published()
    capsys.readouterr()
    for _ in range(2):
        call_command("release", "apply", str(written(tmp_path, quorum=1, days=30)))
        said = "Votes that a decision needs: 2 becomes 1; Days that a grant lasts: 365 becomes 30"
        assert said in capsys.readouterr().out
    assert ReleaseTerms.objects.get(release=release).quorum == 2

    change = TwoPersonChange.objects.get()
    confirm(change=change, by=second, now=change.proposed_at)

    terms = ReleaseTerms.objects.get(release=release)
    assert (terms.quorum, terms.grant_days, TwoPersonChange.objects.count()) == (1, 30, 1)


def test_the_terms_as_they_stand_are_not_said_to_wait_because_others_do(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("release", "apply", str(written(tmp_path)))
    published()
    call_command("release", "apply", str(written(tmp_path, quorum=1)))
    capsys.readouterr()
    call_command("release", "apply", str(written(tmp_path)))
    assert capsys.readouterr().out == "Updated opt-6b (listed).\n"


def test_the_same_file_of_a_published_release_proposes_nothing(db: None, tmp_path: Path) -> None:
    for _ in range(2):
        call_command("release", "apply", str(written(tmp_path)))
        if not Revision.objects.exists():
            published()
    assert not TwoPersonChange.objects.exists()


def test_a_license_is_still_given_by_the_terms_in_force(world: World, second: Principal) -> None:
    confirm(change=proposed(world, grant_days=30), by=second, now=NOW)
    request = world.request_in("approved")
    grant = actions.sign(
        request=request, typed_name="Ada Example", license_sha256=world.license.sha256, by=world.ada, now=NOW
    )[0]
    assert (grant.ends_at - grant.starts_at).days == 30


def test_questions_are_proposed_in_their_full_form_or_not_at_all(world: World) -> None:
    asked = {"id": "purpose", "label": "What else for?"}
    (kept,) = proposed(world, questions=[asked]).payload["to"]["questions"]
    assert (kept["label"], kept["kind"], kept["required"]) == ("What else for?", "text", False)
    with pytest.raises(Invalid):
        proposed(world, questions=[{"id": "purpose"}])


def test_the_file_applied_again_finds_its_own_change_and_not_a_newer_one(world: World) -> None:
    Revision.objects.create(
        release=world.release, name="v1", sequence=1, state=Revision.State.PUBLISHED, manifest=b"{}",
        manifest_sha256="0" * 64, created_at=NOW, published_at=NOW, created_by="system:test",
    )  # fmt: skip
    table = {"license": "opt-nc", "license_name": "OPT noncommercial license", "license_text": "LICENSE.md"}
    found = [
        apply_or_propose(
            release=world.release,
            terms=check_terms({**table, "grant_days": days}, LICENSE_TEXT),
            by="system:test",
            now=NOW,
        )
        for days in (30, 60, 30)
    ]
    assert found[0] is not None
    assert found[0] == found[2] != found[1]
