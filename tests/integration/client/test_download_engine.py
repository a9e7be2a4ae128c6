"""The engine against a store that is slow, crowded or odd in its HTTP; faults of one answer are elsewhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.client.recipient import QUICK, Recipient
from tests.simulators import faults
from tests.simulators.faults import Delivery
from tests.simulators.portal import Answer, SimulatedPortal
from tests.simulators.sealed_release import MIB, SealedFile, random_files, seal_files
from weights_vault.client.errors import Incomplete, IntegrityFailure
from weights_vault.client.transfer import crew
from weights_vault.client.transfer.writer import TargetWriter
from weights_vault.sealed.body import PLAIN_PART_SIZE


@pytest.fixture(scope="module")
def sealed() -> list[SealedFile]:
    """One file of two parts, the last one short."""
    return seal_files(random_files(model=17 * MIB))


@pytest.fixture
def portal(sealed: list[SealedFile]) -> Iterator[SimulatedPortal]:
    with SimulatedPortal(sealed) as simulated:
        yield simulated


@pytest.fixture
def recipient(portal: SimulatedPortal, tmp_path: Path) -> Recipient:
    return Recipient(portal, tmp_path)


class Busy:
    """A store's fault that counts how many are served at once. most: the most there ever were."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __call__(self, delivery: Delivery) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            faults.served(delivery)
        finally:
            with self._lock:
                self.now -= 1


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Recipient]:
    """Thirty files of one small part each, from a store that gives every connection 1 MiB/s."""
    sizes = {f"f{number}": 512 << 10 for number in range(30)}
    with SimulatedPortal(seal_files(random_files(**sizes))) as simulated:
        simulated.bytes_per_s = MIB
        yield Recipient(simulated, tmp_path)


def test_a_store_that_throttles_each_connection_is_asked_over_more_and_more(
    many: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "WINDOW_S", 0.4)
    monkeypatch.setattr(crew, "SETTLE_S", 0.1)
    many.portal.every_fault = busy = Busy()
    many.download(jobs=None)
    many.assert_complete()
    assert busy.most >= 8


def test_a_number_of_jobs_that_was_asked_for_is_kept(many: Recipient) -> None:
    many.portal.every_fault = busy = Busy()
    many.portal.bytes_per_s = 20 * MIB
    many.download(jobs=3)
    assert busy.most == 3


def test_a_rate_limit_holds_all_workers_together(recipient: Recipient) -> None:
    limit = 8 * MIB
    summary = recipient.download(jobs=4, limit_rate=limit)
    recipient.assert_complete()
    assert summary.fetched / limit - 0.5 < summary.seconds


def test_d7_resets_sooner_than_any_read_is_full_still_finish_and_lose_nothing(recipient: Recipient) -> None:
    recipient.portal.every_fault = faults.reset_after(150_000)
    summary = recipient.download()
    recipient.assert_complete()
    assert summary.again == 0


def test_d7_less_than_counts_as_progress_each_time_adds_up(recipient: Recipient) -> None:
    recipient.portal.every_fault = faults.reset_after(200_000)
    recipient.download(limits=replace(QUICK, tries=3, progress_bytes=400_000))
    recipient.assert_complete()


def closed_after_each(delivery: Delivery) -> None:
    delivery.head(connection="close")
    delivery.send(delivery.slice())
    delivery.drop()


def chunked(delivery: Delivery) -> None:
    delivery.head(content_length="", transfer_encoding="chunked")
    for start in range(0, len(delivery.slice()), MIB):
        piece = delivery.slice()[start : start + MIB]
        delivery.send(b"%x\r\n" % len(piece))
        delivery.send(piece)
        delivery.send(b"\r\n")
    delivery.send(b"0\r\n\r\n")


def after_a_few_continues(delivery: Delivery) -> None:
    delivery.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 3)
    faults.served(delivery)


@pytest.mark.parametrize("answer", [closed_after_each, chunked, after_a_few_continues])
def test_ways_of_http_that_are_right_though_rare_work(recipient: Recipient, answer: faults.Fault) -> None:
    recipient.portal.every_fault = answer
    summary = recipient.download()
    recipient.assert_complete()
    assert summary.again == 0


