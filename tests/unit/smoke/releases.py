"""Small releases for the smoke tests: a real folder, what a publisher signs for it, and its sealed form."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import TensorSpec, deserialize, serialize

from weights_vault.ingest.kinds import kind_of
from weights_vault.ingest.tensors import TensorStream
from weights_vault.sealed.body import (
    BODY_FORMAT,
    new_file_key,
    new_nonce,
    part_count,
    part_digest,
    part_range,
    seal_body,
    sealed_size,
)
from weights_vault.sealed.header import GrantLabel, make_header
from weights_vault.sealed.keys import Identity, generate_identity
from weights_vault.sealed.manifest import Manifest, ManifestFile, PartDigests, Tensor
from weights_vault.sealed.tensors import read_tensor_header
from weights_vault.smoke.errors import FileMissing
from weights_vault.smoke.report import LevelResult, Report
from weights_vault.smoke.source import SealedSource, read_exactly

TINY = {"hidden": 32, "layers": 4, "heads": 4, "vocab": 264, "shards": 3}
GRANT = "grt_test"
KEY = "model.decoder.layers.{}.self_attn.k_proj.weight"
FINAL_NORM = "model.decoder.final_layer_norm.weight"
NUMPY_NAMES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "I32": "int32"}


def manifest_of(folder: Path) -> Manifest:
    """What a publisher would sign for the folder; the digests of sealed parts are of nothing."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    files = [
        _file(number, path.relative_to(folder).as_posix(), path.read_bytes())
        for number, path in enumerate(paths)
    ]
    return Manifest(
        portal="https://weights.example.org",
        release="tiny-opt",
        revision="v1",
        revision_id="rev_1",
        sequence=1,
        previous=None,
        created=datetime(2026, 11, 20, tzinfo=UTC),
        files=tuple(files),
    )


def _file(number: int, path: str, data: bytes) -> ManifestFile:
    spans = [part_range(index, len(data)) for index in range(part_count(len(data)))]
    return ManifestFile(
        id=f"fil_{number}",
        path=path,
        kind=kind_of(path) or "code",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        body_size=sealed_size(len(data)),
        nonce="00" * 16,
        body_format=BODY_FORMAT,
        parts=tuple(PartDigests("0" * 64, part_digest(data[s.plain_start : s.plain_end])) for s in spans),
        tensors=_tensors(data) if path.endswith(".safetensors") else (),
    )


def _tensors(data: bytes) -> tuple[Tensor, ...]:
    stream = TensorStream(read_tensor_header(data, len(data)))
    stream.feed(memoryview(data))
    return tuple(stream.tensors)


class LocalBodies:
    """Bodies that lie in a folder of this machine."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        self._places = places

    def size(self, file: ManifestFile) -> int:
        return self._place(file).stat().st_size

    def read(self, file: ManifestFile, start: int, out: memoryview) -> None:
        with self._place(file).open("rb") as body:
            read_exactly(body.fileno(), start, out)

    def _place(self, file: ManifestFile) -> Path:
        if file.id not in self._places:
            raise FileMissing(f"{file.path} has no body")
        return self._places[file.id]


@dataclass(frozen=True)
class Sealed:
    """A sealed release: bodies in a folder, a header for each file, and who can open them."""

    manifest: Manifest
    headers: dict[str, bytes]
    identity: Identity
    bodies: dict[str, Path]

    def source(self) -> SealedSource:
        bodies = LocalBodies(self.bodies)
        return SealedSource(self.manifest, self.headers, self.identity, bodies, grant=GRANT)


def seal(folder: Path, store: Path) -> Sealed:
    """Seal every file of the folder into `store`, for an identity made here."""
    store.mkdir()
    manifest, identity = manifest_of(folder), generate_identity("x25519")
    files, headers, bodies = [], {}, {}
    for file in manifest.files:
        key, nonce, data = new_file_key(), new_nonce(), (folder / file.path).read_bytes()
        body = seal_body(key, nonce, data)
        bodies[file.id] = store / file.id
        bodies[file.id].write_bytes(body)
        spans = [part_range(index, file.size) for index in range(len(file.parts))]
        sealed = [part_digest(body[span.body_start : span.body_end]) for span in spans]
        parts = tuple(PartDigests(s, p.plain) for s, p in zip(sealed, file.parts, strict=True))
        files.append(replace(file, nonce=nonce.hex(), parts=parts))
        headers[file.id] = make_header(
            key, identity.recipient, GrantLabel(GRANT, manifest.revision_id, file.id)
        )
    return Sealed(replace(manifest, files=tuple(files)), headers, identity, bodies)


@dataclass
class Raw:
    """One tensor as stored."""

    dtype: str
    shape: list[int]
    data: bytearray

    def words(self) -> np.ndarray:
        """The stored values as unsigned words, writable."""
        return np.frombuffer(self.data, dtype=f"u{len(self.data) // max(1, int(np.prod(self.shape)))}")


def edit_shard(folder: Path, holding: str, change: Callable[[dict[str, Raw]], object]) -> Path:
    """Change the tensors of the shard that holds `holding`; it stays a valid safetensors file."""
    weight_map = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
    path: Path = folder / weight_map[holding]
    tensors = {
        name: Raw(each["dtype"], list(each["shape"]), bytearray(each["data"]))
        for name, each in deserialize(path.read_bytes())
    }
    change(tensors)
    write_safetensors(path, tensors)
    return path


def write_safetensors(path: Path, tensors: dict[str, Raw]) -> None:
    kept = {name: np.frombuffer(each.data, dtype=np.uint8) for name, each in tensors.items()}
    specs = {name: _spec(each, kept[name]) for name, each in tensors.items()}
    path.write_bytes(serialize(specs, metadata={"format": "pt"}))


def _spec(tensor: Raw, data: np.ndarray) -> TensorSpec:
    kind = NUMPY_NAMES[tensor.dtype]
    return TensorSpec(dtype=kind, shape=tensor.shape, data_ptr=data.ctypes.data, data_len=data.nbytes)


def swap(folder: Path, one: str, other: str) -> None:
    """Swap the bytes of two tensors of one shape, wherever they are stored."""
    taken: dict[str, bytearray] = {}

    def take(name: str) -> Callable[[dict[str, Raw]], object]:
        return lambda tensors: taken.update({name: bytearray(tensors[name].data)})

    def put(name: str, data: bytearray) -> Callable[[dict[str, Raw]], object]:
        return lambda tensors: setattr(tensors[name], "data", data)

    edit_shard(folder, one, take(one))
    edit_shard(folder, other, take(other))
    edit_shard(folder, one, put(one, taken[other]))
    edit_shard(folder, other, put(other, taken[one]))


def put(tensor: Raw, places: list[int], value: float) -> None:
    """Write a value into some places of a stored tensor, in its own dtype."""
    if tensor.dtype == "BF16":
        word = np.uint16(np.float32(value).view("u4") >> np.uint32(16))
    else:
        word = np.array(value, dtype=NUMPY_NAMES[tensor.dtype]).view(tensor.words().dtype)
    tensor.words()[places] = word


def edit_json(path: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def level(report: Report, name: str) -> LevelResult:
    return next(each for each in report.levels if each.level == name)


def codes(result: LevelResult) -> set[str]:
    return {problem.code for problem in result.problems}


def wheres(result: LevelResult) -> set[str]:
    return {problem.where for problem in result.problems}


def layer_tensors(layer: int, names: Iterable[str]) -> list[str]:
    return [name for name in names if f".layers.{layer}." in name]
