"""Receipts, and the ledger of deliveries for release managers."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from licenses import actions
from licenses.models import Grant
from portal.accounts.models import TwoPersonChange, User
from portal.api import spreadsheet
from portal.core.models import AuditEvent
from tests.integration.api.world import World, in_browser, session_of, with_token
from weights_vault.ledger import listing, origins
from weights_vault.models import Holding, LedgerEntry, Origin

pytestmark = [pytest.mark.django_db, pytest.mark.database]
FIGURES = {"files": 2, "bytes": 90_700, "fetched_bytes": 91_000, "again_bytes": 300, "seconds": 1.5}
RECEIPT = {"revision": "v1", "event": "completed", "client": "weights/0.1.0", **FIGURES}
FROM = {"REMOTE_ADDR": "198.51.100.7"}

WRONG_RECEIPTS: list[dict[str, Any]] = [
    {"event": "headers"}, {"event": ""}, {"files": 0}, {"files": 3}, {"files": -1}, {"files": "two"},
    {"bytes": -1}, {"bytes": 2**51}, {"fetched_bytes": 2**60}, {"seconds": "nan"}, {"seconds": "inf"},
    {"seconds": -1}, {"client": "=cmd()/1"}, {"client": "weights"}, {"client": "weights /1"},
    {"client": f"weights/{'1' * 80}"}, {"person": "usr_eve"}, {"at": "2020-01-01"},
]  # fmt: skip
# What selects how many of Ada's three entries.
FILTERS = {
    "release=opt-175b": 3, "release=opt-13b": 0, "revision=v1": 3, "revision=v2": 0, "kind=headers": 1,
    "person=ada": 3, "person=EXAMPLE.ORG": 3, "person=bob": 0, "person=%25": 0, "grant=grt_none": 0,
    "after=2020-01-01T00:00:00Z": 3, "before=2020-01-01T00:00:00Z": 0,
    "kind=urls&person=ada&release=opt-175b": 1,
}  # fmt: skip


@pytest.fixture
def grant(world: World) -> Grant:
    return world.granted()


@pytest.fixture
def downloaded(world: World, grant: Grant) -> Grant:
    """Ada took the manifest, headers of both files and a URL of the first."""
    client, path = with_token(world.researcher), f"/api/v1/grants/{grant.pk}"
    key, _ = world.key()
    client.get(f"{path}/manifest", **FROM)
    client.post(f"{path}/headers", {"revision": "v1", "key": key.pk, "files": world.files}, **FROM)
    client.post(f"{path}/urls", {"revision": "v1", "files": world.files[:1]}, **FROM)
    return grant


def receipts_of(grant: Grant) -> str:
    return f"/api/v1/grants/{grant.pk}/receipts"


def table(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


class TestAddresses:
    def test_each_batch_says_from_where_it_was_asked(self, downloaded: Grant) -> None:
        numbers = set(LedgerEntry.objects.values_list("origin", flat=True))
        assert list(Origin.objects.values_list("pk", "address", "network")) == [
            (numbers.pop(), "198.51.100.7", "198.51.100.0/24")
        ]
        assert not numbers

    def test_a_made_up_forwarding_header_is_not_believed(self, world: World, grant: Grant) -> None:
        path = f"/api/v1/grants/{grant.pk}/manifest"
        with_token(world.researcher).get(path, HTTP_X_FORWARDED_FOR="203.0.113.9", **FROM)
        assert Origin.objects.get().address == "198.51.100.7"

    def test_behind_a_proxy_of_ours_its_word_counts(self, world: World, grant: Grant, settings: Any) -> None:
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        path, said = f"/api/v1/grants/{grant.pk}/manifest", "192.0.2.66, 2001:db8:5::9"
        with_token(world.researcher).get(path, HTTP_X_FORWARDED_FOR=said, REMOTE_ADDR="10.0.0.1")
        assert (Origin.objects.get().address, Origin.objects.get().network) == (
            "2001:db8:5::9",
            "2001:db8:5::/48",
        )

    @pytest.mark.parametrize("address", ["", "no address"])
    def test_without_an_address_the_batch_is_recorded_all_the_same(
        self, world: World, grant: Grant, address: str
    ) -> None:
        """A server on a Unix socket has none."""
        with_token(world.researcher).get(f"/api/v1/grants/{grant.pk}/manifest", REMOTE_ADDR=address)
        assert LedgerEntry.objects.get().origin is None

    def test_an_ipv4_address_inside_ipv6_is_the_ipv4_address(self, world: World, grant: Grant) -> None:
        path = f"/api/v1/grants/{grant.pk}/manifest"
        with_token(world.researcher).get(path, REMOTE_ADDR="::ffff:198.51.100.7")
        assert Origin.objects.get().address == "198.51.100.7"


class TestReceipts:
    def test_a_receipt_is_noted_with_what_it_says(self, world: World, downloaded: Grant) -> None:
        answer = with_token(world.researcher, "download").post(receipts_of(downloaded), RECEIPT, **FROM)
        assert (answer.status_code, list(answer.json())) == (201, ["proof"])
        entry = LedgerEntry.objects.get(kind="completed")
        assert (entry.count, entry.size, entry.fetched, entry.again) == (2, 90_700, 91_000, 300)
        assert (entry.seconds, entry.client) == (1.5, "weights/0.1.0")
        assert Holding.objects.get().completed_at == entry.at

    def test_a_grant_that_ended_meanwhile_may_be_reported_on(self, world: World, downloaded: Grant) -> None:
        reviewer = session_of(world.reviewers[0])
        actions.revoke(grant=downloaded, reason="Left.", by=reviewer, now=timezone.now())
        assert with_token(world.researcher).post(receipts_of(downloaded), RECEIPT).status_code == 201

    def test_the_same_key_again_is_one_receipt(self, world: World, downloaded: Grant) -> None:
        client = with_token(world.researcher)
        for _ in range(3):
            answer = client.post(receipts_of(downloaded), RECEIPT, HTTP_IDEMPOTENCY_KEY="done-1")
            assert answer.status_code == 201
        assert LedgerEntry.objects.filter(kind="completed").count() == 1
        assert AuditEvent.objects.filter(kind="download.completed").count() == 1

    def test_what_was_never_given_cannot_be_reported(self, world: World, grant: Grant) -> None:
        answer = with_token(world.researcher).post(receipts_of(grant), RECEIPT)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["revision"])

    def test_a_revision_that_there_is_not_is_404(self, world: World, downloaded: Grant) -> None:
        answer = with_token(world.researcher).post(receipts_of(downloaded), {**RECEIPT, "revision": "v9"})
        assert answer.status_code == 404

    def test_a_receipt_is_strict(self, world: World, downloaded: Grant) -> None:
        """R2"""
        client, path = with_token(world.researcher), receipts_of(downloaded)
        taken = {
            str(change): client.post(path, {**RECEIPT, **change}).status_code for change in WRONG_RECEIPTS
        }
        taken |= {
            f"without {name}": client.post(path, {**RECEIPT, name: None}).status_code for name in RECEIPT
        }
        assert {change: status for change, status in taken.items() if status != 400} == {}
        assert not LedgerEntry.objects.filter(kind="completed").exists()


class TestReading:
    def test_each_entry_says_what_whom_when_and_from_where(self, world: World, downloaded: Grant) -> None:
        with_token(world.researcher).post(receipts_of(downloaded), RECEIPT, **FROM)
        entries = in_browser(world.manager).get("/api/v1/ledger").json()["results"]
        assert [entry["kind"] for entry in entries] == ["completed", "urls", "headers", "manifest"]
        urls = entries[1]
        assert (urls["release"], urls["revision"], urls["grant"]) == ("opt-175b", "v1", downloaded.pk)
        assert urls["person"] == {
            "id": world.researcher.public_id,
            "name": "Ada",
            "email": "ada@example.org",
        }
        assert (urls["files"], urls["file_numbers"], urls["lifetime_s"]) == (1, [0], 600)
        assert (urls["address"], urls["network"], urls["reported"]) == (
            "198.51.100.7",
            "198.51.100.0/24",
            None,
        )
        assert entries[0]["reported"] == {
            "fetched_bytes": 91_000,
            "again_bytes": 300,
            "seconds": 1.5,
            "client": "weights/0.1.0",
        }

    def test_filters_select(self, world: World, downloaded: Grant) -> None:
        world.export("ledger")
        manager = in_browser(world.manager)
        assert {
            query: len(manager.get(f"/api/v1/ledger?{query}").json()["results"]) for query in FILTERS
        } == FILTERS
        assert {query: len(table(manager.get(f"/api/v1/ledger.csv?{query}"))) for query in FILTERS} == FILTERS

    def test_a_filter_that_is_none_is_400(self, world: World) -> None:
        manager = in_browser(world.manager)
        for query in ("kind=keys", "after=yesterday", "cursor=x", "grant=%00"):
            assert manager.get(f"/api/v1/ledger?{query}").status_code == 400, query

    def test_pages_go_on_where_the_last_one_ended(self, world: World, downloaded: Grant) -> None:
        manager, seen = in_browser(world.manager), []
        address = "/api/v1/ledger?limit=2"
        while address:
            page = manager.get(address).json()
            seen += [entry["id"] for entry in page["results"]]
            address = page["next"]
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == 3

    @pytest.mark.parametrize("path", ["/api/v1/ledger.csv", "/api/v1/queue.csv", "/api/v1/audit.ndjson"])
    def test_head_of_an_export_is_no_download(self, world: World, path: str) -> None:
        world.export("ledger")
        assert in_browser(world.manager).head(path).status_code == 405
        assert not AuditEvent.objects.filter(kind="export.downloaded").exists()

    def test_a3_without_a_second_factor_nobody_reads_or_exports(self, world: World, settings: Any) -> None:
        """A3"""
        settings.STAFF_MFA = "any"
        for path in ("/api/v1/ledger", "/api/v1/ledger.csv"):
            answer = in_browser(world.manager).get(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "mfa_required")

    def test_a_page_takes_as_many_queries_however_many_entries(self, world: World, downloaded: Grant) -> None:
        manager = in_browser(world.manager)

        def queries() -> int:
            with CaptureQueriesContext(
                connection,
            ) as taken:
                assert manager.get("/api/v1/ledger?limit=200").status_code == 200
            return len(taken)

        queries()  # that this browser is used is noted once in a while
        before = queries()
        client, path = with_token(world.researcher), f"/api/v1/grants/{downloaded.pk}"
        for number in range(30):
            asked = {"revision": "v1", "files": world.files}
            client.post(f"{path}/urls", asked, REMOTE_ADDR=f"192.0.2.{number}")
        assert queries() == before

    def test_forgotten_addresses_are_empty(self, world: World, downloaded: Grant) -> None:
        origins.forget_addresses({}, now=timezone.now() + timedelta(days=400))
        for entry in in_browser(world.manager).get("/api/v1/ledger").json()["results"]:
            assert (entry["address"], entry["network"]) == ("", "")


class TestCsv:
    @pytest.fixture
    def rows(self, world: World, downloaded: Grant) -> Callable[[], list[dict[str, str]]]:
        world.export("ledger")
        return lambda: table(in_browser(world.manager).get("/api/v1/ledger.csv"))

    def test_it_is_a_table_with_the_same_entries(self, rows: Callable[[], list[dict[str, str]]]) -> None:
        urls, headers, manifest = rows()
        assert (urls["kind"], urls["files"], urls["file_numbers"]) == ("urls", "1", "0")
        assert (headers["kind"], headers["files"], headers["file_numbers"]) == ("headers", "2", "0-1")
        assert (manifest["address"], manifest["name"], manifest["seconds"]) == ("198.51.100.7", "Ada", "")

    def test_a5_no_cell_is_a_formula(self, world: World, rows: Callable[[], list[dict[str, str]]]) -> None:
        """A5"""
        for name in (
            '=HYPERLINK("http://x","y")',
            "+1",
            "-1+1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            " =1",
            "\u00a0=1",
            "＝1",
        ):
            User.objects.filter(pk=world.researcher.pk).update(full_name=name)
            assert {row["name"] for row in rows()} == {f"'{name}"}

    def test_it_is_sent_as_it_is_read(
        self, world: World, downloaded: Grant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Memory does not grow with the ledger: a stretch is read when the one before it is sent."""
        world.export("ledger")
        monkeypatch.setattr(listing, "STRETCH", 1)
        monkeypatch.setattr(spreadsheet, "ROWS_A_PIECE", 1)
        pieces = in_browser(world.manager).get("/api/v1/ledger.csv").streaming_content
        assert sum(1 for _ in pieces) == 4

    def test_without_a_second_person_it_does_not_leave(self, world: World, downloaded: Grant) -> None:
        manager = in_browser(world.manager)
        refused = manager.get("/api/v1/ledger.csv")
        assert (refused.status_code, refused.json()["code"]) == (403, "export_unconfirmed")
        change = world.export("ledger")
        for _ in range(2):
            assert manager.get("/api/v1/ledger.csv").status_code == 200
        downloads = AuditEvent.objects.filter(kind="export.downloaded", subject=f"change:{change.pk}")
        assert downloads.count() == 2
        TwoPersonChange.objects.update(decided_at=timezone.now() - timedelta(hours=24))
        assert manager.get("/api/v1/ledger.csv").status_code == 403

    def test_it_is_a_download_that_nobody_keeps(self, world: World, downloaded: Grant) -> None:
        world.export("ledger")
        answer = in_browser(world.manager).get("/api/v1/ledger.csv")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Content-Disposition"] == 'attachment; filename="ledger.csv"'
        assert answer["Cache-Control"] == "no-store"

    def test_g8_no_url_header_or_key_leaves_by_it(
        self, world: World, downloaded: Grant, rows: Callable[[], list[dict[str, str]]]
    ) -> None:
        """G8"""
        said = repr(rows()) + repr(in_browser(world.manager).get("/api/v1/ledger").json())
        names = [file.body.object_name for file in world.revision.files.select_related("body")]
        for secret in [*names, "signature", "age1", "/sealed/", "age-encryption", "AGE-SECRET"]:
            assert secret not in said
