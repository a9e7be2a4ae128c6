"""release.toml: every fault named, and applied whole or not at all."""

from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.principals import Principal, system_principal
from portal.core.events import _handlers, subscribe
from portal.core.problems import Conflict, Invalid, NotPermitted
from weights_vault.actions.releases import apply_release
from weights_vault.events import ReleaseApplied
from weights_vault.models import Model, Release
from weights_vault.releases import read_release_file

pytestmark = pytest.mark.django_db

SYSTEM = system_principal("test")
WHOLE = """
[model]
slug = "opt"
name = "OPT"
summary = "A family."
[release]
slug = "opt-175b"
title = "OPT-175B"
summary = "The large one."
card = "MODEL_CARD.md"
[terms]
license = "opt-nc"
quorum = 2
"""


@pytest.fixture
def heard() -> Iterator[list[ReleaseApplied]]:
    """What a higher app hears, instead of the licenses."""
    found: list[ReleaseApplied] = []
    before = list(_handlers[ReleaseApplied])
    _handlers[ReleaseApplied].clear()
    subscribe(ReleaseApplied)(found.append)
    yield found
    _handlers[ReleaseApplied][:] = before


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "MODEL_CARD.md").write_text("# OPT\n")
    path = tmp_path / "release.toml"
    path.write_text(WHOLE)
    return path


def faults(path: Path, text: str) -> dict[str, list[str]]:
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        read_release_file(path)
    assert caught.value.code == "release_file_invalid"
    return caught.value.errors


def test_applied_file_makes_the_release_and_hands_its_terms_on(
    file: Path, heard: list[ReleaseApplied], now: datetime
) -> None:
    release, new, _ = apply_release(file=read_release_file(file), by=SYSTEM, now=now)
    assert new
    assert (release.slug, release.model.name, release.card) == ("opt-175b", "OPT", "# OPT\n")
    (event,) = heard
    assert (event.release, dict(event.terms)) == (release, {"license": "opt-nc", "quorum": 2})
    assert event.folder == file.parent


def test_applying_again_changes_what_the_file_changed(
    file: Path, heard: list[ReleaseApplied], now: datetime
) -> None:
    first, *_ = apply_release(file=read_release_file(file), by=SYSTEM, now=now)
    file.write_text(WHOLE.replace("The large one.", "Larger."))
    second, new, _ = apply_release(file=read_release_file(file), by=SYSTEM, now=now)
    assert (second.pk, second.summary, new) == (first.pk, "Larger.", False)


def test_terms_that_are_refused_leave_no_release(
    file: Path, heard: list[ReleaseApplied], now: datetime
) -> None:
    def refuse(event: ReleaseApplied) -> None:
        raise Invalid("invalid", "No such license.")

    subscribe(ReleaseApplied)(refuse)
    with pytest.raises(Invalid, match="No such license"):
        apply_release(file=read_release_file(file), by=SYSTEM, now=now)
    assert not Model.objects.exists()


def test_release_cannot_move_to_another_model(file: Path, heard: list[ReleaseApplied], now: datetime) -> None:
    apply_release(file=read_release_file(file), by=SYSTEM, now=now)
    file.write_text(WHOLE.replace('slug = "opt"', 'slug = "gpt"'))
    with pytest.raises(Conflict):
        apply_release(file=read_release_file(file), by=SYSTEM, now=now)
    assert not Model.objects.filter(slug="gpt").exists()


def test_withdrawn_release_does_not_come_back_by_a_file(
    file: Path, heard: list[ReleaseApplied], now: datetime
) -> None:
    release, *_ = apply_release(file=read_release_file(file), by=SYSTEM, now=now)
    Release.objects.filter(pk=release.pk).update(state="withdrawn")
    with pytest.raises(Conflict) as caught:
        apply_release(file=read_release_file(file), by=SYSTEM, now=now)
    assert caught.value.code == "release_withdrawn"


def test_researcher_cannot_apply(file: Path, session: Principal, now: datetime) -> None:
    with pytest.raises(NotPermitted):
        apply_release(file=read_release_file(file), by=session, now=now)


FAULTS = {
    "model.slug": ('slug = "opt"', 'slug = "O P T"'),
    "release.slug": ('slug = "opt-175b"', 'slug = "../opt"'),
    "release.title": ('title = "OPT-175B"', "title = 5"),
    "release.state": ('title = "OPT-175B"', 'title = "x"\nstate = "withdrawn"'),
    "release.color": ('title = "OPT-175B"', 'title = "x"\ncolor = "red"'),
    "model.name": ('name = "OPT"', ""),
    "terms": ("[terms]", "[other]"),
    "other": ("[terms]", "[other]"),
    "release": ("[release]", "[relaese]"),
}


@pytest.mark.parametrize("field", FAULTS)
def test_fault_is_named(field: str, file: Path) -> None:
    assert field in faults(file, WHOLE.replace(*FAULTS[field]))


@pytest.mark.parametrize("card", ["missing.md", "../secret.md", "/etc/hostname", "binary.md"])
def test_card_that_cannot_be_taken_is_named(card: str, file: Path) -> None:
    (file.parent.parent / "secret.md").write_text("secret")
    (file.parent / "binary.md").write_bytes(b"\xff\xfe")
    assert "release.card" in faults(file, WHOLE.replace("MODEL_CARD.md", card))


@pytest.mark.parametrize("text", ["[model", "a = \x00", "x" * 2_000_000])
def test_file_that_is_no_release_file_is_refused(text: str, file: Path) -> None:
    assert faults(file, text)[""]


def test_command_says_what_it_made(file: Path, heard: list[ReleaseApplied]) -> None:
    out = StringIO()
    call_command("release", "apply", str(file), stdout=out)
    assert out.getvalue() == "Made opt-175b (listed).\n"


def test_command_names_faults_and_the_way_on(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("release", "apply", str(tmp_path / "nothing.toml"))
    assert "(release_file_invalid)" in str(caught.value)
    assert "nothing.toml cannot be read" in str(caught.value)
    assert "→" in str(caught.value)
