"""Writing the next version of a license: drafts, their lock, and publishing."""

import re
from typing import Any

import pytest

from licenses import actions
from licenses.actions.license_drafts import Contents
from licenses.examples import EXAMPLES
from licenses.models import License, LicenseDraft, LicenseVersion
from portal.accounts.models import Organization
from portal.core import audit
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.licenses.world import DAY, LICENSE_TEXT, NOW, World, apply, person, session, token

pytestmark = [pytest.mark.django_db, pytest.mark.database]
TERMS = dict(EXAMPLES["responsible-use"].terms)


@pytest.fixture
def world() -> World:
    return World()


def begin(world: World, **fields: Any) -> LicenseDraft:
    given = {"text": "Draft.", "terms": TERMS, "by": world.rita, "now": NOW, **fields}
    return actions.begin_draft(license=world.license.license, **given)


def save(world: World, draft: LicenseDraft, text: str = "Other.", **fields: Any) -> LicenseDraft:
    given: dict[str, Any] = {"revision": draft.revision, "by": world.rita, "now": NOW, **fields}
    contents = Contents(
        text, given.pop("terms", TERMS), given.pop("effective_at", None), given.pop("due", None)
    )
    return actions.save_draft(draft=draft, contents=contents, **given)


def publish(world: World, draft: LicenseDraft, **fields: Any) -> LicenseVersion:
    given = {"revision": draft.revision, "by": world.rita, "now": NOW, **fields}
    return actions.publish_draft(draft=draft, **given)


def test_a_draft_is_saved_and_published_for_good(world: World) -> None:
    draft = save(world, begin(world), "The new text.", effective_at=NOW + DAY, due=NOW + 9 * DAY)
    version = publish(world, draft)
    assert (version.number, version.text, version.terms) == (2, "The new text.\n", TERMS)
    assert (version.effective_at, version.reaccept_by) == (NOW + DAY, NOW + 9 * DAY)
    assert not LicenseDraft.objects.exists()
    [published] = audit.trail(f"license:{version.pk}")
    assert published.data["sha256"] == version.sha256
    written = [event.kind for event in audit.trail("license:opt-nc")]
    assert written == ["license.drafted", "license.draft_saved"]


def test_two_who_save_do_not_overwrite_each_other_unseen(world: World) -> None:
    draft = begin(world)
    save(world, draft, "Rob's.", by=world.rob)
    with pytest.raises(Conflict, match="draft_changed") as caught:
        save(world, draft, "Rita's.", revision=1)
    assert (caught.value.extra["text"], caught.value.extra["revision"]) == ("Rob's.", 2)
    assert (caught.value.extra["by"], LicenseDraft.objects.get().text) == (world.rob.actor, "Rob's.")


def test_what_was_not_seen_is_neither_published_nor_thrown_away(world: World) -> None:
    draft = begin(world)
    save(world, draft, by=world.rob)
    with pytest.raises(Conflict, match="draft_changed"):
        publish(world, draft, revision=1)
    with pytest.raises(Conflict, match="draft_changed"):
        actions.discard_draft(draft=draft, revision=1, by=world.rita, now=NOW)
    actions.discard_draft(draft=draft, revision=2, by=world.rita, now=NOW)
    with pytest.raises(Conflict, match="state_changed"):
        save(world, draft)


def test_the_text_in_force_again_is_nothing_to_publish(world: World) -> None:
    with pytest.raises(Invalid) as caught:
        publish(world, begin(world, text=LICENSE_TEXT))
    assert list(caught.value.errors) == ["text"]
    assert LicenseDraft.objects.count() == 1