def continues_for_ever(delivery: Delivery) -> None:
    while not delivery.closing.wait(0.001):
        delivery.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def headers_for_ever(delivery: Delivery) -> None:
    delivery.send(b"HTTP/1.1 206 Partial Content\r\n")
    while not delivery.closing.wait(0.001):
        delivery.send(b"X-Flood: yes\r\n")


def one_line_for_ever(delivery: Delivery) -> None:
    delivery.send(b"HTTP/1.1 206 Partial Content\r\nX-Flood: ")
    while not delivery.closing.is_set():
        delivery.send(bytes(1000))


@pytest.mark.parametrize("answer", [continues_for_ever, headers_for_ever, one_line_for_ever])
def test_an_answer_that_never_begins_is_broken_off(recipient: Recipient, answer: faults.Fault) -> None:
    recipient.portal.faults.append(answer)
    recipient.download(limits=replace(QUICK, stall_s=0.5))
    recipient.assert_complete()


@pytest.mark.parametrize("answer", [continues_for_ever, headers_for_ever])
def test_answers_that_never_begin_end_the_download(recipient: Recipient, answer: faults.Fault) -> None:
    recipient.portal.every_fault = answer
    with pytest.raises(Incomplete):
        recipient.download(limits=replace(QUICK, stall_s=0.2, tries=2), jobs=1)


def test_d2_a_portal_that_is_busy_when_urls_are_due_is_asked_again(recipient: Recipient) -> None:
    busy = [Answer(503, headers={"Retry-After": "0"}) for _ in range(3)]
    recipient.portal.answer("/grants/grt_simulated/urls", *busy)
    recipient.download(jobs=4)
    recipient.assert_complete()
    asked = [path for _, path in recipient.portal.asked if path.endswith("/urls")]
    assert len(asked) == len(busy) + 1


def test_d10_urls_that_begin_to_work_later_are_asked_for_again_after_a_while(recipient: Recipient) -> None:
    """A store whose clock is behind the portal's refuses what was just signed."""
    waits: list[int] = []

    def backoff(failures: int) -> float:
        waits.append(failures)
        return 0.001

    recipient.portal.faults.extend([faults.refused(403)] * 2)
    recipient.download(jobs=1, limits=replace(QUICK, backoff=backoff))
    recipient.assert_complete()
    assert waits == [2]  # the first one had perhaps only ended; the second was fresh


def test_a_kept_sealed_body_is_what_the_store_has(recipient: Recipient) -> None:
    recipient.download(keep_sealed=True)
    recipient.assert_complete()
    body = recipient.folder / ".sealed" / "model.safetensors.body"
    assert body.read_bytes() == recipient.portal.release.named("model.safetensors").body


def test_writes_that_are_cut_short_by_the_system_are_gone_on_with(
    recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a full pipe or a signal does: never more than some odd number of bytes at once."""
    whole = os.pwritev

    def short(descriptor: int, pieces: Sequence[memoryview], offset: int) -> int:
        first = next((piece for piece in pieces if piece), memoryview(b""))
        return whole(descriptor, [first[:40_001]], offset)

    monkeypatch.setattr(os, "pwritev", short)
    recipient.download(keep_sealed=True)
    recipient.assert_complete()


def test_a_part_that_does_not_open_is_not_journaled_though_its_sealed_bytes_were_kept(
    recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher's mistake: digests are right, the key is another. Nothing of it counts as in."""
    written: list[int] = []
    write = TargetWriter.write

    def noted(writer: TargetWriter, index: int, pieces: Sequence[memoryview]) -> None:
        written.append(sum(map(len, pieces)))
        write(writer, index, pieces)

    monkeypatch.setattr(TargetWriter, "write", noted)
    portal = recipient.portal
    file_id, file = next(iter(portal.release.files.items()))
    right = portal.release
    portal.releases["v1"] = replace(right, files={file_id: replace(file, key=bytes(16))})
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download(keep_sealed=True, jobs=1)
    assert caught.value.reference == "part-tampered"
    assert written == [PLAIN_PART_SIZE + 256 * 16]  # the sealed bytes of one part, no plaintext
    assert "part " not in (recipient.folder / ".weights" / "journal").read_text()
    portal.releases["v1"] = right
    recipient.download(keep_sealed=True)
    recipient.assert_complete()
