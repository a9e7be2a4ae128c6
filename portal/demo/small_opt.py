"""A small real OPT checkpoint, made on the spot: `python -m portal.demo.small_opt FOLDER`.

The folder has what a release has: shards and their index, config, tokenizer, model card, data card, logbook
and license. The weights are random; the format is real. Needs numpy and safetensors, and no torch.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray
from safetensors import TensorSpec, serialize

POSITIONS = 2_048
POSITION_OFFSET = 2  # OPT keeps the first two rows of its position embeddings unused
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>")
# Frequent pairs of English, in the order in which they are merged; "Ġ" is a space in byte-level vocabularies.
MERGES = (
    ("Ġ", "t"), ("h", "e"), ("i", "n"), ("Ġ", "a"), ("e", "r"), ("o", "n"),
    ("Ġt", "he"), ("r", "e"), ("a", "t"), ("n", "d"), ("e", "n"), ("Ġ", "o"),
)  # fmt: skip
SMALLEST_VOCAB = len(SPECIAL_TOKENS) + 256
DTYPES = ("float16", "bfloat16", "float32")
SIZES = {"small": (64, 2, 4), "demo": (512, 10, 8)}  # hidden, layers, heads
DOCUMENTS = Path(__file__).parent / "small_opt_documents"
LICENSE = Path(__file__).parent / "release" / "LICENSE.md"  # the text that recipients sign


def make_opt(
    folder: Path,
    *,
    seed: int = 175,
    hidden: int = 512,
    layers: int = 10,
    heads: int = 8,
    vocab: int = 272,
    shards: int = 3,
    dtype: str = "float16",
    title: str = "Demo OPT 30M",
) -> int:
    """Write a whole release into `folder` (made where it is missing); the same arguments give the same bytes.

    hidden: width, a multiple of `heads`. vocab: at least SMALLEST_VOCAB (260). dtype: one of DTYPES.
    Returns: the number of parameters (32.7 million by default).
    """
    if vocab < SMALLEST_VOCAB or hidden % heads or dtype not in DTYPES:
        raise ValueError(
            "vocab is at least 260, hidden a multiple of heads, dtype one of " + ", ".join(DTYPES)
        )
    folder.mkdir(parents=True, exist_ok=True)
    shapes = dict(opt_shapes(hidden, layers, vocab))
    parameters = sum(int(np.prod(shape)) for shape in shapes.values())
    _write_shards(folder, shapes, seed=seed, shards=shards, dtype=dtype)
    _write_json(folder / "config.json", opt_config(hidden, layers, heads, vocab, dtype))
    _write_tokenizer(folder, vocab)
    words = {
        "title": title,
        "parameters": f"{parameters:,}",
        "hidden": hidden,
        "layers": layers,
        "heads": heads,
        "vocab": vocab,
        "shards": shards,
        "dtype": dtype,
        "seed": seed,
    }
    for document in sorted(DOCUMENTS.glob("*.md")):
        text = Template(document.read_text(encoding="utf-8")).substitute(words)
        (folder / document.name).write_text(text, encoding="utf-8")
    (folder / "LICENSE.md").write_bytes(LICENSE.read_bytes())
    return parameters


def opt_shapes(hidden: int, layers: int, vocab: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of each tensor of an OPT checkpoint. The head is tied, so it is not stored."""
    root = "model.decoder"
    yield f"{root}.embed_tokens.weight", (vocab, hidden)
    yield f"{root}.embed_positions.weight", (POSITIONS + POSITION_OFFSET, hidden)
    inner = 4 * hidden
    linear = {
        "self_attn.k_proj": (hidden, hidden),
        "self_attn.v_proj": (hidden, hidden),
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.out_proj": (hidden, hidden),
        "fc1": (inner, hidden),
        "fc2": (hidden, inner),
    }
    for layer in range(layers):
        for name, shape in linear.items():
            yield f"{root}.layers.{layer}.{name}.weight", shape
            yield f"{root}.layers.{layer}.{name}.bias", shape[:1]
        for name in ("self_attn_layer_norm", "final_layer_norm"):
            yield f"{root}.layers.{layer}.{name}.weight", (hidden,)
            yield f"{root}.layers.{layer}.{name}.bias", (hidden,)
    yield f"{root}.final_layer_norm.weight", (hidden,)
    yield f"{root}.final_layer_norm.bias", (hidden,)


