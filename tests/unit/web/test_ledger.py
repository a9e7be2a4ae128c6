"""Deliveries: who has what, one grant's batches in plain sentences, alerts and their notes."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licenses.models import Grant
from portal.accounts.changes import confirm
from portal.accounts.exports import propose_export
from portal.accounts.models import User
from portal.web import ledger_desk
from tests.unit.vault.ledger_days import Kind, use
from tests.unit.web.conftest import OpenAs
from tests.unit.web.deliveries import alarming, downloading, finished
from tests.unit.web.world import World
from weights_vault.ledger import figures
from weights_vault.models import Alert, Holding, Release


@pytest.fixture
def grant(world: World, big: Release) -> Grant:
    world.key("ada")
    return world.signed("ada", big)


@pytest.fixture
def mika(open_as: OpenAs) -> Client:
    return open_as("mika")


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def exporting(world: World) -> None:
    """Mika's export of the ledger, confirmed just now."""
    change = propose_export(what="ledger", reason="For the report.", by=world.by("mika"), now=world.now)
    confirm(change=change, by=world.by("alma"), now=world.now)


class TestList:
    def test_before_anything_was_given_it_says_what_will_be_here(self, mika: Client) -> None:
        assert "Nothing was given out yet" in shown(mika, "/ledger/")

    def test_a_line_says_who_has_how_much_of_what(self, mika: Client, grant: Grant, world: World) -> None:
        downloading(grant, until=world.now)
        page = shown(mika, "/ledger/")
        for said in (
            "Ada Lindqvist",
            "opt-175b@v1",
            "13 of 13 files",
            "Nothing yet",
            "1 line, one a recipient",
        ):
            assert said in page, said

    def test_what_the_client_reported_stands_in_it(self, mika: Client, grant: Grant, world: World) -> None:
        downloading(grant, until=world.now)
        finished(grant, at=world.now)
        page = shown(mika, "/ledger/")
        assert 'Opened</span><span class="cell-note">complete, verified ' in page
        finished_in_part = Holding.objects.update(completed_at=None)
        assert (finished_in_part, "in part, verified " in shown(mika, "/ledger/")) == (1, True)

    def test_urls_are_those_of_the_last_day_alone(self, mika: Client, grant: Grant, world: World) -> None:
        downloading(grant, until=world.now - timedelta(days=2))
        assert '<td data-label="URLs, last 24 h">None</td>' in shown(mika, "/ledger/")

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("release=opt-175b", True), ("release=opt-66b", False), ("person=lindqvist", True),
            ("person=bo@", False), ("days=7", True), ("days=1", False), ("days=never", True),
            ("grant=grt_none", False),
        ],
    )  # fmt: skip
    def test_filters_select(self, mika: Client, grant: Grant, world: World, query: str, found: bool) -> None:
        use(grant.release.revisions.get(), Kind.MANIFEST, grant=grant.pk, person=grant.user.public_id,
            at=world.ago(3))  # fmt: skip
        page = shown(mika, f"/ledger/?{query}")
        assert ("Ada Lindqvist" in page) == found
        assert ("Nothing fits this filter" in page) != found

    def test_the_csv_is_filtered_as_the_page_is(self, mika: Client, grant: Grant, world: World) -> None:
        downloading(grant, until=world.now)
        exporting(world)
        assert 'href="/api/v1/ledger.csv?release=opt-175b"' in shown(mika, "/ledger/?release=opt-175b")
        assert f'href="/api/v1/ledger.csv?grant={grant.pk}"' in shown(mika, f"/ledger/{grant.pk}/")

    def test_an_unconfirmed_export_is_named_and_its_file_is_no_link(
        self, mika: Client, grant: Grant, world: World
    ) -> None:
        downloading(grant, until=world.now)
        for address in ("/ledger/", f"/ledger/{grant.pk}/"):
            page = shown(mika, address)
            assert ("ledger.csv" in page, 'href="/changes/export/"' in page) == (False, True)

    def test_a5_a_name_is_text(self, mika: Client, grant: Grant, world: World) -> None:
        """A5"""
        User.objects.filter(pk=grant.user_id).update(full_name="<script>alert(1)</script>")
        downloading(grant, until=world.now)
        for address in ("/ledger/", f"/ledger/{grant.pk}/"):
            assert "<script>alert" not in shown(mika, address)

    def test_it_takes_at_most_twelve_queries_however_many_lines(
        self, mika: Client, grant: Grant, world: World
    ) -> None:
        revision = downloading(grant, until=world.now)
        alarming(grant, until=world.now)
        few = self.queries(mika, "/ledger/")
        for number in range(30):
            use(revision, Kind.URLS, grant=f"grt_{number}", person=f"usr_{number}", address="192.0.2.1",
                at=world.now)  # fmt: skip
        assert self.queries(mika, "/ledger/") == few
        assert len(few) <= 12, few

    def test_a_grants_page_takes_as_many_queries_however_many_batches(
        self, mika: Client, grant: Grant, world: World
    ) -> None:
        downloading(grant, until=world.now, days=1)
        few = self.queries(mika, f"/ledger/{grant.pk}/")
        downloading(grant, until=world.now, days=9)
        assert len(self.queries(mika, f"/ledger/{grant.pk}/")) <= len(few) <= 12

    def queries(self, client: Client, address: str) -> list[str]:
        """The tables that are read, in their order."""
        with CaptureQueriesContext(connection) as taken:
            assert client.get(address).status_code == 200
        return [query["sql"].partition(" FROM ")[2].partition(" ")[0] for query in taken]


