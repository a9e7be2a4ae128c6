"""Digests and statistics of tensors, against numpy over the whole tensor at once."""

import math
import struct

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.vault.folders import safetensors, with_header
from weights_vault.ingest.tensors import TensorStream, TensorSums
from weights_vault.sealed.manifest import Tensor
from weights_vault.sealed.tensors import read_tensor_header


def measured(dtype: str, data: bytes, cuts: tuple[int, ...] = ()) -> tuple[str, float, float, float]:
    sums = TensorSums(dtype)
    for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        sums.feed(memoryview(data)[start:end])
    digest, *figures = sums.finish()
    absmax, mean, std = (float.fromhex(figure) for figure in figures)
    return digest, absmax, mean, std


def stream(file: bytes, step: int) -> list[Tensor]:
    found = TensorStream(read_tensor_header(file, len(file)))
    for start in range(0, len(file), step):
        found.feed(memoryview(file)[start : start + step])
    return found.tensors


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64, np.uint8])
def test_statistics_are_those_of_numpy(kind: type[np.generic]) -> None:
    values = (np.random.default_rng(1).normal(size=700_001) * 50 + 100).astype(kind)
    word = {"float16": "F16", "float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8"}[
        values.dtype.name
    ]
    digest, absmax, mean, std = measured(word, values.tobytes())
    exact = values.astype(np.float64)
    assert digest == blake3(values.tobytes()).hexdigest()
    assert absmax == np.abs(exact).max()
    assert mean == pytest.approx(exact.mean(), rel=1e-12)
    assert std == pytest.approx(exact.std(), rel=1e-12)


