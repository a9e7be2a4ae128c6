"""Level tensors: every byte of every tensor, and what its values are (W1)."""

import math
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.smoke.conftest import DTYPES, MakeRelease
from tests.unit.smoke.releases import (
    FINAL_NORM,
    KEY,
    Raw,
    codes,
    edit_shard,
    manifest_of,
    put,
    seal,
    swap,
    wheres,
)
from weights_vault.sealed.manifest import Manifest, Tensor
from weights_vault.smoke import structure, tensors
from weights_vault.smoke.report import LevelResult
from weights_vault.smoke.source import FolderSource, PartSource


def check(source: PartSource) -> LevelResult:
    _, loadable = structure.check(source)
    assert loadable is not None
    return tensors.check(source, loadable, keep=False)[0]


def damaged(folder: Path, damage: Callable[[], object]) -> LevelResult:
    """The verdict on a folder that was damaged after its manifest was signed."""
    source = FolderSource(folder, manifest_of(folder))
    damage()
    return check(source)


def find(manifest: Manifest, name: str) -> tuple[str, Tensor]:
    return next((f.path, t) for f in manifest.files for t in f.tensors if t.name == name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_untouched_tensors_pass(release: MakeRelease, dtype: str) -> None:
    folder = release(dtype)
    result = check(FolderSource(folder, manifest_of(folder)))
    assert (result.verdict, result.figures["read"]) == ("passed", 68)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [KEY.format(2), FINAL_NORM, "model.decoder.layers.0.fc2.bias"])