class TestOneGrant:
    def test_each_batch_is_one_plain_sentence(self, mika: Client, grant: Grant, world: World) -> None:
        downloading(grant, until=world.now, days=1)
        finished(grant, at=world.now + timedelta(minutes=1), again=3 * 2**20)
        page = shown(mika, f"/ledger/{grant.pk}/")
        for said in (
            "The manifest was given.",
            "Headers of 13 of 13 files were given for the key “cluster login node” (kqx4-7m2p-vv3a-n6ts).",
            "URLs of 2 of 13 files, ",
            "weights/0.1.0 reported 13 of 13 files complete, 326.0 GiB. "
            "It fetched 326.0 GiB, 3.0 MiB of them twice, in 27 h.",
            "from 192.0.2.7",
        ):
            assert said in page, said

    def test_the_chart_has_its_table_with_the_same_figures(
        self, mika: Client, grant: Grant, world: World
    ) -> None:
        downloading(grant, until=world.now)
        page = shown(mika, f"/ledger/{grant.pk}/")
        days = [day for day, size in figures.bytes_by_day(grant.pk, world.now.date()) if size]
        assert page.count("<rect") == len(days)
        assert page.count('<th scope="row">') == len(days)
        assert 'role="img"' in page

    def test_a_grant_that_was_given_nothing_is_not_here(self, mika: Client, grant: Grant) -> None:
        assert mika.get(f"/ledger/{grant.pk}/").status_code == 404

    def test_g8_no_url_stands_on_it(self, mika: Client, grant: Grant, world: World) -> None:
        """G8"""
        revision = downloading(grant, until=world.now)
        page = shown(mika, f"/ledger/{grant.pk}/") + shown(mika, "/ledger/")
        for file in revision.files.select_related("body"):
            assert file.body.object_name not in page
        assert "age1pq1" not in page


def test_the_highest_bar_fills_the_chart_and_an_empty_day_has_none() -> None:
    first, second, third = ledger_desk.bars(
        [(date(2026, 1, day), size) for day, size in ((1, 50), (2, 0), (3, 100))]
    )
    assert (third.y, third.height) == (0, ledger_desk.CHART_HEIGHT)
    assert (first.height, second.height) == (ledger_desk.CHART_HEIGHT / 2, 0)
    assert 0 < first.x < first.x + first.width < second.x < third.x + third.width < ledger_desk.CHART_WIDTH


def test_nothing_asked_for_is_no_chart() -> None:
    assert ledger_desk.bars([(date(2026, 1, 1), 0)]) == []


class TestAlerts:
    @pytest.fixture
    def alert(self, grant: Grant, world: World) -> Alert:
        return alarming(grant, until=world.now)

    @pytest.fixture
    def note(self, mika: Client, alert: Alert) -> Callable[[str], Any]:
        return lambda text: mika.post(f"/ledger/alerts/{alert.pk}/", {"note": text}, follow=True)

    def test_an_open_one_stands_on_top_with_what_was_counted(
        self, mika: Client, alert: Alert, grant: Grant
    ) -> None:
        for address in ("/ledger/", f"/ledger/{grant.pk}/", f"/ledger/alerts/{alert.pk}/"):
            assert "Used from many networks" in shown(mika, address)
        assert "One grant was used from 8 networks within 24 hours" in shown(mika, "/ledger/")

    def test_a_note_closes_it_and_is_shown_with_its_author(
        self, mika: Client, alert: Alert, note: Callable[[str], Any]
    ) -> None:
        assert "the alert is closed" in note("A cluster with eight ways out.").content.decode()
        page = shown(mika, f"/ledger/alerts/{alert.pk}/")
        for said in ("A cluster with eight ways out.", "Mika Laine", "Looked at"):
            assert said in page
        assert "Used from many networks" not in shown(mika, "/ledger/")

    def test_without_a_note_it_stays_open(self, alert: Alert, note: Callable[[str], Any]) -> None:
        answer = note("  ")
        assert answer.status_code == 400
        assert "Write what you found." in answer.content.decode()
        alert.refresh_from_db()
        assert alert.state == "open"

    def test_the_second_note_is_told_that_it_came_late(
        self, alert: Alert, note: Callable[[str], Any]
    ) -> None:
        note("Looked.")
        assert "Your note was not kept" in note("Mine.").content.decode()
        alert.refresh_from_db()
        assert alert.note == "Looked."

    def test_a_rule_that_is_no_more_is_shown_by_its_code(self, mika: Client, alert: Alert) -> None:
        Alert.objects.filter(pk=alert.pk).update(rule="old_rule")
        assert "old_rule" in shown(mika, f"/ledger/alerts/{alert.pk}/")

    def test_an_unknown_one_is_404(self, mika: Client) -> None:
        assert mika.get("/ledger/alerts/alr_none/").status_code == 404


def test_a3_without_a_second_factor_the_desk_is_closed(mika: Client, settings: Any) -> None:
    """A3"""
    settings.STAFF_MFA = "any"
    answer = mika.get("/ledger/")
    assert answer.status_code == 403
    assert "mfa_required" in answer.content.decode()
