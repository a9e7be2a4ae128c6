"""The asking side: one connection a call, to the socket that KEEPER names.

A keeper that does not answer is a 503 with Retry-After, and only for what needs a key: pages, requests,
reviews and manifests stand in the database and go on.
"""

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from portal.core.problems import Unavailable
from weights_vault.keeping import wire

INPROCESS: Final = "inprocess"
VERSION: Final = 1
RETRY_S: Final = 5  # a keeper that is restarted is back by then
CONNECT_WITHIN_S: Final = 2.0
ANSWER_WITHIN_S: Final = 30.0
LONGEST_PATH: Final = 100  # bytes that the address of a Unix socket holds, and a little less


def is_apart() -> bool:
    """Whether the keys are in a process of their own. Raises: ImproperlyConfigured: KEEPER is neither."""
    if settings.KEEPER == INPROCESS:
        return False
    if not settings.KEEPER.startswith("unix:/"):
        raise ImproperlyConfigured("KEEPER must be unix:/path of the keeper's socket, or inprocess.")
    return True


def socket_path() -> Path:
    """Where the keeper listens. Raises: ImproperlyConfigured: KEEPER names no socket."""
    if not is_apart():
        raise ImproperlyConfigured("KEEPER is inprocess: there is no socket. Set it to unix:/path.")
    return Path(settings.KEEPER.removeprefix("unix:"))


def ask(call: str, arguments: Mapping[str, object]) -> Any:
    """Have the keeper do `call`; return its result, as JSON values.

    Raises: Problem: whatever the keeper says. Unavailable(keeper_away): it does not answer. RuntimeError: it
        failed, and its log says why; or a transaction is open here, in which it could wait for us forever.
    """
    _require_no_transaction(call)
    try:
        with _connected() as link:
            until = time.monotonic() + ANSWER_WITHIN_S
            wire.send(link, {"v": VERSION, "call": call, "arguments": dict(arguments)}, until=until)
            answer = wire.receive(link, max_bytes=wire.MAX_ANSWER_BYTES, until=until)
    except (OSError, wire.LinkBroken) as error:
        raise away() from error
    if not isinstance(answer, dict) or answer.get("v") != VERSION:
        raise RuntimeError("the keeper answers in a version that is not known here")
    problem = answer.get("problem")
    if isinstance(problem, dict):
        raise wire.read_problem(problem)
    if "result" not in answer:
        raise RuntimeError(f"the keeper failed at {call}; its log says why")
    return answer["result"]


def away() -> Unavailable:
    """What a caller is told while the keeper does not answer."""
    return Unavailable(
        "keeper_away",
        "The part of the portal that keeps its keys does not answer. What you have downloaded is kept.",
        "Run the same command again in a moment: a download goes on where it stopped.",
        retry_after_s=RETRY_S,
    )


def _require_no_transaction(call: str) -> None:
    # Rows that this one holds, the keeper would wait for; and it does not see what is not committed.
    if transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"the keeper was asked for {call} inside a transaction")


@contextmanager
def _connected() -> Iterator[socket.socket]:
    path = socket_path()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(CONNECT_WITHIN_S)
        with short_name(path) as name:
            link.connect(name)
        yield link


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """A name of `path` that fits into a socket's address, good inside the block."""
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
