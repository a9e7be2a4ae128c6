"""One message between keeper and caller: four bytes of length, then so many bytes of canonical JSON.

No pickle, no types of ours: what arrives is text, numbers, lists and objects, read strictly and bounded in
size, depth and time before anything looks at it. A domain error (`Problem`) passes whole, so that a caller
cannot tell from an answer where the keeper runs.
"""

import socket
import time
from collections.abc import Mapping
from typing import Any, Final

from portal.core import problems
from portal.core.problems import Invalid, Problem, TooMany, Unavailable
from weights_vault.sealed.canonical import Json, dumps, loads_strict

MAX_CALL_BYTES: Final = 256 << 10  # 500 files, their ids and what stands around them
MAX_ANSWER_BYTES: Final = 8 << 20  # 500 headers of 2 KB as base64 are 1.4 MB; room for a large trust document
_LENGTH_BYTES: Final = 4
_MAX_DEPTH: Final = 8
_MAX_ITEMS: Final = 65_536
_PIECE: Final = 256 << 10
_KINDS: Final[dict[str, type[Problem]]] = {
    kind.__name__: kind
    for kind in (
        problems.NotPermitted,
        problems.NotFound,
        problems.Conflict,
        problems.Invalid,
        problems.Unavailable,
        problems.TooMany,
    )
}


class LinkBroken(Exception):
    """The other side is gone, was too slow, or sent what is no message."""


def send(link: socket.socket, message: Mapping[str, object], *, until: float) -> None:
    """Send one message. until: `time.monotonic()` after which it is too late. Raises: LinkBroken."""
    data = dumps(message)
    try:
        link.settimeout(_left(until))
        link.sendall(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
    except OSError as error:
        raise LinkBroken(f"nothing more can be sent: {error}") from error


def receive(link: socket.socket, *, max_bytes: int, until: float) -> Json:
    """Return the value of one message. Raises: LinkBroken."""
    size = int.from_bytes(_read(link, _LENGTH_BYTES, until), "big")
    if size > max_bytes:
        raise LinkBroken(f"a message of {size:,} bytes; at most {max_bytes:,} are read")
    data = _read(link, size, until)
    try:
        return loads_strict(data, max_bytes=max_bytes, max_depth=_MAX_DEPTH, max_items=_MAX_ITEMS)
    except Exception as error:  # whatever is wrong with it, it is no message
        raise LinkBroken(f"no message: {type(error).__name__}") from error


def _read(link: socket.socket, size: int, until: float) -> bytes:
    data = bytearray()
    while len(data) < size:
        try:
            link.settimeout(_left(until))
            piece = link.recv(min(size - len(data), _PIECE))
        except OSError as error:
            raise LinkBroken(f"nothing more comes: {error}") from error
        if not piece:
            raise LinkBroken("the other side ended in the middle of a message")
        data += piece
    return bytes(data)


def _left(until: float) -> float:
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise LinkBroken("too slow")
    return left_s


def write_problem(problem: Problem) -> dict[str, Any]:
    """The problem as JSON values; `read_problem` makes the same of it again."""
    kind = next((name for name, known in _KINDS.items() if isinstance(problem, known)), "Problem")
    return {
        "kind": kind,
        "code": problem.code,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "next_step": problem.next_step,
        "extra": problem.extra,
        "retry_after_s": getattr(problem, "retry_after_s", None),
    }


def read_problem(told: Mapping[str, Any]) -> Problem:
    """The problem that the keeper met."""
    kind = _KINDS.get(told["kind"], Problem)
    extra, said = dict(told["extra"]), (told["code"], told["detail"], told["next_step"])
    words: dict[str, Any] = {"title": told["title"], "status": told["status"]}
    if issubclass(kind, Unavailable | TooMany):
        return kind(*said, retry_after_s=told["retry_after_s"], extra=extra, **words)
    if issubclass(kind, Invalid):
        return kind(*said, errors=extra.pop("errors", None), extra=extra, **words)
    return kind(*said, extra=extra, **words)
