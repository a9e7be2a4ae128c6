"""Tiles: the tree's hashes in pieces of 256, so that a proof reads few rows and appending rewrites few.

Tile `index` of level n holds the roots of the complete subtrees of 256**n leaves, 32 bytes each, from
subtree index * 256 on. The last tile of a level grows; a full one never changes.

Specification: docs/reference/audit-log.md, section 6 (C2SP tlog-tiles).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..errors import LogMalformed
from .tree import HASH_SIZE, node_hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT  # hashes
TILE_SIZE = TILE_WIDTH * HASH_SIZE  # bytes of a full tile

Read: TypeAlias = Callable[[int, int], bytes]


class Tiles:
    """A stored tree. Keeps what it read: make one for each size, since the last tiles grow."""

    def __init__(self, read: Read) -> None:
        """read: (level, index) -> the tile's bytes, b"" where there is none."""
        self._read = read
        self._nodes: dict[tuple[int, int], list[list[bytes]]] = {}

    def subtree(self, level: int, index: int) -> bytes:
        """Return the root of the complete subtree of 2**level leaves that begins at index * 2**level.

        Reads at most one tile. Raises: LogMalformed: the tile is missing or too short.
        """
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile, place = divmod(index, TILE_WIDTH >> height)
        nodes = self._levels(tile_level, tile)[height]
        if place >= len(nodes):
            raise LogMalformed(
                f"tile {tile_level}/{tile} of the log is missing or cut short", reference="log-tile-short"
            )
        return nodes[place]

    def _levels(self, level: int, index: int) -> list[list[bytes]]:
        """The complete nodes of one tile: its hashes, then the pairs over them, up to its 8th level."""
        key = (level, index)
        if key not in self._nodes:
            nodes = [split_tile(self._read(level, index))]
            for _ in range(1, TILE_HEIGHT):
                below = nodes[-1]
                nodes.append([node_hash(*below[i : i + 2]) for i in range(0, len(below) - 1, 2)])
            self._nodes[key] = nodes
        return self._nodes[key]


def append(size: int, hashes: Sequence[bytes], read: Read) -> dict[tuple[int, int], bytes]:
    """Return the tiles to write when leaf hashes are appended to a tree of `size` leaves.

    hashes: of the new leaves, in order. read: (level, index) -> bytes of a tile as it stands; what it holds
        beyond `size` (a write that was cut off) is left out.
    Returns: (level, index) -> the tile's new bytes, 1 to TILE_SIZE of them.
    Raises: LogMalformed: a tile has fewer hashes than the tree's size asks for.
    """
    changed: dict[tuple[int, int], bytes] = {}
    level = 0
    while hashes:
        index, kept = divmod(size, TILE_WIDTH)
        held = b"".join(hashes)
        if kept:
            held = _first(read(level, index), kept, level, index) + held
        full = []
        for place, start in enumerate(range(0, len(held), TILE_SIZE)):
            tile = held[start : start + TILE_SIZE]
            changed[level, index + place] = tile
            if len(tile) == TILE_SIZE:
                full.append(tile_root(tile))
        size, hashes, level = index, full, level + 1
    return changed


def tile_root(tile: bytes) -> bytes:
    """Return the root over one full tile: a hash of the level above."""
    nodes = split_tile(tile)
    while len(nodes) > 1:
        nodes = [node_hash(nodes[i], nodes[i + 1]) for i in range(0, len(nodes), 2)]
    return nodes[0]


def split_tile(tile: bytes) -> list[bytes]:
    """Return a tile's hashes. Raises: LogMalformed: not whole hashes, or more than TILE_WIDTH."""
    if len(tile) % HASH_SIZE or len(tile) > TILE_SIZE:
        raise LogMalformed(f"a tile of the log has {len(tile)} bytes", reference="log-tile-size")
    return [tile[i : i + HASH_SIZE] for i in range(0, len(tile), HASH_SIZE)]


def _first(tile: bytes, count: int, level: int, index: int) -> bytes:
    if len(tile) < count * HASH_SIZE:
        raise LogMalformed(
            f"tile {level}/{index} of the log is missing or cut short", reference="log-tile-short"
        )
    return tile[: count * HASH_SIZE]
