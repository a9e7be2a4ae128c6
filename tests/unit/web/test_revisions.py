"""The release manager's revisions: what became of each, and the recall of one."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from licenses.models import Grant
from portal.core import jobs
from portal.core.models import OutboxMessage
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World, shards
from weights_vault.models import Release, Revision

SHARD = "model-00002-of-00008.safetensors"


@pytest.fixture
def mika(open_as: OpenAs) -> Client:
    return open_as("mika")


@pytest.fixture
def revision(big: Release) -> Revision:
    return big.revisions.get()


@pytest.fixture
def grant(world: World, big: Release, revision: Revision) -> Grant:
    """Ada's, with headers of the whole revision."""
    grant = world.signed("ada", big)
    world.headers("ada", revision, grant)
    return grant


def address(revision: Revision) -> str:
    return f"/releases/{revision.release.slug}/revisions/{revision.pk}/"


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_tells_state_size_holders_and_what_the_store_has(
    mika: Client, world: World, revision: Revision, grant: Grant
) -> None:
    page = text(mika, "/releases/opt-175b/revisions/")
    for said in ("v1", "Published", "GiB", '<td data-label="Holders">1</td>', "13 files not yet compared"):
        assert said in page


def test_the_list_asks_the_database_as_often_for_many_revisions(
    mika: Client, world: World, big: Release, revision: Revision, grant: Grant
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            text(mika, "/releases/opt-175b/revisions/")
        return len(asked)

    queries()  # what is read once for a process
    one = queries()
    for sequence in (2, 3):
        world.publish(big, shards(3, 1_000), f"v{sequence}", sequence=sequence)
    assert queries() == one


def test_a_release_without_revisions_says_how_one_comes_to_be(mika: Client) -> None:
    assert "Nothing is published yet" in text(mika, "/releases/gpt-2-xl/revisions/")


def test_managers_find_the_way_from_the_release_and_others_are_not_shown_it(open_as: OpenAs) -> None:
    link = 'href="/releases/opt-175b/revisions/"'
    shown = {
        name: link in text(open_as(name), "/releases/opt-175b/") for name in ("mika", "otto", "rosa", "ada")
    }
    assert shown == {"mika": True, "otto": True, "rosa": False, "ada": False}


@pytest.mark.parametrize(
    ("verbs", "state"),
    [(["quarantine"], "quarantined"), (["quarantine", "restore"], "published"), (["withdraw"], "withdrawn")],
)
def test_each_verb_moves_the_revision_and_tells_its_holders(
    mika: Client, revision: Revision, grant: Grant, verbs: list[str], state: str
) -> None:
    for verb in verbs:
        answer = mika.post(address(revision), {"verb": verb, "reason": f"To {verb} it."}, follow=True)
        assert "Everybody who has headers of it is told." in answer.content.decode()
        jobs.run_due(worker="test", now=timezone.now())
    revision.refresh_from_db()
    assert revision.state == state
    told = OutboxMessage.objects.filter(template__startswith="weights_vault/mail/revision_")
    assert [(mail.to, f"To {verb} it." in mail.text) for mail, verb in zip(told, verbs, strict=True)] == [
        (grant.user.email, True)
    ] * len(verbs)


def test_a_move_without_a_reason_changes_nothing(mika: Client, revision: Revision) -> None:
    answer = mika.post(address(revision), {"verb": "withdraw", "reason": " "})
    revision.refresh_from_db()
    assert (answer.status_code, revision.state) == (400, "published")
    assert "Say why" in answer.content.decode()


def test_a_move_needs_a_password_given_just_now(open_as: OpenAs, revision: Revision) -> None:
    stale = open_as("mika", fresh=False)
    answer = stale.post(address(revision), {"verb": "withdraw", "reason": "Old."})
    revision.refresh_from_db()
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert revision.state == "published"


def test_what_the_state_does_not_allow_is_not_offered(mika: Client, revision: Revision) -> None:
    page = text(mika, address(revision))
    assert 'value="quarantine"' in page
    assert 'value="withdraw"' in page
    assert 'value="restore"' not in page
    mika.post(address(revision), {"verb": "withdraw", "reason": "Old."})
    page = text(mika, address(revision))
    assert "This state is final" in page
    assert "sign-box" not in page


def test_i6_damage_is_named_and_bars_the_way_back(mika: Client, world: World, revision: Revision) -> None:
    world.damaged(revision, SHARD)
    page = text(mika, address(revision))
    assert f"The stored copy of {SHARD} is missing." in page
    assert "manage.py scrub opt-175b@v1 --now" in page
    assert 'value="restore"' not in page
    mika.post(address(revision), {"verb": "restore", "reason": "I insist."})
    revision.refresh_from_db()
    assert revision.state == "quarantined"


def test_what_happened_is_told_with_who_and_why(mika: Client, revision: Revision) -> None:
    mika.post(address(revision), {"verb": "quarantine", "reason": "A report came in."})
    page = text(mika, address(revision))
    assert "Quarantined" in page
    assert "Mika Laine" in page
    assert "A report came in." in page


def test_a_revision_of_another_release_is_not_there(mika: Client, world: World, revision: Revision) -> None:
    assert mika.get(f"/releases/opt-66b/revisions/{revision.pk}/").status_code == 404


def test_an_unlisted_release_tells_strangers_nothing(open_as: OpenAs, big: Release) -> None:
    """A1"""
    Release.objects.filter(pk=big.pk).update(state="unlisted")
    assert open_as("ada").get("/releases/opt-175b/revisions/").status_code == 404


def test_the_holder_reads_on_the_grant_what_became_of_it_and_what_to_fetch(
    mika: Client, open_as: OpenAs, world: World, big: Release, revision: Revision, grant: Grant
) -> None:
    world.publish(big, shards(8, 43_750_000_000), "v2", sequence=2)
    mika.post(address(revision), {"verb": "withdraw", "reason": "Two layers are swapped."})
    page = text(open_as("ada"), f"/grants/{grant.pk}/")
    assert "Revision v1 was withdrawn" in page
    assert "Two layers are swapped." in page
    assert "weights download opt-175b@v2" in page
    assert "You have access" not in page


def test_with_nothing_left_the_grant_says_so_and_offers_no_download(
    mika: Client, open_as: OpenAs, revision: Revision, grant: Grant
) -> None:
    mika.post(address(revision), {"verb": "quarantine", "reason": "We look into a report."})
    page = text(open_as("ada"), f"/grants/{grant.pk}/")
    assert "Revision v1 is on hold" in page
    assert "Nothing to download now" in page
    assert "No other revision is available at the moment." in page
    assert 'id="download"' not in page


def test_who_has_no_headers_of_it_reads_it_on_the_release_alone(
    mika: Client, open_as: OpenAs, world: World, big: Release, revision: Revision
) -> None:
    grant = world.signed("bo", big)
    mika.post(address(revision), {"verb": "quarantine", "reason": "We look into a report."})
    assert "is on hold" not in text(open_as("bo"), f"/grants/{grant.pk}/").partition("Nothing to download")[0]
    assert "Revision v1 is on hold" in text(open_as(), "/releases/opt-175b/")
