"""smoke-test: a downloaded release, its verdict, its report; and a machine that cannot test."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from portal.demo.small_opt import make_opt
from tests.integration.client.conftest import Weights
from tests.simulators.portal import SimulatedPortal
from tests.simulators.sealed_release import SealedFile, seal_files
from tests.unit.smoke.releases import TINY, manifest_of


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> list[SealedFile]:
    """A tiny OPT with the publisher's reference, sealed."""
    from weights_vault.smoke.record import record

    folder = tmp_path_factory.mktemp("opt") / "release"
    make_opt(folder, dtype="float16", **TINY)
    record(folder, device="cpu")
    described = manifest_of(folder)
    files = seal_files({file.path: (folder / file.path).read_bytes() for file in described.files})
    return [
        replace(file, entry=replace(file.entry, kind=known.kind, tensors=known.tensors))
        for file, known in zip(files, described.files, strict=True)
    ]


@pytest.fixture
def portal(sealed: list[SealedFile]) -> Iterator[SimulatedPortal]:
    with SimulatedPortal(sealed) as simulated:
        yield simulated


@pytest.fixture
def folder(weights: Weights, tmp_path: Path) -> Path:
    place = tmp_path / "release"
    weights("keys", "create", "--kind", "x25519")
    assert weights("download", "opt-tiny", "--to", str(place)).code == 0
    return place


def test_untouched_weights_pass_every_level_and_the_report_is_written(
    weights: Weights, folder: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    done = weights("smoke-test", str(folder), "--device", "cpu", "--report", str(report))
    assert done.code == 0
    assert [line.split()[:2] for line in done.out.splitlines()[1:4]] == [
        ["PASS", "structure"], ["PASS", "tensors"], ["PASS", "logits"],
    ]  # fmt: skip
    assert done.out.splitlines()[-1].startswith("PASS: opt-tiny@v1")
    assert json.loads(report.read_text())["verdict"] == "passed"


def test_the_name_of_a_release_finds_its_last_complete_download(weights: Weights, folder: Path) -> None:
    done = weights("smoke-test", "opt-tiny", "--level", "structure", "--json")
    assert (done.code, done.json["verdict"]) == (0, "passed")


def test_a_flipped_bit_is_8_and_names_what_is_wrong(weights: Weights, folder: Path) -> None:
    shard = sorted(folder.glob("*.safetensors"))[0]
    damaged = bytearray(shard.read_bytes())
    damaged[-3] ^= 1
    shard.write_bytes(damaged)
    done = weights("smoke-test", str(folder), "--level", "tensors", "--json")
    assert done.code == 8
    assert (done.json["verdict"], done.json["error"]["reference"]) == ("failed", "smoke-test-failed")
    plain = weights("smoke-test", str(folder), "--level", "tensors")
    assert plain.code == 8
    assert "FAILED" in plain.out


def test_without_torch_the_next_step_is_to_install_it(
    weights: Weights, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    done = weights("smoke-test", str(folder))
    assert (done.code, "torch-missing" in done.err) == (2, True)
    assert "From a checkout of the Weights Portal repository: pip install '.[smoke]'" in done.err


def test_a_device_that_is_not_there_is_7(weights: Weights, folder: Path) -> None:
    done = weights("smoke-test", str(folder), "--device", "cuda:77")
    assert (done.code, "device-unavailable" in done.err) == (7, True)


def test_a_release_that_was_never_downloaded_is_2(weights: Weights) -> None:
    done = weights("smoke-test", "opt-66b")
    assert (done.code, "weights download opt-66b" in done.err) == (2, True)


def test_a_report_that_cannot_be_written_is_7(weights: Weights, folder: Path, tmp_path: Path) -> None:
    done = weights(
        "smoke-test", str(folder), "--level", "structure", "--report", str(tmp_path / "no" / "r.json")
    )
    assert done.code == 7
