"""The page of a change that takes two: the second person reads exactly what will happen."""

from typing import Any

import pytest

from licenses.actions.terms_changes import apply_or_propose
from licenses.terms import check_terms
from portal.accounts.models import TwoPersonChange
from portal.web.proposed_questions import proposed_questions
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import LICENSE, World
from weights_vault.models import Release

pytestmark = pytest.mark.database


def proposed(world: World, release: Release, questions: list[dict[str, Any]]) -> TwoPersonChange:
    """What a release file with these questions proposes for a release that is published."""
    table = {
        "license": release.terms.license.slug,
        "license_name": release.terms.license.name,
        "license_text": "LICENSE.md",
        "stage": "researchers",
        "questions": questions,
    }
    world.publish(release, [("a.safetensors", "weights", 10)], "v9", sequence=9)
    change = apply_or_propose(
        release=release, terms=check_terms(table, LICENSE), by="system:test", now=world.now
    )
    assert change is not None
    return change


def test_who_confirms_reads_the_new_words_of_a_question_that_keeps_its_id(
    world: World, open_as: OpenAs, big: Release
) -> None:
    first, *others = big.terms.questions
    change = proposed(world, big, [{**first, "label": "May we sell your answers?"}, *others])
    assert f"Questions: changed {first['id']}" in change.summary

    page = open_as("rosa").get(f"/changes/{change.pk}/").text
    assert f"Question “{first['id']}”" in page
    (shown,) = proposed_questions(change)
    assert "May we sell your answers?" in "".join(run.text for run in shown.runs if run.kind != "removed")
    assert first["label"] in "".join(run.text for run in shown.runs if run.kind != "added")


def test_questions_added_and_removed_are_told_apart(world: World, big: Release) -> None:
    first, *others = big.terms.questions
    change = proposed(world, big, [{**first, "id": "another"}, *others])
    assert f"Questions: added another, removed {first['id']}" in change.summary
    assert [question.id for question in proposed_questions(change)] == [first["id"], "another"]


def test_change_about_somebody_erased_is_still_a_link_with_words(
    world: World, open_as: OpenAs, big: Release
) -> None:
    change = proposed(world, big, [])
    TwoPersonChange.objects.filter(pk=change.pk).update(summary="")
    page = open_as("rosa").get("/changes/")
    assert page.context["waiting"] == [(change, "Change the terms of a release")]
    assert page.text.count(f'<a href="/changes/{change.pk}/">Change the terms of a release</a>') == 1


def test_a3_without_the_factor_of_staff_nothing_of_it_is_shown(
    world: World, open_as: OpenAs, big: Release, settings: Any
) -> None:
    """A3. Also not what the reader proposed themselves."""
    change = proposed(world, big, [])
    settings.STAFF_MFA = "passkey"
    for path in ("/changes/", f"/changes/{change.pk}/"):
        answer = open_as("rosa").get(path)
        assert (answer.status_code, "mfa_required" in answer.text) == (403, True)
