"""The index at the front of a safetensors file, read strictly.

Specification: docs/reference/sealed-format.md, section 11.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .canonical import Json, loads_strict
from .errors import Malformed, TensorHeaderMalformed
from .fields import Fields

LENGTH_SIZE = 8  # bytes of the little-endian number at the very front
MAX_INDEX_SIZE = 16 * 2**20  # bytes of JSON
MAX_TENSORS = 100_000
MAX_DIMENSIONS = 16
MAX_NAME_SIZE = 1_024  # bytes of UTF-8

_MAX_DEPTH = 5
_MAX_ITEMS = 2**21
_METADATA = "__metadata__"

DTYPE_BITS: Mapping[str, int] = {
    **dict.fromkeys(("F4",), 4),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}


@dataclass(frozen=True)
class TensorSpan:
    """Where a tensor lies: byte offsets in the file, its header included; start included, end not."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class TensorIndex:
    """What a safetensors file says of itself.

    header_size: bytes before the data. tensors: in the order of their data.
    """

    header_size: int
    tensors: tuple[TensorSpan, ...]
    metadata: Mapping[str, str]


def tensor_header_size(prefix: bytes, file_size: int) -> int:
    """Return how many bytes of the file `read_tensor_header` needs.

    prefix: at least the first LENGTH_SIZE bytes of the file.
    Raises: TensorHeaderMalformed: no such header fits into the file, or it is larger than is read.
    """
    if len(prefix) < LENGTH_SIZE:
        raise TensorHeaderMalformed("the file is too short for a safetensors file")
    size = LENGTH_SIZE + int.from_bytes(prefix[:LENGTH_SIZE], "little")
    if not LENGTH_SIZE < size <= min(file_size, LENGTH_SIZE + MAX_INDEX_SIZE):
        raise TensorHeaderMalformed("the file says of its own index a length that cannot be")
    return size


def read_tensor_header(prefix: bytes, file_size: int) -> TensorIndex:
    """Return the index of a safetensors file.

    prefix: the front of the file, at least its header (`tensor_header_size`). file_size: of the whole file.
    Raises: TensorHeaderMalformed: also for gaps, overlaps, and data that nothing describes.
    Source: docs/reference/sealed-format.md, section 11.
    """
    header_size = tensor_header_size(prefix, file_size)
    if len(prefix) < header_size:
        raise TensorHeaderMalformed(f"the index needs the first {header_size} bytes of the file")
    entries = _load(bytes(prefix[LENGTH_SIZE:header_size]))
    metadata = _metadata(entries.pop(_METADATA, {}))
    if len(entries) > MAX_TENSORS:
        raise TensorHeaderMalformed(f"the file has more than {MAX_TENSORS} tensors")
    spans = [_span(name, entry, header_size) for name, entry in entries.items()]
    spans.sort(key=lambda span: (span.start, span.end))
    _check_cover(spans, header_size, file_size)
    return TensorIndex(header_size, tuple(spans), metadata)


def tensor_size(dtype: str, shape: tuple[int, ...]) -> int | None:
    """Return the bytes of a tensor, or None where no tensor is so (unknown dtype, part of a byte)."""
    bits = DTYPE_BITS.get(dtype, 0) * math.prod(shape)
    return bits // 8 if dtype in DTYPE_BITS and bits % 8 == 0 else None


def _load(data: bytes) -> dict[str, Json]:
    # The format demands "{" first: other white space before it would be a second encoding.
    if not data.startswith(b"{"):
        raise TensorHeaderMalformed("the index does not begin as JSON")
    try:
        value = loads_strict(data, max_bytes=MAX_INDEX_SIZE, max_depth=_MAX_DEPTH, max_items=_MAX_ITEMS)
    except Malformed as error:
        raise TensorHeaderMalformed(f"the index: {error}", reference=error.reference) from None
    if not isinstance(value, dict):
        raise TensorHeaderMalformed("the index is not an object")
    return value


def _metadata(value: Json) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TensorHeaderMalformed("the metadata is not an object")
    texts = {key: text for key, text in value.items() if isinstance(text, str)}
    if len(texts) != len(value):
        raise TensorHeaderMalformed("the metadata holds something else than text")
    return texts


def _span(name: str, entry: Json, header_size: int) -> TensorSpan:
    if not 1 <= len(name.encode("utf-8")) <= MAX_NAME_SIZE:
        raise TensorHeaderMalformed(f"a tensor's name has not 1 to {MAX_NAME_SIZE} bytes")
    fields = Fields(entry, ("dtype", "shape", "data_offsets"), TensorHeaderMalformed, "a tensor")
    shape = fields.numbers("shape", 0, MAX_DIMENSIONS)
    start, end = fields.numbers("data_offsets", 2, 2)
    dtype = fields.text("dtype")
    if tensor_size(dtype, shape) != end - start:
        raise TensorHeaderMalformed(f"the tensor {name!a} has another size than its type and shape")
    return TensorSpan(name, dtype, shape, header_size + start, header_size + end)


def _check_cover(spans: list[TensorSpan], header_size: int, file_size: int) -> None:
    """Every byte of the data belongs to one tensor: no overlap, no gap, nothing behind the last."""
    position = header_size
    for span in spans:
        if span.start != position:
            raise TensorHeaderMalformed(f"before the tensor {span.name!a} is a gap or an overlap")
        position = span.end
    if position != file_size:
        raise TensorHeaderMalformed("the file does not end where its last tensor does")
