"""The ledger of deliveries: what is written of each batch, the evidence in it, and forgetting addresses."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core.audit import trail
from portal.core.problems import Invalid, NotPermitted, TooMany
from tests.unit.vault.fakes import GRANT
from tests.unit.vault.ledger_days import Kind, use
from weights_vault import delivery, keeper
from weights_vault.actions import receipts
from weights_vault.ledger import filesets, listing, origins, reading, writing
from weights_vault.ledger.listing import Wanted
from weights_vault.models import Holding, LedgerEntry, Origin, RecipientKey, Revision
from weights_vault.queries import holders_of
from weights_vault.sealed.header import GrantLabel, make_header

Ordinals = st.sets(st.integers(0, 2_000))


@given(Ordinals)
def test_a_bitmap_gives_back_its_files(ordinals: set[int]) -> None:
    packed = filesets.pack(ordinals)
    assert list(filesets.unpack(packed)) == sorted(ordinals)
    assert filesets.size(packed) == len(ordinals)
    assert not packed.endswith(b"\0")
    for place, ordinal in enumerate(sorted(ordinals)):
        assert filesets.place(packed, ordinal) == place


@given(Ordinals)
def test_ranges_say_the_same_files(ordinals: set[int]) -> None:
    said: list[int] = []
    for run in filesets.ranges(filesets.pack(ordinals)).split():
        first, _, last = run.partition("-")
        said += range(int(first), int(last or first) + 1)
    assert said == sorted(ordinals)


def test_a_run_of_files_is_said_by_its_ends() -> None:
    assert filesets.ranges(filesets.pack([0, 2, 3, 4, 9])) == "0 2-4 9"
    assert filesets.ranges(b"") == ""


@given(Ordinals, Ordinals)
def test_two_bitmaps_join(left: set[int], right: set[int]) -> None:
    joined = filesets.union(filesets.pack(left), filesets.pack(right))
    assert joined == filesets.pack(left | right)
    assert filesets.place(joined, 2_001) is None


@pytest.fixture
def asked(session: Principal, revision: Revision, now: datetime) -> dict[str, Any]:
    return {"by": session, "grant": GRANT, "revision": revision, "now": now, "address": "192.0.2.7"}


@pytest.fixture
def headers(asked: dict[str, Any], key: RecipientKey, revision: Revision) -> dict[str, bytes]:
    return dict(keeper.issue_headers(key=key, files=list(revision.files.all()), **asked))


@pytest.mark.django_db
@pytest.mark.database
class TestWriting:
    def test_each_kind_of_batch_leaves_one_entry(
        self, asked: dict[str, Any], headers: dict[str, bytes], revision: Revision, person: User
    ) -> None:
        files = list(revision.files.all())
        delivery.issue_manifest(**asked)
        delivery.issue_urls(files=files[:2], **asked)
        entries = {entry.kind: entry for entry in LedgerEntry.objects.all()}
        assert set(entries) == {"headers", "manifest", "urls"}
        assert {entry.person for entry in entries.values()} == {person.public_id}
        assert (entries["headers"].count, entries["urls"].count) == (len(files), 2)
        assert (entries["urls"].lifetime_s, entries["headers"].lifetime_s) == (600, None)
        assert entries["urls"].size == sum(file.body.body_size for file in files[:2])

    def test_the_bits_are_the_places_in_the_signed_manifest(
        self, asked: dict[str, Any], revision: Revision
    ) -> None:
        by_path = sorted(revision.files.all(), key=lambda file: file.path)
        delivery.issue_urls(files=[by_path[2], by_path[0]], **asked)
        assert list(filesets.unpack(LedgerEntry.objects.get().files)) == [0, 2]

    def test_g8_no_url_and_no_header_stands_in_it(
        self, asked: dict[str, Any], headers: dict[str, bytes], revision: Revision
    ) -> None:
        """G8"""
        issued = delivery.issue_urls(files=list(revision.files.all()), **asked)
        kept = repr([*LedgerEntry.objects.values(), *Holding.objects.values(), *Origin.objects.values()])
        names = [file.body.object_name for file in revision.files.select_related("body")]
        for secret in [*(url for _, url in issued.urls), *names, "http", "age-encryption"]:
            assert secret not in kept
        for header in headers.values():
            assert repr(header)[2:40] not in kept

    def test_the_running_sum_knows_every_file_that_was_ever_given(
        self, revision: Revision, now: datetime
    ) -> None:
        first, second, *_ = revision.files.values_list("pk", flat=True)
        use(revision, Kind.HEADERS, files=[first], at=now)
        use(revision, Kind.HEADERS, files=[first, second], at=now + timedelta(hours=1))
        holding = Holding.objects.get()
        assert (holding.file_count, holding.release) == (2, "opt-small")
        assert (holding.first_at, holding.last_at) == (now, now + timedelta(hours=1))

    def test_the_running_sum_does_not_go_back_with_a_clock(self, revision: Revision, now: datetime) -> None:
        use(revision, Kind.URLS, at=now)
        use(revision, Kind.URLS, at=now - timedelta(hours=1))
        assert Holding.objects.get().last_at == now

    def test_places_are_those_of_pythons_order_whatever_the_database_sorts_by(self, monkeypatch: Any) -> None:
        """PostgreSQL sorts by its locale: "a" before "B"."""
        rows = [("a.json", "fil_2"), ("B.json", "fil_1"), ("_.json", "fil_3")]
        found = Mock(**{"objects.filter.return_value.values_list.return_value": rows})
        monkeypatch.setattr(writing, "File", found)
        assert writing.ordinals_of("rev_1") == {"fil_1": 0, "fil_3": 1, "fil_2": 2}

    def test_an_entry_outside_the_transaction_of_its_batch_is_a_bug(
        self, monkeypatch: Any, now: datetime
    ) -> None:
        connection = type("Connection", (), {"in_atomic_block": False})
        monkeypatch.setattr(transaction, "get_connection", lambda: connection)
        with pytest.raises(RuntimeError, match="outside the transaction"):
            writing.add(Kind.URLS, grant="", person="", revision=Revision(), now=now)

    def test_holders_are_keys_with_their_grants(self, revision: Revision, now: datetime) -> None:
        use(revision, Kind.HEADERS, key="key_a", grant="grt_2", at=now)
        use(revision, Kind.HEADERS, key="key_a", grant="grt_1", at=now)
        use(revision, Kind.HEADERS, key="key_a", grant="grt_1", at=now + timedelta(days=1))
        use(revision, Kind.URLS, grant="grt_3", at=now)
        assert holders_of(revision) == {"key_a": ["grt_1", "grt_2"]}


@pytest.mark.django_db
@pytest.mark.database
class TestEvidence:
    def test_a_header_in_hand_says_whom_it_was_given_to(
        self, headers: dict[str, bytes], key: RecipientKey, person: User, revision: Revision, now: datetime
    ) -> None:
        for file, header in headers.items():
            assert reading.who_got(header + b"and a body") == reading.Given(
                GRANT, person.public_id, key.pk, revision.pk, file, now
            )

    def test_each_header_of_a_file_is_found_again(
        self, asked: dict[str, Any], key: RecipientKey, revision: Revision, headers: dict[str, bytes]
    ) -> None:
        file = revision.files.all()[1]
        ((_, second),) = keeper.issue_headers(key=key, files=[file], **asked)
        issued = reading.headers_issued(grant=GRANT, revision=revision.pk, file=file.pk)
        assert issued == [hashlib.sha256(each).digest() for each in (headers[file.pk], second)]

    def test_a_forged_label_finds_nobody(
        self, headers: dict[str, bytes], key: RecipientKey, revision: Revision, identity: Any
    ) -> None:
        """G3: whoever knows a file key can write any label, not a header that was given."""
        label = GrantLabel(GRANT, revision.pk, next(iter(headers)))
        forged = make_header(b"f" * 16, identity.recipient, label)
        assert reading.who_got(forged) is None

    @pytest.mark.parametrize("junk", [b"", b"age-encryption.org/v1\n", b"-> weights-portal/grant x\n--- "])
    def test_what_is_no_header_finds_nobody(self, junk: bytes) -> None:
        assert reading.who_got(junk) is None

    def test_a_header_without_a_label_finds_nobody(self, identity: Any) -> None:
        from weights_vault.sealed.age import write_header

        plain = write_header(b"f" * 16, (identity.recipient.wrap(b"f" * 16),))
        assert reading.who_got(plain) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::1", "::/48"),
    ],
)
def test_a_network_is_what_one_site_has(address: str, network: str) -> None:
    assert origins.network_of(address) == network


@pytest.mark.django_db
@pytest.mark.database
class TestAddresses:
    def test_one_row_a_grant_day_and_address(self, revision: Revision, now: datetime) -> None:
        for hours, address in ((0, "192.0.2.1"), (1, "192.0.2.1"), (1, "192.0.2.2"), (24, "192.0.2.1")):
            use(revision, Kind.URLS, address=address, at=now + timedelta(hours=hours))
        assert Origin.objects.count() == 3
        assert LedgerEntry.objects.filter(origin=None).count() == 0

    def test_a_job_has_no_address(self, revision: Revision, now: datetime) -> None:
        assert use(revision, Kind.URLS, at=now).origin is None

    def test_addresses_are_forgotten_and_entries_stay(
        self, revision: Revision, now: datetime, settings: Any
    ) -> None:
        settings.LEDGER_ADDRESS_DAYS = 30
        use(revision, Kind.URLS, address="192.0.2.1", at=now - timedelta(days=31))
        use(revision, Kind.URLS, address="192.0.2.2", at=now - timedelta(days=30))
        origins.forget_addresses({}, now=now)
        assert list(Origin.objects.values_list("address", flat=True)) == ["192.0.2.2"]
        assert [row.origin and row.origin.address for row in listing.stream(listing.entries(Wanted()))] == [
            "192.0.2.2",
            None,
        ]


@pytest.fixture
def report(session: Principal, revision: Revision, now: datetime) -> Callable[..., LedgerEntry]:
    def say(**changes: Any) -> LedgerEntry:
        said: dict[str, Any] = {
            "by": session,
            "grant": GRANT,
            "revision": revision,
            "event": "completed",
            "files": revision.files.count(),
            "size": 100,
            "fetched": 120,
            "again": 20,
            "seconds": 1.5,
            "client": "weights/1",
            "now": now,
        }
        noted = receipts.report(**{**said, **changes})
        assert noted.kind == f"download.{changes.get('event', 'completed')}"
        return LedgerEntry.objects.latest("id")

    return say


@pytest.mark.django_db
@pytest.mark.database
class TestReceipts:
    def test_a_report_of_what_was_given_is_kept_with_its_audit_event(
        self, report: Callable[..., LedgerEntry], asked: dict[str, Any], session: Principal, now: datetime
    ) -> None:
        delivery.issue_manifest(**asked)
        entry = report()
        assert (entry.kind, entry.fetched, entry.again) == ("completed", 120, 20)
        holding = Holding.objects.get()
        assert (holding.completed_at, holding.verified_at, holding.opened_at) == (now, now, now)
        assert trail(f"grant:{GRANT}").last().kind == "download.completed"  # type: ignore[union-attr]

    def test_complete_once_and_verified_again_and_again(
        self, report: Callable[..., LedgerEntry], asked: dict[str, Any], now: datetime
    ) -> None:
        delivery.issue_manifest(**asked)
        report()
        report(event="verified", now=now + timedelta(days=9))
        holding = Holding.objects.get()
        assert (holding.completed_at, holding.verified_at) == (now, now + timedelta(days=9))

    def test_a_report_of_what_was_never_given_is_refused(self, report: Callable[..., LedgerEntry]) -> None:
        with pytest.raises(Invalid):
            report()
        assert not LedgerEntry.objects.exists()

    def test_a_report_about_somebody_elses_grant_is_refused(
        self, report: Callable[..., LedgerEntry], revision: Revision, now: datetime
    ) -> None:
        """G3"""
        use(revision, Kind.MANIFEST, person="usr_eve", at=now)
        with pytest.raises(Invalid):
            report()

    def test_more_files_than_the_revision_has_are_refused(
        self, report: Callable[..., LedgerEntry], asked: dict[str, Any], revision: Revision
    ) -> None:
        delivery.issue_manifest(**asked)
        with pytest.raises(Invalid):
            report(files=revision.files.count() + 1)

    @pytest.mark.parametrize(
        ("event", "files", "complete", "opened"),
        [
            ("completed", 2, True, True),
            ("verified", 2, True, False),
            ("opened", 2, True, True),
            ("completed", 1, False, True),
            ("verified", 1, False, False),
        ],
    )
    def test_what_a_word_says_besides_itself(
        self,
        event: str,
        files: int,
        complete: bool,
        opened: bool,
        report: Callable[..., LedgerEntry],
        asked: dict[str, Any],
        revision: Revision,
    ) -> None:
        """A download of some files is checked and opened, and not complete."""
        delivery.issue_manifest(**asked)
        report(event=event, files=revision.files.count() if files == 2 else files)
        holding = Holding.objects.get()
        assert holding.verified_at is not None
        assert (holding.completed_at is not None, holding.opened_at is not None) == (complete, opened)

    def test_nobody_without_an_account_reports(self, report: Callable[..., LedgerEntry]) -> None:
        with pytest.raises(NotPermitted):
            report(by=Principal())

    def test_fifty_reports_a_day_are_enough(
        self, report: Callable[..., LedgerEntry], asked: dict[str, Any], now: datetime, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(receipts, "MOST_A_DAY", 3)
        delivery.issue_manifest(**asked)
        for _ in range(3):
            report()
        with pytest.raises(TooMany) as caught:
            report()
        assert caught.value.retry_after_s > 0
        report(now=now + timedelta(days=1, seconds=1))
