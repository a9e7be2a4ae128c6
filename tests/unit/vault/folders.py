"""Small publishable folders, made by hand: the tests of the vault need no torch and no safetensors."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_WORDS = {"float16": "F16", "float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8", "bool": "BOOL"}


def safetensors(tensors: Mapping[str, NDArray[np.generic]]) -> bytes:
    """The bytes of a safetensors file."""
    header: dict[str, object] = {}
    data = b""
    for name, array in tensors.items():
        raw = array.tobytes()
        header[name] = {
            "dtype": _WORDS[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    return with_header(header, data)


def with_header(header: object, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def write_folder(folder: Path, *, seed: int = 1, shards: int = 2, values: int = 1000) -> Path:
    """A folder with everything that publishing asks for."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for number in range(1, shards + 1):
        weights = {
            f"layer.{number}.weight": random.normal(size=(values // 10, 10)).astype(np.float16),
            f"layer.{number}.bias": random.normal(size=values).astype(np.float32),
        }
        shard = folder / f"model-{number:05}-of-{shards:05}.safetensors"
        shard.write_bytes(safetensors(weights))
    (folder / "config.json").write_text(json.dumps({"architectures": ["OPTForCausalLM"], "hidden_size": 10}))
    (folder / "MODEL_CARD.md").write_text("# A small model\n")
    (folder / "LICENSE.md").write_text("Be good.\n")
    (folder / "smoke").mkdir(exist_ok=True)
    (folder / "smoke" / "reference.json").write_text(json.dumps({"version": 1}))
    logits = {"logits": random.normal(size=(1, 4, 8)).astype(np.float32)}
    (folder / "smoke" / "reference.safetensors").write_bytes(safetensors(logits))
    return folder