def test_one_flipped_bit_names_its_tensor(release: MakeRelease, dtype: str, name: str) -> None:
    """W1: the lowest bit of a value changes no logit that anybody could see."""
    folder = release(dtype)
    path, tensor = find(manifest_of(folder), name)

    def flip() -> None:
        data = bytearray((folder / path).read_bytes())
        data[(tensor.start + tensor.end) // 4 * 2] ^= 1
        (folder / path).write_bytes(data)

    result = damaged(folder, flip)
    assert (codes(result), wheres(result)) == ({"tensor-damaged"}, {name})


@pytest.mark.parametrize("dtype", DTYPES)
def test_two_swapped_layers_name_both(release: MakeRelease, dtype: str) -> None:
    """W1."""
    folder = release(dtype)
    result = damaged(folder, lambda: swap(folder, KEY.format(0), KEY.format(3)))
    assert (codes(result), wheres(result)) == ({"tensor-damaged"}, {KEY.format(0), KEY.format(3)})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_value_that_is_not_finite_fails_also_where_it_was_published(
    release: MakeRelease, dtype: str, value: float
) -> None:
    """W2: with correct digests."""
    folder = release(dtype)
    edit_shard(folder, KEY.format(1), lambda shard: put(shard[KEY.format(1)], [7], value))
    result = check(FolderSource(folder, manifest_of(folder)))
    assert (codes(result), wheres(result)) == ({"tensor-not-finite"}, {KEY.format(1)})


def test_statistic_that_contradicts_the_bytes_fails(release: MakeRelease) -> None:
    folder = release()
    manifest = manifest_of(folder)
    path, tensor = find(manifest, FINAL_NORM)
    wrong = replace(tensor, absmax=(float.fromhex(tensor.absmax) * 2).hex())
    files = tuple(
        replace(file, tensors=tuple(wrong if each is tensor else each for each in file.tensors))
        for file in manifest.files
    )
    result = check(FolderSource(folder, replace(manifest, files=files)))
    assert (codes(result), wheres(result)) == ({"tensor-statistic"}, {FINAL_NORM})
    assert path


def test_empty_digest_is_a_failure(release: MakeRelease) -> None:
    folder = release()
    manifest = manifest_of(folder)
    files = tuple(
        replace(file, tensors=tuple(replace(each, blake3="") for each in file.tensors))
        for file in manifest.files
    )
    result = check(FolderSource(folder, replace(manifest, files=files)))
    assert result.figures["problems"] == 68
    assert len(result.problems) == 50


@pytest.mark.parametrize(("flipped", "expected"), [(False, "passed"), (True, "failed")])
def test_head_stored_beside_the_embeddings_must_equal_them(
    release: MakeRelease, flipped: bool, expected: str
) -> None:
    folder = release()
    head, embeddings = "lm_head.weight", "model.decoder.embed_tokens.weight"

    def add(shard: dict[str, Raw]) -> None:
        data = bytearray(shard[embeddings].data)
        data[0] ^= flipped
        shard[head] = Raw("F16", shard[embeddings].shape, data)

    path = edit_shard(folder, embeddings, add)
    (folder / "model.safetensors.index.json").unlink()
    for other in folder.glob("model-*.safetensors"):
        if other != path:
            edit_merge(other, path)
    result = check(FolderSource(folder, manifest_of(folder)))
    assert (result.verdict, codes(result)) == (expected, {"tied-tensors-differ"} if flipped else set())


def edit_merge(source: Path, target: Path) -> None:
    """Move all tensors of one shard into another."""
    from safetensors import deserialize

    from tests.unit.smoke.releases import write_safetensors

    both = {
        name: Raw(each["dtype"], list(each["shape"]), bytearray(each["data"]))
        for path in (target, source)
        for name, each in deserialize(path.read_bytes())
    }
    source.unlink()
    write_safetensors(target, both)


def test_damaged_sealed_part_names_the_tensors_in_it(release: MakeRelease, tmp_path: Path) -> None:
    sealed = seal(release(), tmp_path / "store")
    source = sealed.source()
    _, loadable = structure.check(source)
    assert loadable is not None
    path, _ = find(sealed.manifest, "model.decoder.layers.0.fc1.weight")
    file = sealed.manifest.file(path)
    body = bytearray(sealed.bodies[file.id].read_bytes())
    body[-1] ^= 1
    sealed.bodies[file.id].write_bytes(body)
    result, weights = tensors.check(sealed.source(), loadable, keep=True)
    assert (codes(result), wheres(result)) == ({"digest-mismatch"}, {each.name for each in file.tensors})
    assert weights is None


def test_without_the_next_level_memory_holds_one_tensor(release: MakeRelease) -> None:
    folder = release("float32")
    source = FolderSource(folder, manifest_of(folder))
    _, loadable = structure.check(source)
    assert loadable is not None
    sizes = [each.signed.end - each.signed.start for each in loadable.tensors.values()]
    tracemalloc.start()
    try:
        tensors.check(source, loadable, keep=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(sizes) <= peak < 1.2 * max(sizes)


def test_with_the_next_level_memory_holds_the_weights_once(release: MakeRelease) -> None:
    folder = release("float32")
    source = FolderSource(folder, manifest_of(folder))
    _, loadable = structure.check(source)
    assert loadable is not None
    total = sum(each.signed.end - each.signed.start for each in loadable.tensors.values())
    tracemalloc.start()
    try:
        _, weights = tensors.check(source, loadable, keep=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert weights is not None
    assert total <= peak < 1.3 * total


def test_values_far_from_those_of_the_other_layers_are_pointed_out(release: MakeRelease) -> None:
    """W1: the 18 values of OPT-175B's first release, where even the publisher's digests were right."""
    folder = release()
    places = list(range(18))
    edit_shard(folder, KEY.format(2), lambda shard: put(shard[KEY.format(2)], places, 52_256.0))
    result = check(FolderSource(folder, manifest_of(folder)))
    found = result.figures["outliers"]
    assert isinstance(found, list)
    assert [each["tensor"] for each in found] == [KEY.format(2)]
    assert (result.figures["absmax"], result.figures["absmax_tensor"]) == (52_256.0, KEY.format(2))


def test_outliers_need_peers_and_distance() -> None:
    usual = {f"h.{layer}.w": 1.0 for layer in range(4)}
    assert tensors.outliers({**usual, "h.4.w": 100.0}) == []
    assert tensors.outliers({"h.0.w": 1.0, "h.1.w": 1e9, "wte": 1e9}) == []
    assert tensors.outliers({**usual, "h.4.w": 101.0}) == [
        {"tensor": "h.4.w", "absmax": 101.0, "times_usual": 101.0}
    ]
