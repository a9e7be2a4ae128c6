from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.simulators.sealed_release import make_release, seal_files, with_files
from weights_vault.client.errors import IntegrityFailure, WrongUsage
from weights_vault.client.transfer.plan import Plan, check_names, choose_files, missing_bytes
from weights_vault.sealed.body import PLAIN_PART_SIZE
from weights_vault.sealed.manifest import Manifest, ManifestFile, PartDigests


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    files = {"config.json": b"{}", "tokenizer/vocab.json": b"{}", "model.safetensors": b"x"}
    return make_release(seal_files(files), portal="https://p").manifest


def large(parts: int) -> ManifestFile:
    digests = PartDigests("0" * 64, "0" * 64)
    return ManifestFile(
        id="fil_large",
        path="large",
        kind="weights",
        size=PLAIN_PART_SIZE * parts,
        sha256="0" * 64,
        body_size=0,
        nonce="0" * 32,
        body_format="age-v1-stream",
        parts=(digests,) * parts,
    )


@pytest.mark.parametrize(
    ("include", "paths"),
    [
        ((), ["config.json", "tokenizer/vocab.json", "model.safetensors"]),
        (("*.json",), ["config.json", "tokenizer/vocab.json"]),
        (("tokenizer/*", "model*"), ["tokenizer/vocab.json", "model.safetensors"]),
    ],
)
def test_files_are_chosen_by_glob(manifest: Manifest, include: tuple[str, ...], paths: list[str]) -> None:
    assert [file.path for file in choose_files(manifest, include)] == paths


def test_a_glob_that_matches_nothing_is_wrong_usage(manifest: Manifest) -> None:
    with pytest.raises(WrongUsage):
        choose_files(manifest, ("*.bin",))


@pytest.mark.parametrize(
    "change",
    [
        {"path": "TOKENIZER/vocab.json"},
        {"path": "tokenizer"},
        {"path": ".weights/journal"},
        {"path": ".Sealed/x"},
        {"id": ".."},
        {"id": "x.body"},
        {"id": "fil_v11"},
    ],
    ids=lambda change: next(iter(change.values())),
)
def test_d12_names_that_cannot_stand_side_by_side_are_refused(
    manifest: Manifest, change: dict[str, str]
) -> None:
    first, *rest = manifest.files
    with pytest.raises(IntegrityFailure):
        check_names(with_files(manifest, replace(first, **change), *rest))


def test_names_of_a_sound_manifest_pass(manifest: Manifest) -> None:
    assert check_names(manifest) is None


def test_each_part_is_taken_once_by_whoever_asks() -> None:
    plan = Plan([(large(50), range(50))])
    taken: list[int] = []

    def take() -> None:
        while (task := plan.take()) is not None:
            taken.append(task.place.index)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(50))
    assert len(plan) == 0


def test_only_missing_parts_are_planned_and_counted() -> None:
    file = large(4)
    assert len(Plan([(file, {1, 3})])) == 2
    assert missing_bytes([(file, {1, 3})]) == 2 * PLAIN_PART_SIZE
