"""The recorded reference: making it, and not believing it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.smoke.conftest import MakeRelease
from tests.unit.smoke.releases import FINAL_NORM, codes, edit_json, edit_shard, level, manifest_of, put
from weights_vault.smoke import structure
from weights_vault.smoke.errors import FileDamaged, FileMissing, FileSizeWrong, ReferenceMalformed
from weights_vault.smoke.record import record
from weights_vault.smoke.reference import (
    DOCUMENT_PATH,
    LOGITS_PATH,
    RELATIVE_RMS,
    Reference,
    choose_tokens,
    read_reference,
    write_reference,
)
from weights_vault.smoke.source import FolderSource
from weights_vault.smoke.structure import Loadable


def loadable_of(folder: Path) -> tuple[FolderSource, Loadable]:
    source = FolderSource(folder, manifest_of(folder))
    _, loadable = structure.check(source)
    assert loadable is not None
    return source, loadable


def read(folder: Path) -> Reference:
    source, loadable = loadable_of(folder)
    return read_reference(source, loadable.blueprint)


def test_what_was_recorded_is_read(release: MakeRelease) -> None:
    found = read(release())
    assert (len(found.tokens), len(found.tokens[0])) == (2, 32)
    assert (found.logits.shape, found.logits.dtype) == ((2, 32, 264), np.float32)
    assert found.relative_rms == RELATIVE_RMS
    assert (found.made_with["device"], found.made_with["dtype"]) == ("cpu", "float32")


def test_recording_twice_gives_the_same_bytes(release: MakeRelease) -> None:
    folder = release()
    before = (folder / LOGITS_PATH).read_bytes(), (folder / DOCUMENT_PATH).read_bytes()
    assert record(folder, device="cpu").verdict == "passed"
    assert ((folder / LOGITS_PATH).read_bytes(), (folder / DOCUMENT_PATH).read_bytes()) == before
    assert sorted(path.name for path in (folder / "smoke").iterdir()) == [
        "reference.json",
        "reference.safetensors",
    ]


def test_tokens_are_fixed_and_within_the_vocabulary() -> None:
    tokens = choose_tokens(50_272, 2_048)
    assert tokens == choose_tokens(50_272, 2_048)
    assert tokens[0][:3] == [27439, 38009, 17059]
    assert all(0 <= each < 7 for row in choose_tokens(7, 5) for each in row)
    assert [len(row) for row in choose_tokens(7, 5)] == [5, 5]


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"architecture": "GPT2LMHeadModel"},
        {"tokens": []},
        {"tokens": [[]]},
        {"tokens": [[1, 2], [3]]},
        {"tokens": [[264]]},
        {"tokens": [[-1]]},
        {"tokens": [[True]]},
        {"tokens": [[1.0]]},
        {"tokens": [[1] * 2_049]},
        {"tokens": [[1] * 32] * 200},
        {"tokens": [[1] * 16, [1] * 16]},
        {"tolerance": None},
        {"tolerance": {"relative_rms": 0}},
        {"tolerance": {"relative_rms": "1"}},
    ],
    ids=lambda change: str(change)[:40],
)
def test_malformed_reference_is_refused(release: MakeRelease, change: dict[str, Any]) -> None:
    folder = release()
    edit_json(folder / DOCUMENT_PATH, lambda document: document.update(change))
    with pytest.raises(ReferenceMalformed):
        read(folder)


def test_publisher_cannot_widen_the_tolerance(release: MakeRelease) -> None:
    folder = release()
    edit_json(folder / DOCUMENT_PATH, lambda document: document.update(tolerance={"relative_rms": 1e9}))
    assert read(folder).relative_rms == RELATIVE_RMS


def test_publisher_can_narrow_the_tolerance(release: MakeRelease) -> None:
    folder = release()
    edit_json(folder / DOCUMENT_PATH, lambda document: document.update(tolerance={"relative_rms": 1e-6}))
    assert read(folder).relative_rms == 1e-6


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_reference_that_is_not_finite_is_refused(release: MakeRelease, value: float) -> None:
    folder = release()
    found = read(folder)
    logits = found.logits.copy()
    logits[0, 0, 0] = value
    write_reference(folder, replace(found, logits=logits))
    with pytest.raises(ReferenceMalformed, match="finite"):
        read(folder)


def test_logits_of_another_size_are_refused(release: MakeRelease) -> None:
    folder = release()
    found = read(folder)
    write_reference(folder, replace(found, logits=found.logits[:, :, :100].copy()))
    with pytest.raises(ReferenceMalformed, match="shape"):
        read(folder)


def test_file_larger_than_its_logits_is_not_read(release: MakeRelease) -> None:
    folder = release()
    with (folder / LOGITS_PATH).open("r+b") as file:
        source, loadable = loadable_of(folder)
        file.truncate(2**33)
    files = tuple(replace(f, size=2**33) if f.path == LOGITS_PATH else f for f in source.manifest.files)
    with pytest.raises(FileSizeWrong, match="at most"):
        read_reference(FolderSource(folder, replace(source.manifest, files=files)), loadable.blueprint)


def test_changed_reference_is_damage(release: MakeRelease) -> None:
    folder = release()
    source, loadable = loadable_of(folder)
    data = bytearray((folder / LOGITS_PATH).read_bytes())
    data[-1] ^= 1
    (folder / LOGITS_PATH).write_bytes(data)
    with pytest.raises(FileDamaged):
        read_reference(source, loadable.blueprint)


def test_recording_of_weights_that_are_not_finite_writes_nothing(release: MakeRelease) -> None:
    folder = release()
    before = (folder / LOGITS_PATH).read_bytes()
    edit_shard(folder, FINAL_NORM, lambda shard: put(shard[FINAL_NORM], [0], np.nan))
    report = record(folder, device="cpu")
    assert (report.verdict, codes(level(report, "tensors"))) == ("failed", {"tensor-not-finite"})
    assert level(report, "logits").verdict == "skipped"
    assert (folder / LOGITS_PATH).read_bytes() == before


def test_recording_of_weights_that_overflow_writes_nothing(release: MakeRelease) -> None:
    """Every value is finite, and what they compute is not."""
    folder = release("float32")
    before = (folder / LOGITS_PATH).read_bytes()
    edit_shard(folder, FINAL_NORM, lambda shard: put(shard[FINAL_NORM], list(range(32)), 3e38))
    report = record(folder, device="cpu")
    assert codes(level(report, "logits")) == {"logits-not-finite"}
    assert (folder / LOGITS_PATH).read_bytes() == before


def test_recording_of_a_structure_that_does_not_fit_writes_nothing(release: MakeRelease) -> None:
    folder = release()
    before = (folder / DOCUMENT_PATH).read_bytes()
    edit_json(folder / "config.json", lambda config: config.update(num_hidden_layers=5))
    report = record(folder, device="cpu")
    assert [each.verdict for each in report.levels] == ["failed", "skipped", "skipped"]
    assert (folder / DOCUMENT_PATH).read_bytes() == before


def test_recording_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        record(tmp_path, device="cpu")
    with pytest.raises(FileMissing):
        record(tmp_path / "nowhere", device="cpu")


def test_recording_what_is_not_safetensors_is_damage(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"<html>Sign in</html>")
    with pytest.raises(FileDamaged):
        record(tmp_path, device="cpu")


def test_document_says_what_made_it(release: MakeRelease) -> None:
    document = json.loads((release() / DOCUMENT_PATH).read_text())
    assert set(document) == {"version", "architecture", "tokens", "logits", "tolerance", "made_with"}
    assert document["logits"]["shape"] == [2, 32, 264]
