"""Digests and statistics of tensors, taken as the bytes of a safetensors file go by.

absmax, mean and std (of the whole tensor, population) are computed in float64, block by block, and merged by
the parallel formula of Chan, Golub and LeVeque, so that memory stays bounded whatever a tensor's size.

The same bytes give the same figures on every machine: the blocks lie where the parts of the file put them,
and no sum is left to BLAS, whose order differs by machine and by threads.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from weights_vault.sealed.manifest import Tensor
from weights_vault.sealed.tensors import TensorIndex

BLOCK_VALUES = 1 << 16  # as float64, what a core's cache holds
Doubles = NDArray[np.float64]


def _float8(
    exponent_bits: int, mantissa_bits: int, bias: int, special: Mapping[int, float]
) -> NDArray[np.float32]:
    """The 256 values of an 8-bit float: sign, exponent, mantissa; `special` names what is none."""
    table = np.empty(256, np.float32)
    for code in range(256):
        magnitude = code & 0x7F
        exponent, mantissa = magnitude >> mantissa_bits, magnitude & ((1 << mantissa_bits) - 1)
        scale = 2.0 ** (max(exponent, 1) - bias - mantissa_bits)
        value = special.get(magnitude, (mantissa + (bool(exponent) << mantissa_bits)) * scale)
        table[code] = -value if code & 0x80 else value
    return table


def _without_negative_zero(table: NDArray[np.float32]) -> NDArray[np.float32]:
    table[0x80] = math.nan  # the FNUZ formats spend minus zero on their only NaN
    return table


_FLOAT8 = {
    "F8_E5M2": _float8(5, 2, 15, {0x7C: math.inf, 0x7D: math.nan, 0x7E: math.nan, 0x7F: math.nan}),
    "F8_E4M3": _float8(4, 3, 7, {0x7F: math.nan}),
    "F8_E5M2FNUZ": _without_negative_zero(_float8(5, 2, 16, {})),
    "F8_E4M3FNUZ": _without_negative_zero(_float8(4, 3, 8, {})),
    "F8_E8M0": np.array([2.0 ** (code - 127) for code in range(255)] + [math.nan], np.float32),
}
_NUMPY = {
    "BOOL": np.uint8, "U8": np.uint8, "I8": np.int8, "U16": np.uint16, "I16": np.int16, "U32": np.uint32,
    "I32": np.int32, "U64": np.uint64, "I64": np.int64, "F16": np.float16, "F32": np.float32,
    "F64": np.float64,
}  # fmt: skip

# A half as the upper bits of a single: widened with its sign, shifted to where a single's fields are, and
# with 2**112 for the other bias taken out of every value. An infinity or a NaN is none any more after this.
_HALF_SHIFT = np.int32(13)
_HALF_FIELDS = np.int32(
    -0x7000_2000
)  # 0x8FFFE000: sign, exponent and mantissa, without the copies of the sign
_HALF_SCALE = 2.0**112
_HALF_INFINITY = 0x7C00


class _Scratch:
    """The working memory of one thread, a block each: fresh memory costs more than the arithmetic."""

    def __init__(self) -> None:
        self.bits = np.empty(BLOCK_VALUES, np.uint32)
        self.values = np.empty(BLOCK_VALUES, np.float64)


@dataclass(frozen=True)
class _Block:
    """values: float64, in scratch memory; absmax: of the true values, which are `values` times `scale`."""

    values: Doubles
    absmax: float
    scale: float = 1.0


Decode = Callable[[NDArray[np.uint8], _Scratch], _Block]


def _half(raw: NDArray[np.uint8], scratch: _Scratch) -> _Block:
    """float16. numpy's own conversion takes longer than all the sums, so it is left for the odd block."""
    codes = raw.view("<u2")
    largest = int(_magnitudes(codes, 0x7FFF, scratch).max())
    absmax = float(np.uint16(largest).view(np.float16))
    values = scratch.values[: len(codes)]
    if largest >= _HALF_INFINITY:
        np.copyto(values, codes.view("<f2").astype(np.float32))
        return _Block(values, absmax)
    bits = scratch.bits[: len(codes)].view(np.int32)
    np.copyto(bits, raw.view("<i2"))
    np.left_shift(bits, _HALF_SHIFT, out=bits)
    np.bitwise_and(bits, _HALF_FIELDS, out=bits)
    np.copyto(values, bits.view(np.float32))
    return _Block(values, absmax, _HALF_SCALE)


