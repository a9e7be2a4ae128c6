"""Which files of a revision a ledger row speaks of: a bitmap over the files as the manifest lists them.

Bit i, of byte i // 8 from the lowest, is file i of the manifest (by path, in Python's order of strings).
Zero bytes at the end are left out. A published revision never changes, so the numbers never do; this form
stands in the database and is never to change either.
"""

from collections.abc import Iterable, Iterator


def pack(ordinals: Iterable[int]) -> bytes:
    """Return the bitmap of these ordinals. Raises: RuntimeError: one is negative."""
    bits = 0
    for ordinal in ordinals:
        if ordinal < 0:
            raise RuntimeError("a file has no negative number")
        bits |= 1 << ordinal
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def unpack(files: bytes | memoryview) -> Iterator[int]:
    """Yield the ordinals of a bitmap, rising."""
    for place, byte in enumerate(bytes(files)):
        for bit in range(8):
            if byte >> bit & 1:
                yield place * 8 + bit


def union(left: bytes | memoryview, right: bytes | memoryview) -> bytes:
    """Return the bitmap of the files that stand in either."""
    bits = int.from_bytes(left, "little") | int.from_bytes(right, "little")
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def size(files: bytes | memoryview) -> int:
    """Return how many files stand in a bitmap."""
    return int.from_bytes(files, "little").bit_count()


def ranges(files: bytes | memoryview) -> str:
    """The ordinals of a bitmap for people: "0-299", "0 2-5 9", "" for none."""
    bits, start, runs = int.from_bytes(files, "little"), 0, []
    while bits:
        gap = (bits & -bits).bit_length() - 1
        bits >>= gap
        length = (~bits & (bits + 1)).bit_length() - 1
        bits >>= length
        first, last = start + gap, start + gap + length - 1
        runs.append(str(first) if length == 1 else f"{first}-{last}")
        start = last + 1
    return " ".join(runs)


def place(files: bytes | memoryview, ordinal: int) -> int | None:
    """Return how many files stand before this one in the bitmap; None where it does not stand in it."""
    bits = int.from_bytes(files, "little")
    if not bits >> ordinal & 1:
        return None
    return (bits & ((1 << ordinal) - 1)).bit_count()
