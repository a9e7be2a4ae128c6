"""D2–D7: a store that misbehaves never gets a wrong byte kept, and never stops what can go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.client.recipient import QUICK, Recipient
from tests.simulators import faults
from tests.simulators.faults import Fault
from tests.simulators.portal import Answer, SimulatedPortal
from tests.simulators.sealed_release import MIB, SealedFile, random_files, seal_files
from weights_vault.client.errors import Incomplete, IntegrityFailure, NotAllowed, NotSignedIn, PortalFault


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


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.cut_short(100_000), id="D3-body-cut-short"),
        pytest.param(faults.declared(5), id="D3-length-too-long"),
        pytest.param(faults.declared(-5), id="D3-length-too-short"),
        pytest.param(faults.endless, id="D3-body-never-ends"),
        pytest.param(faults.other_range, id="D4-another-range"),
        pytest.param(faults.other_size, id="D4-another-size"),
        pytest.param(faults.lying_range, id="D4-range-that-lies"),
        pytest.param(faults.whole, id="D4-200-to-a-range"),
        pytest.param(faults.zipped, id="D4-gzip"),
        pytest.param(faults.refused(416), id="D4-416"),
        pytest.param(faults.refused(302, location="http://127.0.0.1:1/"), id="D4-redirect"),
        pytest.param(faults.flipped, id="D5-bit-flipped-once"),
        pytest.param(faults.refused(429, retry_after="0"), id="D6-429"),
        pytest.param(faults.refused(503, retry_after="garbage"), id="D6-503-garbage"),
        pytest.param(faults.refused(500), id="D6-500"),
        pytest.param(faults.reset_after(200_000), id="D7-reset"),
        pytest.param(faults.refused(403), id="D2-403"),
    ],
)
def test_one_fault_is_survived_and_the_result_is_identical(recipient: Recipient, fault: Fault) -> None:
    recipient.portal.faults.append(fault)
    recipient.download()
    recipient.assert_complete()


@pytest.mark.parametrize(
    ("fault", "error", "reference"),
    [
        pytest.param(faults.whole, PortalFault, "store-misbehaves", id="D4-200-to-every-range"),
        pytest.param(faults.other_range, PortalFault, "store-misbehaves", id="D4-another-range-always"),
        pytest.param(faults.refused(416), PortalFault, "store-misbehaves", id="D4-416-always"),
        pytest.param(faults.zipped, PortalFault, "store-misbehaves", id="D4-gzip-always"),
        pytest.param(faults.declared(3), PortalFault, "store-misbehaves", id="D3-length-wrong-always"),
        pytest.param(faults.lying_range, IntegrityFailure, "part-digest-mismatch", id="D5-object-replaced"),
        pytest.param(faults.refused(403), PortalFault, "url-refused", id="D2-fresh-urls-refused"),
        pytest.param(faults.refused(404), PortalFault, "object-missing", id="object-gone"),
        pytest.param(faults.cut_short(10), Incomplete, "connection-lost", id="D7-no-progress"),
        pytest.param(faults.refused(503, retry_after="0"), Incomplete, "connection-lost", id="D6-503-always"),
    ],
)
def test_a_fault_that_stays_ends_with_its_reason_and_nothing_under_a_final_name(
    recipient: Recipient, fault: Fault, error: type[Exception], reference: str
) -> None:
    recipient.portal.every_fault = fault
    with pytest.raises(error) as caught:
        recipient.download()
    assert getattr(caught.value, "reference", None) == reference
    assert recipient.final_names == []


def test_d7_a_reset_every_megabyte_finishes_as_long_as_there_is_progress(recipient: Recipient) -> None:
    recipient.portal.every_fault = faults.reset_after(MIB)
    summary = recipient.download()
    recipient.assert_complete()
    assert summary.again == 0


@pytest.mark.parametrize(
    "fault", [faults.stalled_after(200_000), faults.dripping], ids=["silent", "dripping"]
)
def test_d7_a_stalled_connection_is_dropped_and_made_anew(recipient: Recipient, fault: Fault) -> None:
    recipient.portal.faults.append(fault)
    recipient.download(limits=replace(QUICK, stall_s=0.5, tries=30))
    recipient.assert_complete()


def test_a_kept_connection_that_the_store_dropped_is_made_anew_at_once(recipient: Recipient) -> None:
    def no_wait(failures: int) -> float:
        raise AssertionError("nothing failed, so nothing is to wait for")

    recipient.portal.every_fault = faults.served_and_hung_up
    recipient.download(limits=replace(QUICK, backoff=no_wait), jobs=1)
    recipient.assert_complete()


def test_d7_a_line_that_only_drips_ends_as_incomplete(recipient: Recipient) -> None:
    recipient.portal.every_fault = faults.dripping
    with pytest.raises(Incomplete):
        recipient.download(limits=replace(QUICK, stall_s=0.2, tries=2), jobs=1)
    assert recipient.final_names == []


def test_d5_an_object_replaced_in_the_middle_is_refused_with_the_reason(recipient: Recipient) -> None:
    recipient.portal.faults.append(faults.served)
    recipient.portal.every_fault = faults.replaced
    with pytest.raises(IntegrityFailure, match="not what was published"):
        recipient.download(jobs=1)
    assert recipient.final_names == []


def test_d5_the_reason_names_a_changed_etag(recipient: Recipient) -> None:
    recipient.portal.faults.extend([faults.flipped, faults.replaced, faults.replaced])
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download(jobs=1)
    assert "replaced" in caught.value.why


def test_d2_urls_that_end_between_parts_are_renewed_silently(recipient: Recipient) -> None:
    recipient.portal.url_lifetime_s = 0.05
    recipient.portal.bytes_per_s = 200 * MIB
    recipient.download(jobs=1)
    recipient.assert_complete()


def test_d2_a_url_refused_in_the_middle_of_a_part_goes_on_where_it_stopped(recipient: Recipient) -> None:
    recipient.portal.faults.extend([faults.cut_short(5 * MIB), faults.refused(403)])
    recipient.download(jobs=1)
    recipient.assert_complete()
    sent = sum(sent.count for sent in recipient.portal.sent)
    assert sent == recipient.portal.release.manifest.files[0].body_size - 16


def test_d2_a_token_that_ends_is_said_and_what_is_in_is_kept(recipient: Recipient) -> None:
    portal = recipient.portal

    def end_token(delivery: faults.Delivery) -> None:
        faults.served(delivery)
        portal.token_alive = False
        portal.urls.clear()

    portal.faults.append(end_token)
    with pytest.raises(NotSignedIn):
        recipient.download(jobs=1)
    portal.token_alive = True
    before = len(portal.sent)
    recipient.download(jobs=1)
    recipient.assert_complete()
    assert len(portal.sent) - before == 1  # one of the two parts was in


def test_a_grant_revoked_in_the_middle_stops_with_its_code(recipient: Recipient) -> None:
    portal = recipient.portal

    def revoke(delivery: faults.Delivery) -> None:
        faults.served(delivery)
        portal.urls.clear()
        portal.access = {
            "allowed": False,
            "code": "grant_revoked",
            "message": "Revoked.",
            "next_step": "Ask.",
        }

    portal.faults.append(revoke)
    with pytest.raises(NotAllowed) as caught:
        recipient.download(jobs=1)
    assert (caught.value.code, caught.value.reference) == ("grant_revoked", "grant-revoked")
    assert recipient.final_names == []


def test_d6_the_api_answers_429_and_503_then_works(recipient: Recipient) -> None:
    waits = [Answer(429, headers={"Retry-After": "1"}), Answer(503, headers={"Retry-After": "1000000000"})]
    recipient.portal.answer("/trust", *waits)
    recipient.download()
    recipient.assert_complete()


def test_header_of_another_file_is_refused(recipient: Recipient) -> None:
    """G3: a header whose label or key does not fit opens nothing."""
    portal = recipient.portal
    file_id = portal.release.manifest.files[0].id
    portal.releases["v1"] = replace(
        portal.release, manifest=replace(portal.release.manifest, revision_id="rev_other")
    )
    with pytest.raises(IntegrityFailure) as caught:
        recipient.download()
    assert caught.value.reference == "header-mislabeled"
    assert file_id not in {sent.file for sent in portal.sent}