def opt_config(hidden: int, layers: int, heads: int, vocab: int, dtype: str) -> dict[str, object]:
    return {
        "architectures": ["OPTForCausalLM"],
        "model_type": "opt",
        "activation_function": "relu",
        "attention_dropout": 0.0,
        "bos_token_id": 2,
        "do_layer_norm_before": True,
        "dropout": 0.1,
        "eos_token_id": 2,
        "ffn_dim": 4 * hidden,
        "hidden_size": hidden,
        "init_std": 0.02,
        "layerdrop": 0.0,
        "max_position_embeddings": POSITIONS,
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "pad_token_id": 1,
        "tie_word_embeddings": True,
        "torch_dtype": dtype,
        "use_cache": True,
        "vocab_size": vocab,
        "word_embed_proj_dim": hidden,
    }


def _values(generator: np.random.Generator, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Random weights; no tensor equals another, so that swapping any two shows."""
    values = generator.standard_normal(shape, dtype=np.float32)
    values *= np.float32(0.02)
    if name.endswith("layer_norm.weight"):
        values += np.float32(1)
    return values


def _stored(values: NDArray[np.float32], dtype: str) -> NDArray[np.generic]:
    """The values as they are stored; NumPy has no bfloat16, so that one as its 16-bit words."""
    if dtype == "float32":
        return values
    if dtype == "float16":
        return values.astype(np.float16)
    # bfloat16 is the upper half of a float32, rounded to the nearest even.
    words = values.view(np.uint32)
    rounded = words + np.uint32(0x7FFF) + ((words >> np.uint32(16)) & np.uint32(1))
    return (rounded >> np.uint32(16)).astype(np.uint16)


def _write_shards(
    folder: Path, shapes: dict[str, tuple[int, ...]], *, seed: int, shards: int, dtype: str
) -> None:
    """One shard in memory at a time, each of about the same number of values."""
    generator = np.random.Generator(np.random.PCG64(seed))
    total = sum(int(np.prod(shape)) for shape in shapes.values())
    weight_map: dict[str, str] = {}
    waiting = list(shapes.items())
    done = 0
    for number in range(1, shards + 1):
        path = f"model-{number:05}-of-{shards:05}.safetensors"
        tensors: dict[str, NDArray[np.generic]] = {}
        while waiting and (number == shards or done * shards < total * number):
            name, shape = waiting.pop(0)
            tensors[name] = _stored(_values(generator, name, shape), dtype)
            weight_map[name] = path
            done += int(np.prod(shape))
        (folder / path).write_bytes(_serialize(tensors, dtype))
    size = total * (4 if dtype == "float32" else 2)
    _write_json(
        folder / "model.safetensors.index.json", {"metadata": {"total_size": size}, "weight_map": weight_map}
    )


def _serialize(tensors: dict[str, NDArray[np.generic]], dtype: str) -> bytes:
    specs = {
        name: TensorSpec(dtype=dtype, shape=values.shape, data_ptr=values.ctypes.data, data_len=values.nbytes)
        for name, values in tensors.items()
    }
    return serialize(specs, metadata={"format": "pt"})


def byte_symbols() -> list[str]:
    """The printable character that byte-level vocabularies write for each of the 256 bytes, as GPT-2."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def _write_tokenizer(folder: Path, vocab: int) -> None:
    merges = MERGES[: vocab - SMALLEST_VOCAB]
    tokens = [*SPECIAL_TOKENS, *byte_symbols(), *("".join(pair) for pair in merges)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    added = [
        {"id": number, "content": text, "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": False, "special": True}
        for number, text in enumerate(SPECIAL_TOKENS)
    ]
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": "<unk>",
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "vocab": {token: number for number, token in enumerate(tokens)},
        "merges": [" ".join(pair) for pair in merges],
    }
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": model,
    }
    _write_json(folder / "tokenizer.json", document)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "</s>",
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "model_max_length": POSITIONS,
    }
    _write_json(folder / "tokenizer_config.json", settings)


def _write_json(path: Path, document: Mapping[str, object]) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m portal.demo.small_opt", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--parameters", choices=SIZES, default="demo", help="demo: 32.7 million; small: 0.3 million"
    )
    arguments = parser.parse_args()
    hidden, layers, heads = SIZES[arguments.parameters]
    parameters = make_opt(arguments.folder, hidden=hidden, layers=layers, heads=heads)
    print(f"{arguments.folder}: an OPT model of {parameters:,} parameters")


if __name__ == "__main__":
    main()
