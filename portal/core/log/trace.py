"""The tree, made again from leaf hashes, and compared with the stored tiles as it grows."""

from django.db.models import Q

from portal.core.log.stored import read_tile
from portal.core.models import LogEntry, LogTile
from weights_vault.sealed.log.tiles import TILE_WIDTH
from weights_vault.sealed.log.tree import HASH_SIZE, Frontier


class Bad(Exception):
    """The first thing in the log that is not as it was signed.

    position: of the entry; where none can be named, of the first that may be it. event: its number, where
    there is one. said: what is wrong with it.
    """

    def __init__(self, said: str, position: int | None = None, event: int | None = None) -> None:
        names = [f"entry {position}"] if position is not None else []
        names += [f"event {event}"] if event is not None else []
        super().__init__(f"{', '.join(names)}: {said}" if names else said)
        self.said, self.position, self.event = said, position, event


def unlike(made: bytes, stored: bytes, start: int, said: str) -> Bad:
    """Return what is wrong where hashes differ. made, stored: 32 bytes a leaf, from leaf `start` on."""
    position = start + _first_difference(made, stored)
    event = LogEntry.objects.filter(position=position).values_list("event", flat=True).first()
    return Bad(said, position, event)


class Trace:
    """The tree as far as it was made again. Memory: the hashes of one tile a level."""

    def __init__(self) -> None:
        self._tiles = Frontier()  # of the roots of full tiles
        self._tile = Frontier()  # of the leaves of the last tile, while it is not full
        self._levels: list[list[bytes]] = [[]]  # level n: hashes of its last tile; none kept of level 0
        self._full = [0]  # level n: how many tiles are full

    @property
    def size(self) -> int:
        return self._tiles.size * TILE_WIDTH + self._tile.size

    def root(self) -> bytes:
        """Return the root of the leaves so far."""
        return Frontier.of(self.size, self._tiles.hashes + self._tile.hashes).root()

    def add(self, leaves: bytes) -> None:
        """Add leaves of the last tile. leaves: 32 bytes each; not more than the tile has room for.

        Raises: Bad: the stored tile has other hashes.
        """
        index, place = divmod(self.size, TILE_WIDTH)
        stored = read_tile(0, index)[place * HASH_SIZE :]
        if stored[: len(leaves)] != leaves:
            raise unlike(leaves, stored, self.size, "it is not what its leaf was made of")
        tile = self._tile
        for offset in range(0, len(leaves), HASH_SIZE):
            tile.append(leaves[offset : offset + HASH_SIZE])
        if tile.size == TILE_WIDTH:
            self._tile = Frontier()
            self._tiles.append(tile.hashes[0])
            self._close(0, tile.hashes[0])

    def finish(self) -> None:
        """Compare the tiles that are not full, and see that there are no others.

        Raises: Bad. The caller holds the log's lock, and nothing was placed after the last leaf added.
        """
        size, level = self.size, 0
        while size or not level:
            index, count = divmod(size, TILE_WIDTH)
            if level and count:
                self._compare(level, index, self._levels[level])
            if level == 0 and len(read_tile(0, index)) != count * HASH_SIZE:
                raise Bad("the last tile has more hashes than there are entries", self.size)
            self._nothing_more(Q(level=level, index__gte=index + (count > 0)))
            size, level = index, level + 1
        self._nothing_more(Q(level__gte=level))

    def _close(self, level: int, root: bytes) -> None:
        """A tile of `level` is full: its root goes to the level above."""
        self._full[level] += 1
        if len(self._levels) == level + 1:
            self._levels.append([])
            self._full.append(0)
        above = self._levels[level + 1]
        above.append(root)
        if len(above) == TILE_WIDTH:
            self._compare(level + 1, self._full[level + 1], above)
            made = Frontier()
            made.extend(above)
            self._levels[level + 1] = []
            self._close(level + 1, made.root())

    def _compare(self, level: int, index: int, hashes: list[bytes]) -> None:
        made, stored = b"".join(hashes), read_tile(level, index)
        if stored != made:
            first = (index * TILE_WIDTH + _first_difference(made, stored)) * TILE_WIDTH**level
            raise Bad(f"tile {level}/{index} is not the one of the entries from here on", first)

    def _nothing_more(self, where: Q) -> None:
        extra = LogTile.objects.filter(where).order_by("level", "index").first()
        if extra is not None:
            raise Bad(f"tile {extra.level}/{extra.index} belongs to no entries", self.size)


def _first_difference(made: bytes, stored: bytes) -> int:
    """The number of the first hash that differs, or that one of them lacks."""
    places = range(0, max(len(made), len(stored)), HASH_SIZE)
    differing = (i for i in places if made[i : i + HASH_SIZE] != stored[i : i + HASH_SIZE])
    return next(differing, 0) // HASH_SIZE
