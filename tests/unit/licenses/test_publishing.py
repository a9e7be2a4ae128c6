"""License versions and release files."""

from pathlib import Path

import pytest
from django.db import transaction

from licenses import actions, queries, states
from licenses.access import LicenseAccess
from licenses.examples import EXAMPLES
from licenses.models import LicenseVersion, ReleaseTerms
from portal.core import audit
from portal.core.events import publish
from portal.core.models import OutboxMessage
from portal.core.problems import Invalid, NotPermitted
from tests.unit.licenses.world import DAY, LICENSE_TEXT, NOW, World, apply, license_of, release, token
from weights_vault.events import ReleaseApplied
from weights_vault.models import Model, Release

pytestmark = pytest.mark.database


def test_a_new_text_is_a_new_version(world: World) -> None:
    license = world.license.license
    version = actions.publish_license_version(
        license=license, text="New.", effective_at=NOW + DAY, by=world.rita, now=NOW
    )
    assert (version.number, version.created_by) == (2, world.rita.actor)
    assert queries.license_in_force(license, NOW) == world.license
    assert queries.license_in_force(license, NOW + DAY) == version
    assert audit.trail(f"license:{version.pk}")[0].data["sha256"] == version.sha256


def test_the_same_text_is_the_same_version(world: World) -> None:
    again = actions.publish_license_version(
        license=world.license.license,
        text=LICENSE_TEXT.replace("\n", "\r\n"),
        effective_at=NOW,
        by=world.rita,
        now=NOW,
    )
    assert again == world.license


@pytest.mark.parametrize(("text", "field"), [("", "text"), ("a\x00", "text")])
def test_a_text_that_nobody_could_sign_is_not_published(world: World, text: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        actions.publish_license_version(
            license=world.license.license, text=text, effective_at=NOW, by=world.rita, now=NOW
        )
    assert list(caught.value.errors) == [field]


def test_a_version_does_not_come_into_force_before_now_or_the_one_it_follows(world: World) -> None:
    license = world.license.license
    given = {"license": license, "by": world.rita, "now": NOW}
    with pytest.raises(Invalid):
        actions.publish_license_version(text="Past.", effective_at=NOW - DAY, **given)
    actions.publish_license_version(text="Next.", effective_at=NOW + 2 * DAY, **given)
    with pytest.raises(Invalid) as caught:
        actions.publish_license_version(text="Sooner.", effective_at=NOW + DAY, **given)
    assert list(caught.value.errors) == ["effective_at"]
    assert license.versions.count() == 2


def test_applicants_and_tokens_publish_no_license(world: World) -> None:
    assert world.rita.user is not None
    for by in (world.ada, token(world.rita.user, "read", "requests", "download")):
        with pytest.raises(NotPermitted):
            actions.publish_license_version(
                license=world.license.license, text="Mine.", effective_at=NOW, by=by, now=NOW
            )


def test_applicants_in_review_hear_of_a_new_version(world: World) -> None:
    world.request_in(states.SUBMITTED)
    apply(world.release, text="# New\n", now=NOW + DAY)
    [mail] = OutboxMessage.objects.filter(template__endswith="license_changed")
    assert mail.to == "ada@example.org"
    assert "version 2" in mail.text


def test_terms_are_written_again_without_losing_the_license(world: World) -> None:
    team = {"signatory": True, "max_co_applicants": 0, "on_affiliation_end": "keep"}
    apply(world.release, quorum=1, stage="closed", license_name="OPT license", now=NOW + DAY, **team)
    terms = ReleaseTerms.objects.get(release=world.release)
    assert (terms.signatory, terms.max_co_applicants, terms.on_affiliation_end) == (True, 0, "keep")
    assert (terms.quorum, terms.stage, terms.license.name) == (1, "closed", "OPT license")
    assert license_of(world.release) == world.license


# --- through the vault's event ---

TABLE = {"license": "gpt2-mit", "license_name": "Modified MIT", "license_text": "LICENSE.md"}


@pytest.fixture
def bare(db: None) -> Release:
    model = Model.objects.create(slug="gpt2", name="GPT-2")
    return Release.objects.create(slug="gpt2-xl", model=model, title="GPT-2 XL", created_at=NOW)


def applied(bare: Release, folder: Path, **changes: object) -> ReleaseApplied:
    return ReleaseApplied(bare, {**TABLE, **changes}, folder, "system:release-apply", NOW)


def test_a_release_file_writes_the_terms(bare: Release, tmp_path: Path) -> None:
    (tmp_path / "LICENSE.md").write_text("# MIT\n\nCafé.\n", encoding="utf-8")
    with transaction.atomic():
        publish(applied(bare, tmp_path, stage="researchers", quorum=1))
    terms = ReleaseTerms.objects.get(release=bare)
    assert (terms.license.slug, terms.quorum, terms.stage) == ("gpt2-mit", 1, "researchers")
    assert license_of(bare).text == "# MIT\n\nCafé.\n"
    assert audit.trail("release:gpt2-xl")[0].kind == "terms.applied"
    assert LicenseAccess().may_publish(bare)


@pytest.mark.parametrize(
    "name", [None, 3, "", "MISSING.md", "../LICENSE.md", "/etc/hostname", "folder", "LATIN1.md"]
)
def test_a_license_file_that_cannot_be_read_applies_nothing(
    bare: Release, tmp_path: Path, name: object
) -> None:
    folder = tmp_path / "release"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "LICENSE.md").write_text("outside")
    (folder / "LATIN1.md").write_bytes(b"caf\xe9")
    with pytest.raises(Invalid) as caught, transaction.atomic():
        publish(applied(bare, folder, license_text=name))
    assert list(caught.value.errors) == ["license_text"]
    assert not ReleaseTerms.objects.exists()


def test_a_link_out_of_the_folder_is_not_followed(bare: Release, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    (tmp_path / "secret.md").write_text("outside")
    (folder / "LICENSE.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(Invalid), transaction.atomic():
        publish(applied(bare, folder))
    assert not LicenseVersion.objects.exists()


def test_faulty_terms_apply_nothing(bare: Release, tmp_path: Path) -> None:
    (tmp_path / "LICENSE.md").write_text("Text")
    with pytest.raises(Invalid) as caught, transaction.atomic():
        publish(applied(bare, tmp_path, quorum=3))
    assert list(caught.value.errors) == ["quorum"]
    assert not LicenseVersion.objects.exists()


def test_an_example_with_words_left_to_be_filled_in_applies_nothing(bare: Release, tmp_path: Path) -> None:
    (tmp_path / "LICENSE.md").write_text(EXAMPLES["responsible-use"].text, encoding="utf-8")
    with pytest.raises(Invalid, match=r"Line 6: \[PUBLISHER\]; ") as caught, transaction.atomic():
        publish(applied(bare, tmp_path))
    assert caught.value.code == "draft_unfinished"
    assert not LicenseVersion.objects.exists()
    assert not ReleaseTerms.objects.exists()


def test_a_release_without_terms_or_on_another_strategy_is_not_published(bare: Release) -> None:
    assert not LicenseAccess().may_publish(bare)
    assert not LicenseAccess().may_publish(release("opt-66b", strategy="open", stage="public"))
