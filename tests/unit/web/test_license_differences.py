"""Wherever a person meets two license texts, what differs stands there as people read it."""

import pytest

from tests.unit.web import papers
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release

REGION = 'aria-label="What differs, passage by passage"'
NEW = (
    "<ins>7. <strong>Security.</strong> At most five copies, each encrypted.</ins>",
    '<span class="visually-hidden"> [new: </span><ins>14</ins><span class="visually-hidden">] </span>',
)


def assert_readable(page: str) -> None:
    """One difference, without a mark of Markdown."""
    [shown] = page.split(REGION)[1:]
    shown = shown.split("</ol>")[0]
    for said in NEW:
        assert said in shown
    assert "**" not in shown
    assert "##" not in shown


def test_before_a_newer_version_is_accepted(world: World, open_as: OpenAs) -> None:
    grant = world.signed("ada", Release.objects.get(slug="opt-66b"))
    papers.published(world, demanded=True)
    assert_readable(open_as("ada").get(f"/grants/{grant.pk}/accept/").content.decode())


def test_before_a_draft_is_published(world: World, open_as: OpenAs) -> None:
    draft = papers.drafted(world)
    assert_readable(open_as("rosa").get(f"/desk/license-drafts/{draft.pk}/publish/").content.decode())


@pytest.mark.parametrize("negotiated", [False, True])
def test_on_the_page_of_a_version(world: World, open_as: OpenAs, negotiated: bool) -> None:
    organization = world.people["bo"].organization if negotiated else None
    version = papers.published(world, organization=organization)
    assert_readable(open_as("rosa").get(f"/licenses/{version.pk}/").content.decode())


def test_where_a_request_is_reviewed(world: World, open_as: OpenAs, big: Release) -> None:
    papers.published(world)
    submitted = world.submitted("ada", big, days_ago=0)
    page = open_as("rosa").get(f"/review/{submitted.pk}/").content.decode()
    assert "What it changes of version 1: 1 place<" in page
    assert_readable(page)


def test_where_another_text_counts_meanwhile(world: World, open_as: OpenAs) -> None:
    """409 license_changed."""
    grant = world.signed("ada", Release.objects.get(slug="opt-66b"))
    before = grant.license_version.sha256
    papers.published(world, demanded=True)
    said = {"license_sha256": before, "agreed": "on", "typed_name": "Ada Lindqvist"}
    answer = open_as("ada").post(f"/grants/{grant.pk}/accept/", said)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "license_changed" in page
    assert_readable(page)


def test_a_text_that_is_typed_otherwise_and_reads_the_same_is_said_to(world: World, open_as: OpenAs) -> None:
    papers.published(world)
    draft = papers.drafted(world, papers.NEWER.replace("\n\n", "\n\n\n"))
    page = open_as("rosa").get(f"/desk/license-drafts/{draft.pk}/publish/").content.decode()
    assert "The text reads the same; only how it is typed differs." in page
    assert REGION not in page
