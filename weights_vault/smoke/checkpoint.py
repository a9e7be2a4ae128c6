"""The shards of a checkpoint and their index, read without torch and without loading a tensor."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.manifest import Manifest, ManifestFile, Tensor
from weights_vault.sealed.tensors import (
    LENGTH_SIZE,
    TensorIndex,
    TensorSpan,
    read_tensor_header,
    tensor_header_size,
)
from weights_vault.smoke.documents import MAX_DOCUMENT_BYTES, load_document
from weights_vault.smoke.errors import Damaged, IndexMalformed, SmokeError
from weights_vault.smoke.report import Problem
from weights_vault.smoke.source import PartSource, read_checked

INDEX_PATH = "model.safetensors.index.json"


@dataclass(frozen=True)
class Stored:
    """A tensor where it lies: `signed` as the manifest has it, in `file`."""

    file: ManifestFile
    signed: Tensor


def shards(manifest: Manifest) -> list[ManifestFile]:
    """The files with the model's weights: safetensors of kind "weights", in the manifest's order."""
    return [file for file in manifest.files if file.kind == "weights" and file.path.endswith(".safetensors")]


def named(manifest: Manifest, path: str) -> ManifestFile | None:
    """The file of the manifest at exactly `path`, or None."""
    return next((file for file in manifest.files if file.path == path), None)


def read_header(source: PartSource, file: ManifestFile) -> TensorIndex:
    """The header of one safetensors file, parsed strictly. Raises: Damaged, TensorHeaderMalformed."""
    length = bytearray(min(LENGTH_SIZE, file.size))
    source.read(file, 0, memoryview(length))
    header = bytearray(tensor_header_size(bytes(length), file.size))
    source.read(file, 0, memoryview(header))
    return read_tensor_header(bytes(header), file.size)


def gather(manifest: Manifest, problems: list[Problem]) -> dict[str, Stored]:
    """Every tensor of the manifest by name; a name in two shards is a problem."""
    found: dict[str, Stored] = {}
    for file in shards(manifest):
        for tensor in file.tensors:
            if tensor.name in found:
                first = found[tensor.name].file.path
                problems.append(Problem("tensor-repeated", tensor.name, f"is in {first} and in {file.path}"))
            else:
                found[tensor.name] = Stored(file, tensor)
    return found


def check_headers(source: PartSource) -> Iterator[Problem]:
    """Compare what each shard's own header says with what the manifest signed for it."""
    for file in shards(source.manifest):
        try:
            header = read_header(source, file)
        except (SmokeError, SealedError) as error:
            yield Problem(error.reference, file.path, str(error))
            continue
        there = {tensor.name: tensor for tensor in header.tensors}
        signed = {tensor.name: tensor for tensor in file.tensors}
        for name in sorted(there.keys() | signed.keys()):
            yield from _compare(file, name, there.get(name), signed.get(name))


def _compare(
    file: ManifestFile, name: str, there: TensorSpan | None, signed: Tensor | None
) -> Iterator[Problem]:
    if there is None:
        yield Problem("tensor-missing", name, f"the manifest lists it in {file.path}, whose header does not")
    elif signed is None:
        yield Problem("tensor-unexpected", name, f"{file.path} has it; the manifest does not list it")
    else:
        for field in ("dtype", "shape", "start", "end"):
            said, wanted = getattr(there, field), getattr(signed, field)
            if said != wanted:
                detail = f"{file.path} gives its {field} as {said}, the manifest as {wanted}"
                yield Problem("tensor-mismatch", name, detail)


def check_index(source: PartSource, tensors: Mapping[str, Stored]) -> Iterator[Problem]:
    """Compare the index with the shards: each tensor in the shard that the index names, each shard in the
    manifest.

    A checkpoint of one file needs no index.
    """
    file = named(source.manifest, INDEX_PATH)
    if file is None:
        if len(shards(source.manifest)) > 1:
            yield Problem("file-missing", INDEX_PATH, "a checkpoint of several shards has an index")
        return
    try:
        weight_map = _weight_map(read_checked(source, file, max_bytes=MAX_DOCUMENT_BYTES))
    except (Damaged, IndexMalformed, SealedError) as error:
        yield Problem(error.reference, INDEX_PATH, str(error))
        return
    for path in sorted(set(weight_map.values()) - {shard.path for shard in shards(source.manifest)}):
        yield Problem("file-missing", path, "the index names this shard; the manifest does not list it")
    for name, path in weight_map.items():
        if name not in tensors:
            yield Problem("tensor-missing", name, f"the index has it in {path}; no shard does")
        elif tensors[name].file.path != path:
            detail = f"the index has it in {path}; it is in {tensors[name].file.path}"
            yield Problem("tensor-misplaced", name, detail)
    for name in tensors.keys() - weight_map.keys():
        yield Problem("tensor-unexpected", name, f"{tensors[name].file.path} has it; the index does not")


def _weight_map(data: bytes) -> dict[str, str]:
    found = load_document(data, IndexMalformed).get("weight_map")
    if not isinstance(found, dict) or not all(isinstance(path, str) for path in found.values()):
        raise IndexMalformed("the index has no weight_map of names to paths")
    return found
