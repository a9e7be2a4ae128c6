"""A store that says whatever a test has it say, byte by byte: half an answer, two, none, a reset, a flood.

It stands on asyncio and bare sockets, because a library for servers would mend what must be broken here. It
takes the URLs of a simulated portal, which sends recipients to it for as long as it runs.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeAlias

from tests.simulators.portal import SimulatedPortal

PIECE = 64 << 10
_REQUEST = re.compile(rb"GET /delivery/([0-9a-f]+)\?\S+ HTTP/1\.1\r\n")
_RANGE = re.compile(rb"\r\nRange: bytes=(\d+)-(\d+)\r\n")


@dataclass
class Talk:
    """One request, and the bare connection to whoever asked.

    request: its head as it came. body: the stored object; start, end: the range asked for, half-open.
    sent: bytes that were taken off us so far, by the kernel at least. goes_on: whether another request is
    read. over: set when all was said, or nobody took it any more.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: bytes
    body: bytes
    start: int
    end: int
    sent: int = 0
    goes_on: bool = True
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def wanted(self) -> bytes:
        """The bytes that were asked for."""
        return self.body[self.start : self.end]

    def head(self, status: str = "206 Partial Content", **headers: str | None) -> bytes:
        """The head of an answer; `content_length="5"` sets a header, None leaves one out."""
        fields: dict[str, str | None] = {
            "content_length": str(self.end - self.start),
            "content_range": f"bytes {self.start}-{self.end - 1}/{len(self.body)}",
            "etag": '"one"',
        }
        lines = [
            f"{name.replace('_', '-').title()}: {value}"
            for name, value in (fields | headers).items()
            if value is not None
        ]
        return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")

    async def say(self, data: bytes) -> None:
        """Send bytes."""
        for offset in range(0, len(data), PIECE):
            piece = data[offset : offset + PIECE]
            self.writer.write(piece)
            await self.writer.drain()
            # On a broken connection `drain` may return at once, over TLS for ever; the loop, which would tell
            # us that it broke, then never gets its turn.
            await asyncio.sleep(0)
            self.sent += len(piece)

    async def drip(self, data: bytes, pause_s: float) -> None:
        """Send bytes one by one."""
        for index in range(len(data)):
            await self.say(data[index : index + 1])
            await asyncio.sleep(pause_s)

    async def flood(self, data: bytes) -> None:
        """Send the same again and again, until nobody takes it any more."""
        while True:
            await self.say(data)

    async def silence(self) -> None:
        """Say nothing, on an open connection, until the other side ends it."""
        while await self.reader.read(PIECE):
            pass

    def hang_up(self) -> None:
        """End the connection in order after this."""
        self.goes_on = False

    def end_our_half(self) -> None:
        """Send no more, and go on listening: a half-open connection. TLS has none."""
        self.writer.write_eof()

    async def reset(self) -> None:
        """Break the connection off with a reset, once what was said has left."""
        sock = self.writer.get_extra_info("socket")
        while self.writer.transport.get_write_buffer_size():
            await asyncio.sleep(0.001)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        self.goes_on = False


Script: TypeAlias = Callable[[Talk], Awaitable[None]]


async def as_asked(talk: Talk) -> None:
    """No fault: the range, as asked."""
    await talk.say(talk.head() + talk.wanted)


@dataclass
class MisbehavingStore:
    """The store. Use as a context manager, inside that of its portal.

    script: what is said to each request. first: to the first ones, before it. tls: for https. greeting: said
    to whoever connects, before any request, if not None. talks: every request that came.
    """

    portal: SimulatedPortal
    script: Script = as_asked
    first: deque[Script] = field(default_factory=deque)
    tls: ssl.SSLContext | None = None
    greeting: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None
    talks: list[Talk] = field(default_factory=list)
    mistakes: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        port = server.sockets[0].getsockname()[1]
        self.portal.store_url = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.portal.store_url = None
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self.mistakes and error is None:
            raise AssertionError("the store made a mistake") from self.mistakes[0]

    @property
    def sent(self) -> int:
        """Bytes of all answers."""
        return sum(talk.sent for talk in self.talks)

    async def _open(self) -> asyncio.Server:
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, ssl=self.tls)
        return self._server

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()  # what nobody takes any more keeps nobody waiting
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.greeting is not None:
                await self.greeting(reader, writer)
            talk: Talk | None = None
            while (talk is None or talk.goes_on) and (talk := await self._asked(reader, writer)):
                self.talks.append(talk)
                try:
                    await (self.first.popleft() if self.first else self.script)(talk)
                finally:
                    talk.over.set()
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass  # the client had enough
        except Exception as error:
            self.mistakes.append(error)
        finally:
            writer.close()

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Talk | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        asked, wanted = _REQUEST.match(head), _RANGE.search(head)
        if asked is None or wanted is None:
            raise AssertionError(f"not a request of ours: {head!r}")
        file_id, _ = self.portal.urls[asked[1].decode()]
        body = self.portal.body_of(file_id)
        return Talk(reader, writer, head, body, int(wanted[1]), int(wanted[2]) + 1)
