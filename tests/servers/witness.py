"""A witness of logs, as C2SP tlog-witness has it: one log, kept in memory, checked before it is cosigned."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from weights_vault.sealed.errors import LogMalformed, LogTampered, WrongSubject
from weights_vault.sealed.log.checkpoint import Checkpoint, open_checkpoint
from weights_vault.sealed.log.growth import parse_growth
from weights_vault.sealed.log.note import COSIGNATURE, NoteVerifier, cosignature
from weights_vault.sealed.log.tree import EMPTY_ROOT, verify_consistency
from weights_vault.sealed.signing import SigningKey


class Witness:
    """name: of its key. log: the key of the one log that it knows. seen: the last head that it cosigned."""

    def __init__(self, name: str, log: NoteVerifier, now: datetime) -> None:
        self.name, self.log, self.now = name, log, now
        self.key = SigningKey.generate()
        self.seen = Checkpoint(log.name, 0, EMPTY_ROOT)
        self.asked = 0
        self.url = ""

    @property
    def verifier(self) -> NoteVerifier:
        return NoteVerifier(self.name, self.key.public, COSIGNATURE)

    @property
    def setting(self) -> str:
        return f"{self.url} {self.verifier.text}"

    def answer(self, body: str) -> tuple[int, str, str]:
        """Status, content type and body of an answer to add-checkpoint."""
        self.asked += 1
        try:
            growth = parse_growth(body)
            head = open_checkpoint(growth.note, [self.log], self.log.name).checkpoint
        except LogMalformed as error:
            return 400, "text/plain", str(error)
        except WrongSubject:
            return 404, "text/plain", "unknown log"
        except LogTampered:
            return 403, "text/plain", "not signed by the log"
        if growth.old_size > head.size:
            return 400, "text/plain", "the old size is larger"
        if growth.old_size != self.seen.size:
            return 409, "text/x.tlog.size", f"{self.seen.size}\n"
        try:
            verify_consistency(self.seen.size, self.seen.root, head.size, head.root, growth.hashes)
        except LogTampered:
            return 422, "text/plain", "inconsistent"
        self.seen = head
        return 200, "text/plain", cosignature(growth.note, self.name, self.key, self.now)


@contextmanager
def serving(witness: Witness) -> Iterator[Witness]:
    """The witness at a loopback address of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found = self.path == "/prefix/add-checkpoint"
            status, kind, text = witness.answer(body) if found else (404, "text/plain", "no such address")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test says what happened."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        witness.url = f"http://127.0.0.1:{server.server_port}/prefix"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield witness
        finally:
            server.shutdown()
            thread.join()