def test_a_draft_whose_date_has_passed_counts_from_now_on(world: World) -> None:
    draft = save(world, begin(world), effective_at=NOW - DAY)
    assert publish(world, draft).effective_at == NOW


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"text": "a\x00b"}, "text"),
        ({"terms": {**TERMS, "copies": 0}}, "terms.copies"),
    ],
)
def test_what_cannot_be_is_not_saved(world: World, fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        save(world, begin(world), **fields)
    assert list(caught.value.errors) == [wrong]


def test_an_empty_draft_is_saved_and_not_published(world: World) -> None:
    draft = save(world, begin(world), " ")
    with pytest.raises(Invalid) as caught:
        publish(world, draft)
    assert list(caught.value.errors) == ["text"]


def test_a_date_of_acceptance_before_the_text_counts_is_refused(world: World) -> None:
    draft = save(world, begin(world), effective_at=NOW + 2 * DAY, due=NOW + DAY)
    with pytest.raises(Invalid) as caught:
        publish(world, draft)
    assert list(caught.value.errors) == ["reaccept_by"]


def test_a_negotiated_version_departs_from_the_standard_one(world: World) -> None:
    lab = Organization.objects.create(name="Lab")
    version = publish(world, begin(world, organization=lab, based_on=world.license))
    assert (version.number, version.organization, version.based_on) == (2, lab, world.license)
    # The lines are apart: a standard version may come into force after it, and follows the standard one.
    standard = publish(world, begin(world, text="Standard."))
    assert (standard.number, standard.organization, standard.based_on) == (3, None, None)


def test_a_negotiated_version_without_a_standard_one_is_refused(world: World) -> None:
    license = actions.begin_license(slug="new", name="New", by=world.rita, now=NOW)
    lab = Organization.objects.create(name="Lab")
    draft = actions.begin_draft(
        license=license, text="A.", terms={}, organization=lab, by=world.rita, now=NOW
    )
    with pytest.raises(Invalid) as caught:
        publish(world, draft)
    assert list(caught.value.errors) == ["based_on"]


def test_a_license_is_begun_once(world: World) -> None:
    first = actions.begin_license(slug="small", name="Small", by=world.rita, now=NOW)
    assert actions.begin_license(slug="small", name="Small", by=world.rita, now=NOW) == first
    with pytest.raises(Invalid) as caught:
        actions.begin_license(slug="small", name="Other", by=world.rita, now=NOW)
    assert list(caught.value.errors) == ["slug"]
    assert License.objects.filter(slug="small").count() == 1
    assert len(audit.trail("license:small")) == 1


@pytest.mark.parametrize("slug", ["", "Big", "../x", "a b"])
def test_a_license_needs_a_plain_short_name(world: World, slug: str) -> None:
    with pytest.raises(Invalid):
        actions.begin_license(slug=slug, name="Name", by=world.rita, now=NOW)


def test_only_those_who_keep_licenses_write_them(world: World) -> None:
    draft, manager = begin(world), session(person("max", "release_manager"))
    save(world, draft, by=manager)
    for by in (manager, world.rob, world.auditor):
        with pytest.raises(NotPermitted):
            publish(world, draft, by=by, revision=2)
    for by in (
        world.ada,
        world.auditor,
        world.admin,
        token(world.rita.person, "read", "requests", "download"),
    ):
        with pytest.raises(NotPermitted):
            begin(world, by=by)
        with pytest.raises(NotPermitted):
            save(world, draft, by=by, revision=2)
        with pytest.raises(NotPermitted):
            publish(world, draft, by=by, revision=2)
        with pytest.raises(NotPermitted):
            actions.discard_draft(draft=draft, revision=2, by=by, now=NOW)
        with pytest.raises(NotPermitted):
            actions.begin_license(slug="mine", name="Mine", by=by, now=NOW)


def test_a_release_file_that_stayed_behind_brings_no_old_text_back(world: World) -> None:
    newer = publish(world, begin(world, text="Written on the site."))
    apply(world.release, text=LICENSE_TEXT, now=NOW + DAY)
    assert list(world.license.license.versions.order_by("-number")) == [newer, world.license]


def test_a_text_of_which_no_agreement_could_be_made_is_not_saved_and_not_published(world: World) -> None:
    wide = "|" + "a|" * 99 + "\n|" + "-|" * 99 + "\n"
    draft = begin(world)
    with pytest.raises(Invalid) as refused:
        save(world, draft, wide)
    assert refused.value.code == "draft_invalid"
    assert "more than 12 columns" in refused.value.errors["text"][0]
    # As it may stand there from before there was a bound.
    LicenseDraft.objects.filter(pk=draft.pk).update(text=wide)
    with pytest.raises(Invalid) as refused:
        publish(world, draft)
    assert refused.value.code == "license_invalid"
    assert "more than 12 columns" in refused.value.errors["text"][0]


@pytest.mark.parametrize("slug", EXAMPLES)
def test_an_example_is_not_published_while_something_is_left_to_be_filled_in(world: World, slug: str) -> None:
    draft = save(world, begin(world), EXAMPLES[slug].text)
    said = actions.left_to_do(draft, NOW)["text"]
    with pytest.raises(Invalid) as refused:
        publish(world, draft)
    assert refused.value.code == "draft_unfinished"
    assert refused.value.errors["text"] == said
    assert said[:2] == [
        "Line 3: take out the note “A starting point, not legal advice.”",
        "Line 6: [PUBLISHER]",
    ]
    assert LicenseVersion.objects.count() == 1


def test_an_example_in_which_all_is_filled_in_is_published(world: World) -> None:
    text = EXAMPLES["noncommercial-research"].text
    text = re.sub(r"^> .*\n", "", text, flags=re.MULTILINE)
    draft = save(world, begin(world), re.sub(r"\[[^]]+\]", "our own words", text))
    assert actions.left_to_do(draft, NOW) == {}
    assert publish(world, draft).number == 2


def test_a_draft_that_would_count_before_the_version_it_follows_says_so_before_it_is_published(
    world: World,
) -> None:
    publish(world, save(world, begin(world), "Second.", effective_at=NOW + 20 * DAY))
    said = "Version 2 counts from 10 Dec 2026, 12:00 UTC; this one cannot count earlier."
    for early in (None, NOW + 19 * DAY):
        draft = save(world, begin(world), "Third.", effective_at=early)
        assert actions.left_to_do(draft, NOW + DAY) == {"effective_at": [said]}
        with pytest.raises(Invalid) as refused:
            publish(world, draft, now=NOW + DAY)
        assert refused.value.errors == {"effective_at": [said]}
    assert actions.left_to_do(save(world, draft, "Third.", effective_at=NOW + 20 * DAY), NOW) == {}


def test_what_is_left_is_said_all_at_once(world: World) -> None:
    draft = save(world, begin(world), "Of [PUBLISHER].", effective_at=NOW + 2 * DAY, due=NOW + DAY)
    assert list(actions.left_to_do(draft, NOW)) == ["text", "reaccept_by"]
    assert list(actions.left_to_do(save(world, draft, " "), NOW)) == ["text"]
    assert list(actions.left_to_do(save(world, draft, LICENSE_TEXT, revision=3), NOW)) == ["text"]
