"""A portal in memory that speaks the API `weights` uses, with real signatures and real sealed bytes.

Everything is open to the test that runs it: state is plain attributes, answers can be replaced, and
deliveries can be made to fail one by one. It stands on http.server with a thread a connection, on a free port
of this machine.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.simulators.faults import Fault
from tests.simulators.portal_handler import PortalHandler
from tests.simulators.sealed_release import (
    RELEASE,
    SealedFile,
    SealedRelease,
    make_release,
    seal_files,
    small_files,
)
from weights_vault.sealed.challenge import Challenge, check_answer, seal_challenge
from weights_vault.sealed.header import GrantLabel, make_header
from weights_vault.sealed.keys import parse_recipient
from weights_vault.sealed.manifest import envelope_digest, sign_manifest
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import ROLES, Head, TrustDocument, fingerprint, sign_head, sign_trust

GRANT = "grt_simulated"
ACCOUNT = "usr_simulated"
TOKEN = "wp_simulated-token-0123456789"
ALLOWED: dict[str, Any] = {"allowed": True, "code": None, "message": "", "next_step": "", "grant": GRANT}


@dataclass
class Key:
    """A recipient key of the one account. proof: what its challenge's nonce demands."""

    id: str
    recipient: str
    name: str
    state: str = "challenged"
    challenge: Challenge | None = None

    @property
    def kind(self) -> str:
        """x25519 or mlkem768x25519."""
        return parse_recipient(self.recipient).kind


@dataclass
class Pending:
    """A pending action. polls: how often it was looked at; then `becomes` is its state."""

    id: str
    kind: str
    key: Key
    becomes: str = "confirmed"
    polls: int = 1


@dataclass
class Sent:
    """One answered delivery: which file, which half-open range, how many bytes went out."""

    file: str
    start: int
    end: int
    count: int = 0


@dataclass
class Answer:
    """An answer that replaces the portal's own."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    write: Callable[[Any], None] | None = None


class _Server(ThreadingHTTPServer):
    """Keeps the simulator's own mistakes for its end; a client that hangs up is none."""

    daemon_threads = True

    def __init__(self, portal: SimulatedPortal) -> None:
        super().__init__(("127.0.0.1", 0), PortalHandler)
        self.portal = portal
        self.mistakes: list[BaseException] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note what went wrong in a handler."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError):
            self.mistakes.append(error)


