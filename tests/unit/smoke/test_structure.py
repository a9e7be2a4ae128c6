"""Level structure: what is there, and what the architecture expects (W1)."""

import json
from pathlib import Path

import pytest

from portal.demo.small_opt import make_opt
from tests.unit.smoke.conftest import DTYPES, MakeRelease
from tests.unit.smoke.releases import (
    FINAL_NORM,
    TINY,
    Raw,
    codes,
    edit_json,
    edit_shard,
    manifest_of,
    wheres,
)
from weights_vault.smoke import structure
from weights_vault.smoke.report import LevelResult
from weights_vault.smoke.source import FolderSource
from weights_vault.smoke.structure import Loadable

FC1 = "model.decoder.layers.1.fc1.weight"
INDEX = "model.safetensors.index.json"


def check(folder: Path) -> tuple[LevelResult, Loadable | None]:
    """Judge the folder by what a publisher would sign for it as it is."""
    return structure.check(FolderSource(folder, manifest_of(folder)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_untouched_release_passes(release: MakeRelease, dtype: str) -> None:
    result, loadable = check(release(dtype))
    assert (result.verdict, loadable is not None) == ("passed", True)
    assert result.figures["architecture"] == "OPTForCausalLM"
    assert result.figures["shards"] == 3


def test_missing_shard_is_named_and_nothing_is_loadable(release: MakeRelease) -> None:
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    (folder / "model-00002-of-00003.safetensors").unlink()
    result, loadable = structure.check(source)
    assert (codes(result), wheres(result)) == ({"file-missing"}, {"model-00002-of-00003.safetensors"})
    assert loadable is None


def test_truncated_shard_is_named(release: MakeRelease) -> None:
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    shard = folder / "model-00001-of-00003.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    result, loadable = structure.check(source)
    assert (codes(result), wheres(result)) == ({"file-size-wrong"}, {shard.name})
    assert loadable is None


def test_missing_document_fails_and_leaves_the_weights_loadable(release: MakeRelease) -> None:
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    (folder / "LOGBOOK.md").unlink()
    result, loadable = structure.check(source)
    assert (result.verdict, wheres(result)) == ("failed", {"LOGBOOK.md"})
    assert loadable is not None


@pytest.mark.parametrize(
    "path", ["MODEL_CARD.md", "tokenizer.json", "config.json", INDEX, "smoke/reference.json"]
)
def test_changed_byte_of_a_document_is_named(release: MakeRelease, path: str) -> None:
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    data = bytearray((folder / path).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / path).write_bytes(data)
    result, _ = structure.check(source)
    assert (codes(result), wheres(result)) == ({"file-damaged"}, {path})


def test_manifest_without_weights_fails(release: MakeRelease) -> None:
    folder = release()
    for shard in folder.glob("*.safetensors"):
        shard.unlink()
    (folder / INDEX).unlink()
    result, loadable = check(folder)
    assert (codes(result), loadable) == ({"file-missing"}, None)


def test_missing_final_layer_norm_is_named(release: MakeRelease) -> None:
    """W1: transformers once ran without it for a month."""
    folder = release()
    edit_shard(folder, FINAL_NORM, lambda tensors: tensors.pop(FINAL_NORM))
    edit_json(folder / INDEX, lambda index: index["weight_map"].pop(FINAL_NORM))
    result, loadable = check(folder)
    assert (codes(result), wheres(result)) == ({"tensor-missing"}, {FINAL_NORM})
    assert loadable is None


def test_config_that_drops_the_final_layer_norm_leaves_tensors_over(release: MakeRelease) -> None:
    folder = release()
    edit_json(folder / "config.json", lambda config: config.update(_remove_final_layer_norm=True))
    result, _ = check(folder)
    assert codes(result) == {"tensor-unexpected"}
    assert FINAL_NORM in wheres(result)


def test_transposed_matrix_has_another_shape(release: MakeRelease) -> None:
    """W1: a transposed matrix that is not square."""

    def transpose(tensors: dict[str, Raw]) -> None:
        matrix = tensors[FC1]
        matrix.data = bytearray(matrix.words().reshape(matrix.shape).T.tobytes())
        matrix.shape.reverse()

    folder = release()
    edit_shard(folder, FC1, transpose)
    result, loadable = check(folder)
    assert (codes(result), wheres(result)) == ({"tensor-shape"}, {FC1})
    assert loadable is None


def test_shard_of_another_size_is_caught(release: MakeRelease, tmp_path: Path) -> None:
    """W1: a shard of a wider model under the right name."""
    folder, other = release(), tmp_path / "wider"
    make_opt(other, **{**TINY, "hidden": 48})
    shard = "model-00002-of-00003.safetensors"
    (folder / shard).write_bytes((other / shard).read_bytes())
    result, _ = check(folder)
    assert "tensor-shape" in codes(result)


def test_tensor_that_the_architecture_does_not_know_is_named(release: MakeRelease) -> None:
    folder = release()
    extra = "model.decoder.layers.9.fc1.bias"
    edit_shard(folder, FC1, lambda tensors: tensors.update({extra: Raw("F16", [2], bytearray(4))}))
    edit_json(folder / INDEX, lambda index: index["weight_map"].update({extra: index["weight_map"][FC1]}))
    result, _ = check(folder)
    assert (codes(result), wheres(result)) == ({"tensor-unexpected"}, {extra})


def test_weights_in_integers_are_refused(release: MakeRelease) -> None:
    folder = release("float32")
    edit_shard(folder, FC1, lambda tensors: setattr(tensors[FC1], "dtype", "I32"))
    result, _ = check(folder)
    assert (codes(result), wheres(result)) == ({"tensor-dtype"}, {FC1})


def test_index_that_names_an_absent_shard_fails(release: MakeRelease) -> None:
    folder = release()
    edit_json(folder / INDEX, lambda index: index["weight_map"].update({FC1: "model-00004.safetensors"}))
    result, _ = check(folder)
    assert codes(result) == {"file-missing", "tensor-misplaced"}


def test_index_without_a_stored_tensor_fails(release: MakeRelease) -> None:
    folder = release()
    edit_json(folder / INDEX, lambda index: index["weight_map"].pop(FC1))
    result, _ = check(folder)
    assert (codes(result), wheres(result)) == ({"tensor-unexpected"}, {FC1})


def test_index_with_a_tensor_that_no_shard_has_fails(release: MakeRelease) -> None:
    folder = release()
    edit_json(
        folder / INDEX,
        lambda index: index["weight_map"].update(ghost="model-00001-of-00003.safetensors"),
    )
    result, _ = check(folder)
    assert (codes(result), wheres(result)) == ({"tensor-missing"}, {"ghost"})


@pytest.mark.parametrize("text", ["[]", '{"weight_map": 1}', '{"weight_map": {}, "weight_map": {}}'])
def test_malformed_index_is_named(release: MakeRelease, text: str) -> None:
    folder = release()
    (folder / INDEX).write_text(text)
    result, _ = check(folder)
    assert (codes(result), wheres(result)) == ({"index-malformed"}, {INDEX})


def test_several_shards_without_an_index_fail(release: MakeRelease) -> None:
    folder = release()
    (folder / INDEX).unlink()
    result, _ = check(folder)
    assert wheres(result) == {INDEX}


def test_one_file_needs_no_index(tmp_path: Path) -> None:
    make_opt(tmp_path, **{**TINY, "shards": 1})
    (tmp_path / "model-00001-of-00001.safetensors").rename(tmp_path / "model.safetensors")
    (tmp_path / INDEX).unlink()
    result, _ = check(tmp_path)
    assert result.verdict == "passed"


def test_tensor_in_two_shards_is_named(release: MakeRelease) -> None:
    folder = release()
    embeddings = "model.decoder.embed_tokens.weight"
    edit_shard(
        folder, embeddings, lambda tensors: tensors.update({FINAL_NORM: Raw("F16", [32], bytearray(64))})
    )
    result, _ = check(folder)
    assert (codes(result), wheres(result)) == ({"tensor-repeated", "tensor-misplaced"}, {FINAL_NORM})


def test_tensor_under_two_names_is_named(release: MakeRelease) -> None:
    folder = release()
    bare = FINAL_NORM.removeprefix("model.")
    edit_shard(folder, FINAL_NORM, lambda tensors: tensors.update({bare: Raw("F16", [32], bytearray(64))}))
    edit_json(
        folder / INDEX, lambda index: index["weight_map"].update({bare: index["weight_map"][FINAL_NORM]})
    )
    result, _ = check(folder)
    assert codes(result) == {"tensor-repeated"}
    assert wheres(result) <= {bare, FINAL_NORM}


def test_header_that_differs_from_the_manifest_is_named(release: MakeRelease) -> None:
    """The bytes of a header belong to no tensor: they are held against the manifest's list."""
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    shard = folder / "model-00003-of-00003.safetensors"
    data = shard.read_bytes()
    shard.write_bytes(data.replace(b"final_layer_norm", b"final_layer_nurm"))
    result, loadable = structure.check(source)
    assert {"tensor-missing", "tensor-unexpected"} == codes(result)
    assert loadable is None


def test_header_that_is_not_safetensors_is_named(release: MakeRelease) -> None:
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    shard = folder / "model-00003-of-00003.safetensors"
    data = bytearray(shard.read_bytes())
    data[8] = ord("<")
    shard.write_bytes(data)
    result, _ = structure.check(source)
    assert (codes(result), wheres(result)) == ({"tensor-header-malformed"}, {shard.name})


def test_config_that_asks_for_remote_code_is_refused(release: MakeRelease) -> None:
    folder = release()
    edit_json(folder / "config.json", lambda c: c.update(auto_map={"AutoModel": "evil.Evil"}))
    result, loadable = check(folder)
    assert (codes(result), wheres(result)) == ({"remote-code-refused"}, {"config.json"})
    assert loadable is None


def test_bare_names_of_the_base_model_are_understood(release: MakeRelease) -> None:
    """GPT-2's and OPT's first checkpoints leave out the name of the base model."""
    folder = release()
    weight_map = json.loads((folder / INDEX).read_text())["weight_map"]

    def rename(tensors: dict[str, Raw]) -> None:
        for name in list(tensors):
            tensors[name.removeprefix("model.")] = tensors.pop(name)

    for path in sorted(set(weight_map.values())):
        edit_shard(folder, next(name for name, there in weight_map.items() if there == path), rename)
    edit_json(
        folder / INDEX,
        lambda index: index.update(weight_map={n.removeprefix("model."): p for n, p in weight_map.items()}),
    )
    result, loadable = check(folder)
    assert result.verdict == "passed"
    assert loadable is not None
    assert FINAL_NORM in loadable.placed
