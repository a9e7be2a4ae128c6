"""What state.json says of a download folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

_WORDS = ("portal", "release", "revision", "grant", "manifest_sha256", "trusted_at")


@dataclass(frozen=True)
class FolderState:
    """What a folder holds.

    trusted_at: ISO time at which the signed documents were checked. include: the globs asked for so far, ()
    for everything. complete: all that was asked for is in. group: the folder's group may read it.
    rebuilt: state.json was damaged, and this was read from the rest (rebuilding.py); never written down.
    """

    portal: str
    release: str
    revision: str
    grant: str
    manifest_sha256: str
    trusted_at: str
    include: tuple[str, ...] = ()
    complete: bool = False
    group: bool = False
    rebuilt: bool = False

    def to_json(self) -> dict[str, Any]:
        """As it stands in state.json."""
        kept = asdict(self)
        del kept["rebuilt"]
        return kept


def state_of(found: Any) -> FolderState:
    """What a state.json says. Raises: KeyError, TypeError: it is not what `to_json` makes."""
    words = {name: found[name] for name in _WORDS}
    include, complete, group = found["include"], found["complete"], found.get("group", False)
    if not all(isinstance(word, str) for word in (*words.values(), *include)):
        raise TypeError("a word is none")
    if not isinstance(include, list) or not isinstance(complete, bool) or not isinstance(group, bool):
        raise TypeError("a field has another type")
    return FolderState(**words, include=tuple(include), complete=complete, group=group)
