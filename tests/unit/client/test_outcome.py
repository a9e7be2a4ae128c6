"""What is said and answered at the end of a download."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.unit.client.test_retired import entry, manifest
from weights_vault.client.transfer.outcome import document_of, lines_of
from weights_vault.client.transfer.wishes import Summary
from weights_vault.client.trust import TrustedManifest

RELEASE = manifest(entry("config.json"))
DONE = Summary(
    folder=Path("/place"), files=1, size=12, fetched=28, again=0, damaged=0, seconds=1.0, complete=True
)


def test_a_part_of_a_release_is_not_called_complete() -> None:
    trusted = TrustedManifest(RELEASE, b"", "0" * 64, b"", ())
    part = replace(DONE, complete=False)
    assert [document_of(trusted, "grt", each)["complete"] for each in (DONE, part)] == [True, False]


def test_waits_are_told_with_their_reasons_and_only_where_there_were_some() -> None:
    waited = replace(DONE, waited_s=12.0, retries={"the store answered 503": 3})
    assert any("waited 12" in line and "503 (3×)" in line for line in lines_of(RELEASE, waited))
    assert not any("waited" in line for line in lines_of(RELEASE, DONE))
