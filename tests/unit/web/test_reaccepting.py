"""A newer license version on the pages of who holds a grant."""

from datetime import timedelta

from django.utils import timezone

from licenses import actions
from portal.core.jobs import run_due
from tests.unit.web import papers
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_hostile_text import HOSTILE
from tests.unit.web.test_licenses import filled
from tests.unit.web.world import World
from weights_vault.models import Release


def test_a_holder_accepts_a_new_version_on_its_page(world: World, open_as: OpenAs) -> None:
    grant = world.signed("ada", Release.objects.get(slug="opt-66b"))
    version = papers.published(world, demanded=True)
    ada, address = open_as("ada"), f"/grants/{grant.pk}/accept/"
    assert "Read and accept the new license" in ada.get("/").content.decode()
    assert address in ada.get(f"/grants/{grant.pk}/").content.decode()
    page = ada.get(address).content.decode()
    assert "<ins>14</ins>" in page
    said = {"license_sha256": version.sha256, "agreed": "on", "typed_name": "Ada Lindqvist"}
    assert ada.post(address, {**said, "typed_name": HOSTILE}).status_code == 400
    assert ada.post(address, said)["Location"] == f"/grants/{grant.pk}/"
    grant.refresh_from_db()
    assert grant.license_version == version
    assert address not in ada.get(f"/grants/{grant.pk}/").content.decode()
    assert ada.get(address)["Location"] == f"/grants/{grant.pk}/"


def test_an_overdue_acceptance_is_said_plainly(world: World, open_as: OpenAs) -> None:
    grant = world.signed("ada", Release.objects.get(slug="opt-66b"))
    papers.published(world, demanded=True)
    grant.refresh_from_db()
    grant.reaccept_by = timezone.now() - timedelta(days=1)
    grant.save(update_fields=["reaccept_by"])
    page = open_as("ada").get(f"/grants/{grant.pk}/").content.decode()
    assert "A new license version had to be accepted" in page
    assert (
        "nothing is issued under your grant until you do"
        in open_as("ada").get(f"/grants/{grant.pk}/accept/").content.decode()
    )


def test_the_job_of_publishing_asks_on_the_holders_pages(world: World, open_as: OpenAs) -> None:
    world.signed("ada", Release.objects.get(slug="opt-66b"))
    draft = papers.drafted(world)
    day = (world.now + timedelta(days=60)).date()
    rosa = open_as("rosa")
    rosa.post(f"/desk/license-drafts/{draft.pk}/", filled(draft, reaccept_on=day, do="save"))
    rosa.post(f"/desk/license-drafts/{draft.pk}/publish/", {"revision": 2})
    run_due(worker="test", now=timezone.now() + timedelta(seconds=1), limit=100)
    assert "Read and accept the new license" in open_as("ada").get("/").content.decode()


def test_what_a_program_prepared_is_read_before_it_is_confirmed(world: World, open_as: OpenAs) -> None:
    grant = world.signed("ada", Release.objects.get(slug="opt-66b"))
    version = papers.published(world, demanded=True)
    grant.refresh_from_db()
    action = actions.propose_reaccept(grant=grant, by=world.by("ada"), now=timezone.now())
    ada, address = open_as("ada"), f"/pending/{action.pk}/"
    page = ada.get(address).content.decode()
    assert "Accept a new license version" in page
    assert "within 14 days" in page
    ada.post(address, {"do": "confirm"})
    grant.refresh_from_db()
    assert grant.license_version == version
