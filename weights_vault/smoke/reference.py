"""The publisher's recorded logits: smoke/reference.json and smoke/reference.safetensors."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.tensors import read_tensor_header
from weights_vault.smoke.architectures import Blueprint
from weights_vault.smoke.checkpoint import named
from weights_vault.smoke.documents import load_document
from weights_vault.smoke.errors import FileMissing, ReferenceMalformed
from weights_vault.smoke.source import PartSource, read_checked

if TYPE_CHECKING:
    import numpy

DOCUMENT_PATH = "smoke/reference.json"
LOGITS_PATH = "smoke/reference.safetensors"
LOGITS_NAME = "logits"
REFERENCE_VERSION = 1
MAX_REFERENCE_BYTES = 4 * 1024 * 1024
MAX_TOKENS = 4_096
SEQUENCES, SEQUENCE_LENGTH = 2, 32
# ‖Δlogits‖ ÷ ‖centered logits‖ that two float32 runs of the same weights may differ by. Kernels and devices
# were measured to differ by 1e-6 at most, the smallest damage of those that were tried changes 9e-3
# (docs/reference/smoke-test.md).
RELATIVE_RMS = 1e-4


@dataclass(frozen=True)
class Reference:
    """tokens: (batch, tokens) ids. logits: float32 (batch, tokens, vocab). relative_rms: the tolerance.

    made_with: versions, device and dtype of the recording, for people.
    """

    architecture: str
    tokens: tuple[tuple[int, ...], ...]
    logits: "numpy.ndarray"
    relative_rms: float
    made_with: Mapping[str, str]


def choose_tokens(vocab: int, positions: int) -> list[list[int]]:
    """Fixed token ids, spread over the vocabulary: 2 sequences of 32, or as many as there are positions."""
    length = min(SEQUENCE_LENGTH, positions)
    stream = hashlib.shake_256(b"weights-portal smoke test tokens v1").digest(4 * SEQUENCES * length)
    words = [int.from_bytes(stream[at : at + 4], "big") % vocab for at in range(0, len(stream), 4)]
    return [words[at : at + length] for at in range(0, len(words), length)]


def read_reference(source: PartSource, blueprint: Blueprint) -> Reference:
    """The reference of a revision, for the architecture it is to judge.

    Raises: FileMissing (the release has none), ReferenceMalformed, Damaged, an error of weights_vault.sealed.
    """
    document, body = (named(source.manifest, path) for path in (DOCUMENT_PATH, LOGITS_PATH))
    if document is None or body is None:
        raise FileMissing("the release has no reference to compare with")
    found = load_document(read_checked(source, document, max_bytes=MAX_REFERENCE_BYTES), ReferenceMalformed)
    if found.get("version") != REFERENCE_VERSION or found.get("architecture") != blueprint.architecture:
        raise ReferenceMalformed(
            f"it is not a version {REFERENCE_VERSION} reference of {blueprint.architecture}"
        )
    tokens = _tokens(found.get("tokens"), blueprint)
    shape = (len(tokens), len(tokens[0]), blueprint.vocab)
    # The document's own size of the logits is not believed: it follows from the tokens and the vocabulary.
    limit = 4 * shape[0] * shape[1] * shape[2] + MAX_REFERENCE_BYTES
    logits = _logits(read_checked(source, body, max_bytes=limit), shape)
    made_with = found.get("made_with")
    return Reference(
        architecture=blueprint.architecture,
        tokens=tokens,
        logits=logits,
        relative_rms=_tolerance(found.get("tolerance")),
        made_with={str(k): str(v) for k, v in made_with.items()} if isinstance(made_with, dict) else {},
    )


def _tokens(found: object, blueprint: Blueprint) -> tuple[tuple[int, ...], ...]:
    if not isinstance(found, list) or not found or not all(isinstance(row, list) and row for row in found):
        raise ReferenceMalformed("it has no tokens")
    length = len(found[0])
    if len(found) * length > MAX_TOKENS or length > blueprint.positions:
        raise ReferenceMalformed("it has more tokens than are run")
    for row in found:
        if len(row) != length or not all(type(each) is int and 0 <= each < blueprint.vocab for each in row):
            raise ReferenceMalformed("its tokens are not rows of one length within the vocabulary")
    return tuple(tuple(row) for row in found)


def _tolerance(found: object) -> float:
    """The recorded tolerance, never wider than ours: or a publisher could wave anything through."""
    value = found.get("relative_rms") if isinstance(found, dict) else None
    if not isinstance(value, int | float) or not value > 0:
        raise ReferenceMalformed("it has no tolerance")
    return min(float(value), RELATIVE_RMS)


def _logits(data: bytes, shape: tuple[int, int, int]) -> "numpy.ndarray":
    import numpy

    try:
        header = read_tensor_header(data, len(data))
    except SealedError as error:
        raise ReferenceMalformed(f"{LOGITS_PATH}: {error}") from error
    for tensor in header.tensors:
        if tensor.name == LOGITS_NAME and tensor.dtype == "F32" and tuple(tensor.shape) == shape:
            values = numpy.frombuffer(data[tensor.start : tensor.end], dtype="<f4").reshape(shape)
            if not numpy.isfinite(values).all():
                raise ReferenceMalformed("its logits are not finite")
            return values
    raise ReferenceMalformed(f"{LOGITS_PATH} holds no float32 logits of the shape {list(shape)}")


def write_reference(folder: Path, reference: Reference) -> None:
    """Write both files into `folder`/smoke, each complete or not at all."""
    from safetensors.numpy import save

    document = {
        "version": REFERENCE_VERSION,
        "architecture": reference.architecture,
        "tokens": [list(row) for row in reference.tokens],
        "logits": {"file": LOGITS_PATH, "tensor": LOGITS_NAME, "shape": list(reference.logits.shape)},
        "tolerance": {"relative_rms": reference.relative_rms},
        "made_with": dict(reference.made_with),
    }
    (folder / "smoke").mkdir(exist_ok=True)
    _write(folder / LOGITS_PATH, save({LOGITS_NAME: reference.logits}))
    _write(folder / DOCUMENT_PATH, (json.dumps(document, indent=1) + "\n").encode())


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)
