"""A folder whose state.json is damaged or lost goes on: nothing that was checked is fetched again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client.conftest import Weights
from tests.integration.client.recipient import Recipient
from tests.simulators import faults
from tests.simulators.portal import SimulatedPortal
from tests.simulators.sealed_release import MIB, SealedFile, random_files, seal_files, small_files
from weights_vault.client.errors import Incomplete, WrongUsage


@pytest.fixture(scope="module")
def sealed() -> list[SealedFile]:
    return seal_files({**small_files(), **random_files(large=33 * MIB)})


@pytest.fixture
def portal(sealed: list[SealedFile]) -> Iterator[SimulatedPortal]:
    with SimulatedPortal(sealed) as simulated:
        yield simulated


@pytest.fixture
def recipient(portal: SimulatedPortal, tmp_path: Path) -> Recipient:
    return Recipient(portal, tmp_path)


def state_in(folder: Path) -> Path:
    return folder / ".weights" / "state.json"


def changed(**fields: Any) -> Callable[[Path], object]:
    """One field of it has another value."""
    return lambda path: path.write_text(json.dumps({**json.loads(path.read_bytes()), **fields}))


DAMAGES = [
    pytest.param(lambda path: path.write_bytes(path.read_bytes()[:40]), id="truncated"),
    pytest.param(lambda path: path.write_bytes(b""), id="empty"),
    pytest.param(lambda path: path.write_bytes(bytes(400)), id="zeros"),
    pytest.param(lambda path: path.write_text("[" * 100_000), id="nested"),
    pytest.param(lambda path: path.write_text("[1]"), id="not-an-object"),
    pytest.param(lambda path: path.write_text("{}"), id="no-fields"),
    pytest.param(changed(revision=None), id="a-word-is-none"),
    pytest.param(changed(include="*.json"), id="include-is-a-word"),
    pytest.param(changed(include=[1]), id="include-holds-a-number"),
    pytest.param(changed(complete="yes"), id="complete-is-a-word"),
    pytest.param(lambda path: path.unlink(), id="lost"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_complete_folder_is_known_again_and_nothing_is_fetched(
    recipient: Recipient, damage: Callable[[Path], object]
) -> None:
    recipient.download()
    before = json.loads(state_in(recipient.folder).read_bytes())
    recipient.portal.sent.clear()
    damage(state_in(recipient.folder))
    recipient.download()
    recipient.assert_complete()
    assert recipient.portal.sent == []
    after = json.loads(state_in(recipient.folder).read_bytes())
    assert {**after, "trusted_at": ""} == {**before, "trusted_at": ""}


def test_an_unfinished_folder_goes_on_with_the_parts_that_are_in(recipient: Recipient) -> None:
    recipient.portal.faults.extend([faults.served] * 2)
    recipient.portal.every_fault = faults.cut_short(0)
    with pytest.raises(Incomplete):
        recipient.download(include=("large*",), jobs=1)
    recipient.portal.every_fault = None
    recipient.portal.sent.clear()
    state_in(recipient.folder).write_text("{")
    recipient.download(include=("large*",))
    assert len(recipient.portal.sent) == 1
    assert recipient.final_names == ["large.safetensors"]


def test_with_both_documents_damaged_the_journal_of_the_same_manifest_is_enough(recipient: Recipient) -> None:
    recipient.download(include=("*.json",))
    held = recipient.final_names
    recipient.portal.sent.clear()
    state_in(recipient.folder).write_text("{")
    (recipient.folder / ".weights" / "manifest.dsse.json").write_text("{")
    recipient.download(include=("*.json",))
    assert (recipient.final_names, recipient.portal.sent) == (held, [])


def test_where_nothing_tells_what_it_holds_the_repair_is_named_and_nothing_is_touched(
    recipient: Recipient,
) -> None:
    recipient.download(include=("*.json",))
    held = recipient.final_names
    for name in ("state.json", "manifest.dsse.json", "journal"):
        (recipient.folder / ".weights" / name).write_text("{")
    with pytest.raises(WrongUsage) as caught:
        recipient.download()
    assert caught.value.reference == "folder-damaged"
    assert f"--to {recipient.folder}" in caught.value.next_step
    assert recipient.final_names == held


def test_another_release_is_refused_though_the_state_is_damaged(recipient: Recipient) -> None:
    recipient.download(include=("*.json",))
    state_in(recipient.folder).write_text("{")
    manifest = recipient.folder / ".weights" / "manifest.dsse.json"
    with SimulatedPortal() as other:
        manifest.write_bytes(other.manifests["v1"])
        with pytest.raises(WrongUsage) as caught:
            recipient.download()
    assert caught.value.reference == "folder-holds-another"


def test_verify_says_what_it_made_up_for_and_the_command_that_mends_it(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    place = tmp_path / "release"
    weights("keys", "create", "--kind", "x25519")
    assert weights("download", "opt-tiny", "--to", str(place)).code == 0
    state_in(place).write_text("{")
    portal.asked.clear()
    done = weights("verify", str(place))
    assert (done.code, "all as published" in done.out) == (0, True)
    assert "warning[folder-notes-rebuilt]" in done.err
    assert f"`weights download opt-tiny@v1 --to {place}` writes it anew." in done.err
    assert (state_in(place).read_text(), portal.asked) == ("{", [])
    again = weights("download", "opt-tiny@v1", "--to", str(place), "--json")
    assert [each["reference"] for each in again.json["warnings"]] == ["folder-notes-rebuilt"]
    assert "warning" not in weights("verify", str(place)).err


def test_a_planted_manifest_beside_a_damaged_state_is_refused_by_verify(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    place = tmp_path / "release"
    weights("keys", "create", "--kind", "x25519")
    assert weights("download", "opt-tiny", "--to", str(place)).code == 0
    state_in(place).write_text("{")
    manifest = place / ".weights" / "manifest.dsse.json"
    envelope = json.loads(manifest.read_bytes())
    signature = envelope["signatures"][0]
    signature["sig"] = ("B" if signature["sig"][0] == "A" else "A") + signature["sig"][1:]
    manifest.write_text(json.dumps(envelope))
    done = weights("verify", str(place))
    assert (done.code, "signature-invalid" in done.err) == (5, True)