def _brain(raw: NDArray[np.uint8], scratch: _Scratch) -> _Block:
    """bfloat16: the upper half of a float32."""
    bits, values = scratch.bits[: len(raw) // 2], scratch.values[: len(raw) // 2]
    np.copyto(bits, raw.view("<u2"))
    np.left_shift(bits, np.uint32(16), out=bits)
    np.copyto(values, bits.view(np.float32))
    return _Block(values, _largest(bits, scratch))


def _single(raw: NDArray[np.uint8], scratch: _Scratch) -> _Block:
    values = scratch.values[: len(raw) // 4]
    np.copyto(values, raw.view("<f4"))
    return _Block(values, _largest(raw.view("<u4"), scratch))


def _largest(bits: NDArray[np.uint32], scratch: _Scratch) -> float:
    """The largest magnitude of float32s by their bits: without the sign, the order of bits is that of values.

    NaN is above infinity in that order, so it is what comes out wherever one is.
    """
    return float(_magnitudes(bits, 0x7FFF_FFFF, scratch).max().view(np.float32))


def _magnitudes(bits: NDArray[Any], mask: int, scratch: _Scratch) -> NDArray[Any]:
    out = scratch.bits.view(bits.dtype.newbyteorder("="))[: len(bits)]
    np.bitwise_and(bits, bits.dtype.type(mask), out=out)
    return out


def _table(table: NDArray[np.float32]) -> Decode:
    return lambda raw, scratch: _plain(table[raw], scratch)


def _numbers(kind: np.dtype[Any]) -> Decode:
    return lambda raw, scratch: _plain(raw.view(kind), scratch)


def _plain(numbers: NDArray[Any], scratch: _Scratch) -> _Block:
    values = scratch.values[: len(numbers)]
    np.copyto(values, numbers, casting="unsafe")
    # np.maximum keeps a NaN, Python's max loses it.
    return _Block(values, float(np.maximum(values.max(), -values.min())))


def _decoder(dtype: str) -> tuple[int, Decode]:
    """Bytes a value, and how raw bytes become a block."""
    narrow = {"F16": (2, _half), "BF16": (2, _brain), "F32": (4, _single)}
    if dtype in narrow:
        return narrow[dtype]
    if dtype in _FLOAT8:
        return 1, _table(_FLOAT8[dtype])
    kind = np.dtype(_NUMPY[dtype]).newbyteorder("<")
    return kind.itemsize, _numbers(kind)


def supported(dtype: str) -> bool:
    """Are statistics defined for this dtype? (They are not for complex and packed sub-byte values.)"""
    return dtype == "BF16" or dtype in _FLOAT8 or dtype in _NUMPY


class TensorSums:
    """Digest and statistics of one tensor, fed its bytes in order.

    scratch: working memory, to share between the tensors that one thread measures one after the other.
    """

    def __init__(self, dtype: str, scratch: _Scratch | None = None) -> None:
        self._scratch = scratch or _Scratch()
        self._value_size, self._decode = _decoder(dtype)
        self._digest = blake3()
        self._rest = b""
        self._count, self._absmax, self._mean, self._squares = 0, 0.0, 0.0, 0.0

    def feed(self, data: memoryview) -> None:
        """data: the next bytes of the tensor; a value may be cut in two between calls."""
        self._digest.update(data)
        with np.errstate(all="ignore"):  # a NaN or an infinity is a result here, not an accident
            self._measure(self._mended(data))

    def _mended(self, data: memoryview) -> memoryview:
        """Count the value that the call before left cut in two; what comes after it."""
        if not self._rest:
            return data
        needed = self._value_size - len(self._rest)
        self._rest += bytes(data[:needed])
        if len(self._rest) == self._value_size:
            self._add(np.frombuffer(self._rest, np.uint8))
            self._rest = b""
        return data[needed:]

    def _measure(self, data: memoryview) -> None:
        whole = len(data) - len(data) % self._value_size
        self._rest += bytes(data[whole:])
        step = BLOCK_VALUES * self._value_size
        for start in range(0, whole, step):
            self._add(np.frombuffer(data[start : min(start + step, whole)], np.uint8))

    def _add(self, raw: NDArray[np.uint8]) -> None:
        block = self._decode(raw, self._scratch)
        values, scale, count = block.values, block.scale, len(block.values)
        mean = float(np.add.reduce(values)) / count
        np.subtract(values, mean, out=values)
        np.square(values, out=values)
        squares = float(np.add.reduce(values)) * scale * scale
        self._absmax = float(np.maximum(self._absmax, block.absmax))
        delta, total = mean * scale - self._mean, self._count + count
        self._squares += squares + delta * delta * self._count * count / total
        self._mean += delta * count / total
        self._count = total

    def finish(self) -> tuple[str, str, str, str]:
        """BLAKE3 hex, and absmax, mean, std as float.hex() strings (zeros for a tensor without values)."""
        std = math.sqrt(self._squares / self._count) if self._count else 0.0
        return self._digest.hexdigest(), self._absmax.hex(), self._mean.hex(), std.hex()


class TensorStream:
    """All tensors of one file, fed the whole file in order.

    index: what the file's header says; its offsets count in the file, header included.
    """

    def __init__(self, index: TensorIndex) -> None:
        self._waiting = deque(sorted(index.tensors, key=lambda entry: (entry.start, entry.end)))
        self._offset = 0
        self._scratch = _Scratch()
        self._sums: TensorSums | None = None
        self.tensors: list[Tensor] = []
        self._close_finished()

    def feed(self, data: memoryview) -> None:
        """data: the next bytes of the file."""
        end = self._offset + len(data)
        while self._waiting and self._waiting[0].start < end:
            entry = self._waiting[0]
            if self._sums is None:
                self._sums = TensorSums(entry.dtype, self._scratch)
            first, last = max(entry.start, self._offset), min(entry.end, end)
            self._sums.feed(data[first - self._offset : last - self._offset])
            if entry.end > end:
                break
            self._close(self._sums)
            self._close_finished()
        self._offset = end

    def _close_finished(self) -> None:
        """Tensors without bytes (a dimension of 0) never see any."""
        while self._waiting and self._waiting[0].start == self._waiting[0].end:
            self._close(TensorSums(self._waiting[0].dtype, self._scratch))

    def _close(self, sums: TensorSums) -> None:
        entry = self._waiting.popleft()
        digest, absmax, mean, std = sums.finish()
        self.tensors.append(
            Tensor(entry.name, entry.dtype, entry.shape, entry.start, entry.end, digest, absmax, mean, std)
        )
        self._sums = None
