"""The keeper's socket: who may speak, how much at once, and an end that loses nothing.

The socket is 0600 in a folder 0700; where KEEPER_CLIENTS names other users, 0660, and the kernel's word on
who connected (SO_PEERCRED) decides. A connection is one call. What waits is bounded: beyond that the answer
is 503 at once. At the end the socket's name goes first, then what had connected is answered, then the
process ends; another keeper that started meanwhile has the name by then.
"""

import logging
import os
import selectors
import socket
import stat
import struct
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, close_old_connections, connection

from portal.core.problems import Problem, Unavailable, database_gave_up
from weights_vault.keeping import wire
from weights_vault.keeping.calls import CALLS
from weights_vault.keeping.door import RETRY_S, VERSION, short_name
from weights_vault.sealed.canonical import Json
from weights_vault.sealed.errors import Malformed
from weights_vault.sealed.fields import Fields

CALL_WITHIN_S: Final = 5.0  # a caller says what it wants within this
TAKE_WITHIN_S: Final = 30.0  # and takes the answer within this
MOST_WAITING: Final = 64
BACKLOG: Final = 128
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid

logger = logging.getLogger(__name__)


class Server:
    """Answers the calls that come to the socket `path`, `threads` at once.

    users: ids of the users, besides this process's own, that may ask. clock: the time of each call.
    """

    def __init__(
        self, path: Path, *, users: Collection[int], threads: int, clock: Callable[[], datetime]
    ) -> None:
        self._path = path
        self._users = frozenset({os.getuid(), *users})
        self._threads = threads
        self._clock = clock
        self._places = BoundedSemaphore(threads + MOST_WAITING)
        self._wake_end, self._wake = socket.socketpair()

    def stop(self) -> None:
        """Answer what has connected, then end. Safe in a signal handler."""
        with suppress(OSError):  # it has ended already
            self._wake.send(b"\0")

    def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop`. started: called when callers can connect."""
        with (
            self._wake,
            self._wake_end,
            self._listening() as door,
            ThreadPoolExecutor(self._threads, "keeper") as pool,
        ):
            mark = self._path.stat().st_ino
            started()
            self._until_stopped(door, pool)
            # Another keeper may have put its own socket here meanwhile: that one stays.
            if self._path.exists() and self._path.stat().st_ino == mark:
                self._path.unlink()
            while self._accept(door, pool):
                pass

    def _listening(self) -> socket.socket:
        close_folder(self._path.parent, for_others=len(self._users) > 1)
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        with short_name(draft) as name:
            door.bind(name)
        draft.chmod(0o660 if len(self._users) > 1 else 0o600)
        door.listen(BACKLOG)
        door.setblocking(False)
        # Callers find the old keeper's socket or this one, never none and never one that does not listen.
        draft.rename(self._path)
        return door

    def _until_stopped(self, door: socket.socket, pool: ThreadPoolExecutor) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(door, selectors.EVENT_READ)
            waiting.register(self._wake_end, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in waiting.select()}
                if self._wake_end in ready:
                    return
                self._accept(door, pool)

    def _accept(self, door: socket.socket, pool: ThreadPoolExecutor) -> bool:
        """Take one connection, if there is one."""
        try:
            link, _ = door.accept()
        except BlockingIOError:
            return False
        if self._places.acquire(blocking=False):
            pool.submit(self._serve, link)
        else:
            _refuse(link)
        return True

    def _serve(self, link: socket.socket) -> None:
        try:
            with link:
                self._talk(link)
        except wire.LinkBroken as error:
            logger.info("a caller was not served: %s", error)
        except Exception:
            logger.exception("the keeper failed at a call")
        finally:
            self._places.release()

    def _talk(self, link: socket.socket) -> None:
        peer = _CREDENTIALS.unpack(link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        if peer[1] not in self._users:
            logger.warning("user %d may not ask the keeper", peer[1])
            return
        within = time.monotonic() + CALL_WITHIN_S
        called = wire.receive(link, max_bytes=wire.MAX_CALL_BYTES, until=within)
        close_old_connections()
        try:
            answer = answer_to(called, self._clock())
        finally:
            close_old_connections()
        wire.send(link, answer, until=time.monotonic() + TAKE_WITHIN_S)


def answer_to(called: Json, now: datetime) -> dict[str, Any]:
    """The answer to one call: a result, a problem, or that the keeper failed, which its log explains."""
    try:
        fields = Fields(called, ("v", "call", "arguments"), Malformed, "the call")
        fields.number("v", VERSION, VERSION)
        perform = CALLS.get(fields.text("call"))
        if perform is None:
            raise Malformed("there is no such call")
        return {"v": VERSION, "result": perform(fields.value("arguments"), now)}
    except Problem as problem:
        return {"v": VERSION, "problem": wire.write_problem(problem)}
    except OperationalError as error:
        logger.warning("the database could not serve a call: %s", error)
        connection.close()
        return {"v": VERSION, "problem": wire.write_problem(database_gave_up())}
    except Exception:
        # The caller is told nothing more: what went wrong here can name what only the keeper knows.
        logger.exception("the keeper failed at a call")
        return {"v": VERSION, "failed": True}


def _refuse(link: socket.socket) -> None:
    busy = Unavailable("keeper_away", "The keeper has more to do than it can.", retry_after_s=RETRY_S)
    try:
        with link:
            answer = {"v": VERSION, "problem": wire.write_problem(busy)}
            wire.send(link, answer, until=time.monotonic() + 0.1)
    except wire.LinkBroken as error:
        logger.info("a caller was not served: %s", error)


def close_folder(folder: Path, *, for_others: bool) -> None:
    """Make the socket's folder, for its owner alone; for_others: its group may pass through.

    Raises: ImproperlyConfigured: anybody could put another socket there.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_ISVTX | stat.S_IWOTH):
        raise ImproperlyConfigured(f"KEEPER: {folder} must be a folder of the keeper's own.")
    folder.chmod(0o750 if for_others else 0o700)