def test_bfloat16_is_read_as_the_upper_half_of_float32() -> None:
    values = np.array([1.0, -2.5, 0.15625, 3e38], np.float32)
    halves = (values.view(np.uint32) >> 16).astype("<u2")
    exact = (halves.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    _, absmax, mean, _ = measured("BF16", halves.tobytes())
    assert (absmax, mean) == (np.abs(exact).max(), exact.mean())


@pytest.mark.parametrize(("dtype", "first", "last"), [("F16", 0x0000, 0x7BFF), ("BF16", 0x0000, 0x5EFF)])
def test_every_code_of_a_half_counts_with_its_exact_value(dtype: str, first: int, last: int) -> None:
    """Subnormal ones too, of both signs: each code alone, and all of them together."""
    codes = np.arange(first, last + 1, dtype="<u2")
    codes = np.concatenate([codes, codes[::3] | 0x8000])
    if dtype == "F16":
        exact = codes.view("<f2").astype(np.float64)
    else:
        exact = (codes.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    for index in range(0, len(codes), 97):
        value = exact[index]
        assert measured(dtype, codes[index : index + 1].tobytes())[1:] == (abs(value), value, 0.0)
    _, absmax, mean, std = measured(dtype, codes.tobytes())
    assert absmax == np.abs(exact).max()
    assert mean == pytest.approx(exact.mean(), rel=1e-12)
    assert std == pytest.approx(exact.std(), rel=1e-12)


@pytest.mark.parametrize("code", [0x7C00, 0xFC00, 0x7C01, 0x7E00, 0xFFFF])
def test_half_that_is_no_number_shows_among_many_that_are(code: int) -> None:
    values = np.full(200_000, 0x3C00, "<u2")
    values[150_000] = code
    _, absmax, mean, std = measured("F16", values.tobytes())
    expected = np.array([code], "<u2").view("<f2").astype(np.float64)[0]
    assert math.isnan(std)
    assert (math.isnan(absmax), math.isinf(absmax)) == (bool(np.isnan(expected)), bool(np.isinf(expected)))
    assert mean == expected or math.isnan(mean)


def test_equal_values_have_no_deviation() -> None:
    for dtype, kind in (("F16", np.float16), ("F32", np.float32)):
        assert measured(dtype, np.full(300_000, 0.1, kind).tobytes())[3] == pytest.approx(0, abs=1e-15)


# From the OCP 8-bit floating point specification and the FNUZ formats' papers: code → value.
FLOAT8: dict[str, dict[int, float]] = {
    "F8_E4M3": {0x00: 0.0, 0x01: 2.0**-9, 0x08: 2.0**-6, 0x38: 1.0, 0x7E: 448.0, 0xB8: -1.0},
    "F8_E5M2": {0x01: 2.0**-16, 0x3C: 1.0, 0x7B: 57344.0, 0x7C: math.inf, 0xFC: -math.inf},
    "F8_E4M3FNUZ": {0x01: 2.0**-10, 0x40: 1.0, 0x7F: 240.0},
    "F8_E5M2FNUZ": {0x01: 2.0**-17, 0x40: 1.0, 0x7F: 57344.0},
    "F8_E8M0": {0x00: 2.0**-127, 0x7F: 1.0, 0xFE: 2.0**127},
}


@pytest.mark.parametrize(
    ("dtype", "code", "value"), [(d, c, v) for d, row in FLOAT8.items() for c, v in row.items()]
)
def test_eight_bit_floats_have_the_values_of_their_formats(dtype: str, code: int, value: float) -> None:
    assert measured(dtype, bytes([code]))[2] == value


@pytest.mark.parametrize(
    ("dtype", "code"),
    [("F8_E4M3", 0x7F), ("F8_E4M3", 0xFF), ("F8_E5M2", 0x7D),
     ("F8_E4M3FNUZ", 0x80), ("F8_E5M2FNUZ", 0x80), ("F8_E8M0", 0xFF)],
)  # fmt: skip
def test_eight_bit_nan_is_nan(dtype: str, code: int) -> None:
    assert math.isnan(measured(dtype, bytes([code]))[1])


def test_nan_anywhere_shows_in_every_figure() -> None:
    values = np.ones(10, np.float32)
    values[3] = math.nan
    assert all(math.isnan(figure) for figure in measured("F32", values.tobytes())[1:])


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F32", "F64"])
def test_any_bits_are_measured_in_silence(dtype: str) -> None:
    """Signaling NaNs too, at which numpy warns when it widens them; warnings are errors here."""
    data = np.random.default_rng(5).integers(0, 256, 1 << 16, np.uint8).tobytes()
    assert measured(dtype, data)[0] == blake3(data).hexdigest()


def test_infinity_shows_in_absmax() -> None:
    values = np.array([1, -math.inf, 2], np.float32)
    assert measured("F32", values.tobytes())[1] == math.inf


def test_tensor_without_values_has_zeros() -> None:
    assert measured("F32", b"") == (blake3(b"").hexdigest(), 0.0, 0.0, 0.0)


@given(st.binary(min_size=8, max_size=200).map(lambda data: data[: len(data) // 8 * 8]), st.data())
@settings(max_examples=200, deadline=None)
def test_cuts_between_values_and_inside_them_change_no_digest(data: bytes, draw: st.DataObject) -> None:
    cuts = tuple(sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=6))))
    once, cut = measured("I64", data), measured("I64", data, cuts)
    assert cut[:2] == once[:2]
    assert cut[2:] == pytest.approx(once[2:], rel=1e-9)


@pytest.mark.parametrize("step", [1, 7, 64, 100_000])
def test_stream_gives_every_tensor_its_own_bytes(step: int) -> None:
    arrays: dict[str, NDArray[np.generic]] = {
        "a": np.arange(30, dtype=np.float32).reshape(5, 6),
        "empty": np.zeros((0, 4), np.float16),
        "b": np.arange(11, dtype=np.uint8),
        "c": np.array([True, False]),
        "last": np.zeros(0, np.float64),
    }
    file = safetensors(arrays)
    found = {tensor.name: tensor for tensor in stream(file, step)}
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        tensor = found[name]
        assert file[tensor.start : tensor.end] == array.tobytes()
        assert tensor.blake3 == blake3(array.tobytes()).hexdigest()
        assert tensor.shape == array.shape


def test_tensors_are_found_when_the_index_names_them_in_another_order() -> None:
    header = {
        "second": {"dtype": "U8", "shape": [2], "data_offsets": [3, 5]},
        "first": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]},
    }
    file = with_header(header, b"abcde")
    assert [(t.name, file[t.start : t.end]) for t in stream(file, 2)] == [
        ("first", b"abc"),
        ("second", b"de"),
    ]


def test_figures_survive_text_bit_for_bit() -> None:
    _, absmax, mean, std = TensorSums("F64").finish()
    assert (absmax, mean, std) == ("0x0.0p+0",) * 3
    sums = TensorSums("F64")
    sums.feed(memoryview(struct.pack("<d", 0.1)))
    assert sums.finish()[1] == (0.1).hex()
