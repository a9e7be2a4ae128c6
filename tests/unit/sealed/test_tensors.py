"""Section 11: the index of a safetensors file, read strictly."""

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy
import numpy.typing
import pytest
from safetensors.numpy import save

from weights_vault.sealed.errors import TensorHeaderMalformed
from weights_vault.sealed.tensors import DTYPE_BITS, read_tensor_header, tensor_header_size, tensor_size

ENTRIES: dict[str, Any] = {
    "__metadata__": {"format": "pt"},
    "a": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]},
    "b": {"dtype": "U8", "shape": [], "data_offsets": [12, 13]},
    "empty": {"dtype": "F32", "shape": [0, 4], "data_offsets": [13, 13]},
}
DATA_SIZE = 13


def file_of(entries: object, data_size: int = DATA_SIZE, text: bytes | None = None) -> bytes:
    index = json.dumps(entries).encode() if text is None else text
    return struct.pack("<Q", len(index)) + index + bytes(data_size)


def refused(data: bytes, file_size: int | None = None) -> TensorHeaderMalformed:
    with pytest.raises(TensorHeaderMalformed) as caught:
        read_tensor_header(data, len(data) if file_size is None else file_size)
    return caught.value


def test_an_index_gives_places_in_the_file() -> None:
    data = file_of(ENTRIES)
    index = read_tensor_header(data, len(data))
    start = len(data) - DATA_SIZE
    assert index.header_size == start
    assert index.metadata == {"format": "pt"}
    assert [(t.name, t.start - start, t.end - start) for t in index.tensors] == [
        ("a", 0, 12),
        ("b", 12, 13),
        ("empty", 13, 13),
    ]


def test_the_front_of_the_file_is_enough() -> None:
    data = file_of(ENTRIES)
    size = tensor_header_size(data[:8], len(data))
    assert read_tensor_header(data[:size], len(data)) == read_tensor_header(data, len(data))
    refused(data[: size - 1], len(data))


def test_what_safetensors_writes_is_read() -> None:
    arrays: dict[str, numpy.typing.NDArray[Any]] = {
        "w": numpy.arange(6, dtype=numpy.float16).reshape(2, 3),
        "n": numpy.zeros((3,), numpy.int64),
    }
    data = save(arrays, metadata={"format": "np"})
    index = read_tensor_header(data, len(data))
    for span in index.tensors:
        assert data[span.start : span.end] == arrays[span.name].tobytes()
        assert span.shape == arrays[span.name].shape
    assert {span.dtype for span in index.tensors} == {"F16", "I64"}


def test_a_file_without_tensors_is_read() -> None:
    assert read_tensor_header(file_of({}, 0), 10).tensors == ()


def test_spaces_that_align_the_data_are_taken() -> None:
    data = file_of(None, 0, text=b"{}      ")
    assert read_tensor_header(data, len(data)).header_size == 16


@pytest.mark.parametrize("prefix", [b"", b"\x02", struct.pack("<Q", 0), struct.pack("<Q", 3) + b"{}"])
def test_a_length_that_does_not_fit_the_file_is_refused(prefix: bytes) -> None:
    refused(prefix)


def test_an_index_beyond_its_limit_is_refused_before_anybody_reads_it() -> None:
    limit = 16 * 2**20
    assert tensor_header_size(struct.pack("<Q", limit), 2**40) == 8 + limit
    for length in (limit + 1, 2**63, 2**64 - 1):
        with pytest.raises(TensorHeaderMalformed):
            tensor_header_size(struct.pack("<Q", length), 2**40)


@pytest.mark.parametrize(
    "text", [b" {}", b"\n{}", b"[]", b"{", b'{"a":1,"a":2}', b'{"a":{"dtype":1.5}}', b"{}\0"]
)
def test_an_index_that_is_not_its_json_is_refused(text: bytes) -> None:
    refused(file_of(None, 0, text=text))


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.update(__metadata__={"n": 1}),
        lambda e: e.update(__metadata__=[]),
        lambda e: e["a"].update(more=1),
        lambda e: e["a"].pop("dtype"),
        lambda e: e["a"].update(dtype="f16"),
        lambda e: e["a"].update(dtype="F8"),
        lambda e: e["a"].update(shape=[2, 4]),
        lambda e: e["a"].update(shape=[2, -3]),
        lambda e: e["a"].update(shape=[1] * 16 + [6]),
        lambda e: e["a"].update(shape=[2**52, 2**52]),
        lambda e: e["a"].update(shape="2,3"),
        lambda e: e["a"].update(data_offsets=[0, 11]),
        lambda e: e["a"].update(data_offsets=[12, 0]),
        lambda e: e["a"].update(data_offsets=[1, 13]),
        lambda e: e["a"].update(data_offsets=[0, 12, 24]),
        lambda e: e["b"].update(data_offsets=[11, 12]),
        lambda e: e["b"].update(data_offsets=[13, 14]),
        lambda e: e.pop("a"),
        lambda e: e.pop("b"),
        lambda e: e.update(c=e["b"]),
        lambda e: e.update({"x" * 1025: e.pop("b")}),
        lambda e: e.update({"": e.pop("b")}),
    ],
    ids=range(22),
)
def test_an_index_that_breaks_a_rule_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    entries = json.loads(json.dumps(ENTRIES))
    change(entries)
    refused(file_of(entries))


@pytest.mark.parametrize("size", [DATA_SIZE - 1, DATA_SIZE + 1])
def test_data_that_nothing_describes_or_that_is_missing_is_refused(size: int) -> None:
    refused(file_of(ENTRIES, size))


def test_sizes_of_types_that_do_not_fill_bytes() -> None:
    assert tensor_size("F4", (3, 2)) == 3
    assert tensor_size("F4", (3,)) is None
    assert tensor_size("F6_E2M3", (4,)) == 3
    assert tensor_size("F6_E3M2", (2,)) is None
    assert tensor_size("C64", ()) == 8
    assert tensor_size("COMPLEX", (1,)) is None
    assert set(DTYPE_BITS.values()) == {4, 6, 8, 16, 32, 64}