class SimulatedPortal:
    """The simulator. Use as a context manager; `url` is where it listens."""

    def __init__(self, sealed: Sequence[SealedFile] | None = None) -> None:
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.store_url: str | None = None
        self.signing = {role: SigningKey.generate() for role in ROLES}
        self.clock_offset = timedelta(0)
        self.access: dict[str, Any] = dict(ALLOWED)
        self.token_alive = True
        self.url_lifetime_s = 600.0
        self.keys: dict[str, Key] = {}
        self.pending: dict[str, Pending] = {}
        self.pending_becomes = "confirmed"
        self.answers: dict[str, deque[Answer] | Answer] = {}
        self.faults: deque[Fault] = deque()
        self.every_fault: Fault | None = None
        self.bytes_per_s = 0.0
        self.sent: list[Sent] = []
        self.asked: list[tuple[str, str]] = []
        self.closing = threading.Event()
        self.head_changes: dict[str, Any] = {}
        self.releases: dict[str, SealedRelease] = {}
        self.manifests: dict[str, bytes] = {}
        self.withdrawn: tuple[str, ...] = ()
        self.urls: dict[str, tuple[str, datetime]] = {}
        self.lock = threading.Lock()
        self.publish(make_release(sealed or seal_files(small_files()), portal=self.url))

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._server.mistakes and error is None:
            raise AssertionError("the simulator made a mistake") from self._server.mistakes[0]

    @property
    def now(self) -> datetime:
        """The portal's clock, which a test may set off."""
        return datetime.now(UTC) + self.clock_offset

    @property
    def fingerprint(self) -> str:
        """What people compare and `--portal-key` takes."""
        return fingerprint(self.signing["root"].public)

    @property
    def release(self) -> SealedRelease:
        """The current revision."""
        return self.releases[self.current]

    def publish(self, release: SealedRelease, envelope: bytes | None = None) -> None:
        """Make a revision the current one. envelope: in place of a rightly signed manifest."""
        self.current = release.manifest.revision
        self.releases[self.current] = release
        self.manifests[self.current] = envelope or sign_manifest(release.manifest, self.signing["manifest"])

    def trust(self, **changes: Any) -> bytes:
        """The trust document's envelope; changes: other values for its fields."""
        fields: dict[str, Any] = {
            "portal": self.url,
            "sequence": 1,
            "issued": self.now - timedelta(hours=1),
            "expires": self.now + timedelta(days=300),
            "keys": {role: (key.public,) for role, key in self.signing.items()},
        }
        return sign_trust(TrustDocument(**(fields | changes)), self.signing["root"])

    def head(self, **changes: Any) -> bytes:
        """The head's envelope; changes: other values for its fields."""
        digests = {name: envelope_digest(envelope) for name, envelope in self.manifests.items()}
        fields: dict[str, Any] = {
            "portal": self.url,
            "release": RELEASE,
            "sequence": self.release.manifest.sequence,
            "revision": self.current,
            "manifest_sha256": digests[self.current],
            "withdrawn": self.withdrawn,
            "revisions": {name: sha256 for name, sha256 in digests.items() if name not in self.withdrawn},
            "issued": self.now - timedelta(minutes=5),
            "expires": self.now + timedelta(hours=23),
        }
        return sign_head(Head(**(fields | self.head_changes | changes)), self.signing["head"])

    def answer(self, path: str, *answers: Answer) -> None:
        """Answer the next requests for an API path with these, then as usual again."""
        self.answers[f"/api/v1{path}"] = deque(answers)

    def always(self, path: str, answer: Answer) -> None:
        """Answer every request for an API path with this."""
        self.answers[f"/api/v1{path}"] = answer

    def taken_answer(self, path: str) -> Answer | None:
        """The replacement for this request, if a test put one there."""
        with self.lock:
            found = self.answers.get(path)
            if isinstance(found, deque):
                return found.popleft() if found else None
            return found

    def taken_fault(self) -> Fault | None:
        """The fault for this delivery, if any."""
        with self.lock:
            return self.faults.popleft() if self.faults else self.every_fault

    def add_key(self, recipient: str) -> Key:
        """Enroll a key without the ceremony."""
        key = Key(f"key_{secrets.token_hex(6)}", recipient, "made by a test", state="active")
        self.keys[key.id] = key
        return key

    def start_key(self, recipient: str, name: str) -> tuple[Key, bytes]:
        """A challenged key and its sealed challenge."""
        parsed = parse_recipient(recipient)
        challenge = Challenge(
            origin=self.url,
            account=ACCOUNT,
            recipient=str(parsed),
            nonce=secrets.token_bytes(32),
            expires=self.now + timedelta(minutes=10),
        )
        key = Key(f"key_{secrets.token_hex(6)}", recipient, name, challenge=challenge)
        self.keys[key.id] = key
        return key, seal_challenge(challenge)

    def prove_key(self, key: Key, answer: str) -> Pending | None:
        """The pending action after a right answer, None after a wrong one."""
        if key.challenge is None or not check_answer(key.challenge, answer):
            return None
        key.state = "proven"
        return self.pend("enroll_key", key)

    def pend(self, kind: str, key: Key) -> Pending:
        """A new pending action."""
        pending = Pending(f"act_{secrets.token_hex(6)}", kind, key, becomes=self.pending_becomes)
        self.pending[pending.id] = pending
        return pending

    def poll(self, pending: Pending) -> str:
        """The state of a pending action, which ends after some polls."""
        if pending.polls > 0:
            pending.polls -= 1
            return "pending"
        if pending.becomes == "confirmed":
            pending.key.state = "active" if pending.kind == "enroll_key" else "removed"
        return pending.becomes

    def header(self, revision: str, key: Key, file_id: str) -> str:
        """A header in base64, made for a key."""
        release = self.releases[revision]
        label = GrantLabel(grant=GRANT, revision=release.manifest.revision_id, file=file_id)
        header = make_header(release.files[file_id].key, parse_recipient(key.recipient), label)
        return base64.b64encode(header).decode()

    def sign_url(self, file_id: str) -> str:
        """A URL of a file's body that lives url_lifetime_s; at `store_url`, where another store stands in."""
        name = secrets.token_hex(16)
        self.urls[name] = (file_id, self.now + timedelta(seconds=self.url_lifetime_s))
        signature = hashlib.sha256(name.encode()).hexdigest()
        return (
            f"{self.store_url or self.url}/delivery/{name}?key=k1&issued=1&lifetime=600&signature={signature}"
        )

    def body_of(self, file_id: str) -> bytes:
        """The stored object of a file."""
        return next(
            release.files[file_id].body for release in self.releases.values() if file_id in release.files
        )
