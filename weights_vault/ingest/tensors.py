"""Digests and statistics of tensors, taken as the bytes of a safetensors file go by.

absmax, mean and std (of the whole tensor, population) are computed in float64, block by block, and merged by
the parallel formula of Chan, Golub and LeVeque, so that memory stays bounded whatever a tensor's size.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from weights_vault.sealed.manifest import Tensor
from weights_vault.sealed.tensors import TensorIndex

BLOCK_VALUES = 1 << 16  # as float64, what a core's cache holds
Values = NDArray[np.floating]


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

_FITS_FLOAT32 = (np.dtype("<f2"), np.dtype("<f4"))


def _bfloat16(raw: NDArray[np.uint8]) -> Values:
    # A bfloat16 is the upper half of a float32.
    return (raw.view("<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)


def _decoder(dtype: str) -> tuple[int, Callable[[NDArray[np.uint8]], NDArray[np.generic]]]:
    """Bytes a value, and how raw bytes become values."""
    if dtype == "BF16":
        return 2, _bfloat16
    if dtype in _FLOAT8:
        table = _FLOAT8[dtype]
        return 1, lambda raw: table[raw]
    kind = np.dtype(_NUMPY[dtype]).newbyteorder("<")
    return kind.itemsize, lambda raw: raw.view(kind)


def supported(dtype: str) -> bool:
    """Are statistics defined for this dtype? (They are not for complex and packed sub-byte values.)"""
    return dtype == "BF16" or dtype in _FLOAT8 or dtype in _NUMPY


class TensorSums:
    """Digest and statistics of one tensor, fed its bytes in order."""

    def __init__(self, dtype: str) -> None:
        self._value_size, self._decode = _decoder(dtype)
        self._digest = blake3()
        self._rest = b""
        self._count, self._absmax, self._mean, self._squares = 0, 0.0, 0.0, 0.0

    def feed(self, data: memoryview) -> None:
        """data: the next bytes of the tensor; a value may be cut in two between calls."""
        self._digest.update(data)
        if self._rest:
            needed = self._value_size - len(self._rest)
            self._rest += bytes(data[:needed])
            data = data[needed:]
            if len(self._rest) < self._value_size:
                return
            self._add(np.frombuffer(self._rest, np.uint8))
            self._rest = b""
        whole = len(data) - len(data) % self._value_size
        self._rest = bytes(data[whole:])
        step = BLOCK_VALUES * self._value_size
        for start in range(0, whole, step):
            self._add(np.frombuffer(data[start : min(start + step, whole)], np.uint8))

    def _add(self, raw: NDArray[np.uint8]) -> None:
        decoded = self._decode(raw)
        with np.errstate(all="ignore"):  # a NaN or an infinity is a result here, not an accident
            # Half precision becomes double twice as fast by way of single; both steps are exact.
            narrow = decoded.astype(np.float32) if decoded.dtype in _FITS_FLOAT32 else decoded
            values = narrow.astype(np.float64)
            count, mean = len(values), float(values.mean())
            # np.maximum keeps a NaN, Python's max loses it.
            self._absmax = float(np.maximum(self._absmax, np.maximum(values.max(), -values.min())))
            values -= mean
            # Not values @ values: BLAS would start threads of its own, and its sums differ by machine.
            squares = float(np.square(values, out=values).sum())
        delta, total = mean - self._mean, self._count + count
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
        self._sums: TensorSums | None = None
        self.tensors: list[Tensor] = []
        self._close_finished()

    def feed(self, data: memoryview) -> None:
        """data: the next bytes of the file."""
        end = self._offset + len(data)
        while self._waiting and self._waiting[0].start < end:
            entry = self._waiting[0]
            if self._sums is None:
                self._sums = TensorSums(entry.dtype)
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
            self._close(TensorSums(self._waiting[0].dtype))

    def _close(self, sums: TensorSums) -> None:
        entry = self._waiting.popleft()
        digest, absmax, mean, std = sums.finish()
        self.tensors.append(
            Tensor(entry.name, entry.dtype, entry.shape, entry.start, entry.end, digest, absmax, mean, std)
        )
        self._sums = None
