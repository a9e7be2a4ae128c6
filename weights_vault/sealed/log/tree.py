"""The Merkle tree of RFC 6962 over SHA-256: roots, proofs, and checking them.

Trees are read through `subtree(level, index)`: the root of the complete subtree of 2**level leaves that
begins at leaf index * 2**level. Nothing here asks for one that reaches beyond the tree's size.

Specification: docs/reference/audit-log.md, section 5 (RFC 6962, section 2.1; checks: RFC 9162, section 2.1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from ..errors import LogTampered

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
MAX_SIZE = 2**63 - 1  # entries

Subtree: TypeAlias = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry. The prefix keeps an entry from posing as an inner node."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """What must be known of a tree to append to it and to know its root: at most 63 hashes.

    size: number of leaves. hashes: roots of the complete subtrees that the tree falls into, largest first,
    one for each bit set in `size`.
    """

    def __init__(self) -> None:
        self.size = 0
        self.hashes: list[bytes] = []

    @classmethod
    def of(cls, size: int, hashes: Sequence[bytes]) -> Frontier:
        """Return the frontier of a tree of `size` leaves. Raises: RuntimeError: another number of hashes."""
        if len(hashes) != size.bit_count() or any(len(each) != HASH_SIZE for each in hashes):
            raise RuntimeError(f"a tree of {size} leaves has a frontier of {size.bit_count()} hashes")
        frontier = cls()
        frontier.size = size
        frontier.hashes = list(hashes)
        return frontier

    @classmethod
    def read(cls, size: int, subtree: Subtree) -> Frontier:
        """Return the frontier of the first `size` leaves of a stored tree."""
        return cls.of(size, list(_complete(0, size, subtree)))

    def append(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        hashes = self.hashes
        merging = self.size
        while merging & 1:
            leaf = node_hash(hashes.pop(), leaf)
            merging >>= 1
        hashes.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes, in order."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Return the root of the tree as it stands."""
        return _fold(self.hashes)


def inclusion_proof(position: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return the hashes that lead from leaf `position` to the root of the first `size` leaves.

    position: from 0, below size. Returns: the leaf's sibling first, the root's child last.
    """
    if not 0 <= position < size:
        raise RuntimeError(f"a tree of {size} leaves has no leaf {position}")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if position < middle:
            path.append(_root(middle, end, subtree))
            end = middle
        else:
            path.append(_root(start, middle, subtree))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """Return the hashes that show that the first `old` of `new` leaves are still what they were.

    old: from 0 to `new`. Returns: an empty list where old is 0 or new: there is nothing to show.
    """
    if not 0 <= old <= new:
        raise RuntimeError(f"a tree of {new} leaves did not grow out of one of {old}")
    if old == 0:
        return []
    path = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_root(middle, end, subtree))
            end = middle
        else:
            path.append(_root(start, middle, subtree))
            start = middle
    if start:
        # Where start is 0, the remaining range is the old tree itself, whose root the reader holds.
        path.append(_root(start, end, subtree))
    return path[::-1]


def verify_inclusion(leaf: bytes, position: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if `leaf` is leaf `position` of the tree of `size` leaves with this root.

    Raises: LogTampered. Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= position < size:
        raise LogTampered("the proof is for an entry that its tree does not have", reference="log-inclusion")
    node, last, result = position, size - 1, leaf
    for hash_ in proof:
        if last == 0:
            raise LogTampered("the proof of inclusion is too long", reference="log-inclusion")
        if node & 1 or node == last:
            result = node_hash(hash_, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, hash_)
        node, last = node >> 1, last >> 1
    if last != 0 or result != root:
        raise LogTampered(
            "the entry does not stand where its proof says in the signed tree", reference="log-inclusion"
        )


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Return if the tree with `new_root` begins with the very leaves of the one with `old_root`.

    Raises: LogTampered. Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 <= old_size <= new_size:
        raise LogTampered("the later tree is smaller than the earlier one", reference="log-shrunk")
    if old_size in (0, new_size):
        same = old_root == (EMPTY_ROOT if old_size == 0 else new_root)
        if proof or not same:
            raise _inconsistent()
        return
    old, new = _consistency_roots(old_size, old_root, new_size, proof)
    if old != old_root or new != new_root:
        raise _inconsistent()


def _consistency_roots(
    old_size: int, old_root: bytes, new_size: int, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Return the two roots that the proof leads to."""
    path = list(proof)
    if old_size.bit_count() == 1:
        path.insert(0, old_root)  # a complete tree is a node of the later one; provers leave it out
    if not path:
        raise _inconsistent()
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for hash_ in path[1:]:
        if last == 0:
            raise _inconsistent()
        if node & 1 or node == last:
            old, new = node_hash(hash_, old), node_hash(hash_, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, hash_)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise _inconsistent()
    return old, new


def _inconsistent() -> LogTampered:
    return LogTampered(
        "the later tree did not grow out of the earlier one: entries were changed or taken away",
        reference="log-inconsistent",
    )


def _split(width: int) -> int:
    """The largest power of two below `width`, which is 2 or more."""
    return int(1 << (width - 1).bit_length() - 1)


def _complete(start: int, end: int, subtree: Subtree) -> Iterator[bytes]:
    """Roots of the complete subtrees that make up [start, end), largest first.

    start: a multiple of the largest power of two that fits into the range, as every range of a tree is.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield subtree(level, start >> level)
        start += 1 << level


def _root(start: int, end: int, subtree: Subtree) -> bytes:
    return _fold(list(_complete(start, end, subtree)))


def _fold(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees, largest first: the smaller ones on the right hang together first."""
    if not hashes:
        return EMPTY_ROOT
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result
