"""The HTTP side of the simulated portal: routes, tokens, problem documents, ranges."""

from __future__ import annotations

import base64
import json
import re
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.simulators.faults import Delivery, served

if TYPE_CHECKING:
    from tests.simulators.portal import Answer, Key, Pending, SimulatedPortal

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_PUBLIC = re.compile(r"/api/v1/(trust.*|releases.*)")
_ENVELOPE = "application/vnd.dsse.envelope.v1+json"


class PortalHandler(BaseHTTPRequestHandler):
    """One connection to the simulator."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # header and body are two writes; 40 ms between them add up

    @property
    def portal(self) -> SimulatedPortal:
        """The simulator this connection belongs to."""
        return self.server.portal  # type: ignore[attr-defined,no-any-return]

    def log_message(self, *_: Any) -> None:
        """Say nothing: tests read `asked` and `sent`."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The portal's clock."""
        return format_datetime(self.portal.now, usegmt=True)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer("POST")

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        path = urlsplit(self.path).path
        try:
            if path.startswith("/delivery/"):
                self._deliver(path.removeprefix("/delivery/"))
                return
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
            self.portal.asked.append((method, path))
            replacement = self.portal.taken_answer(path)
            if replacement is not None:
                self._replace(replacement)
            elif not _PUBLIC.fullmatch(path) and not self._signed_in():
                self.problem(401, "login_required", "This token is not known, or it has ended.")
            else:
                self._route(method, path.removeprefix("/api/v1"), body or {})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _signed_in(self) -> bool:
        from tests.simulators.portal import TOKEN

        return self.portal.token_alive and self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _replace(self, answer: Answer) -> None:
        if answer.write is not None:
            answer.write(self)
            return
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(answer.body)),
        } | answer.headers
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _route(self, method: str, path: str, body: dict[str, Any]) -> None:
        for pattern, verb, answer in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                answer(self, *found.groups(), **({"body": body} if method == "POST" else {}))
                return
        self.problem(404, "not_found", "There is nothing here.")

    def reply(self, document: object, status: int = 200) -> None:
        """Answer JSON."""
        self.reply_bytes(json.dumps(document).encode(), "application/json", status)

    def reply_bytes(self, data: bytes, kind: str, status: int = 200) -> None:
        """Answer bytes."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def problem(self, status: int, code: str, detail: str, next_step: str = "Ask the simulator.") -> None:
        """Answer a problem document."""
        document = {"type": "about:blank", "title": "Not possible", "status": status, "detail": detail}
        data = json.dumps(document | {"code": code, "next_step": next_step}).encode()
        self.reply_bytes(data, "application/problem+json", status)

    def trust(self) -> None:
        """GET /trust."""
        self.reply_bytes(self.portal.trust(), _ENVELOPE)

    def successions(self) -> None:
        """GET /trust/successions: this portal has had one root alone."""
        self.reply({"successions": []})

    def me(self) -> None:
        """GET /me."""
        from tests.simulators.portal import ACCOUNT

        token = {
            "id": "tok_1",
            "name": "test",
            "scopes": ["read", "download"],
            "expires_at": "2026-12-01T00:00:00Z",
        }
        self.reply(
            {"id": ACCOUNT, "email": "r@example.org", "name": "R. Researcher", "roles": [], "token": token}
        )

    def end_token(self) -> None:
        """DELETE /me/token."""
        self.portal.token_alive = False
        self.send_response(204)
        self.end_headers()

    def releases(self) -> None:
        """GET /releases."""
        self.reply({"next": None, "previous": None, "results": [self._release()]})

    def release(self, slug: str) -> None:
        """GET /releases/{slug}."""
        from tests.simulators.sealed_release import RELEASE

        if slug != RELEASE:
            self.problem(404, "not_found", "There is no such release.")
            return
        manifest = self.portal.release.manifest
        files = [{"path": file.path, "kind": file.kind, "size": file.size} for file in manifest.files]
        revisions = [
            {"name": name, "state": "published", "published_at": None} for name in self.portal.releases
        ]
        self.reply(
            {**self._release(), "card": "# Card", "questions": [], "revisions": revisions, "files": files}
        )

    def head(self, slug: str) -> None:
        """GET /releases/{slug}/head."""
        self.reply_bytes(self.portal.head(), _ENVELOPE)

    def grants(self) -> None:
        """GET /grants."""
        from tests.simulators.portal import GRANT
        from tests.simulators.sealed_release import RELEASE

        grant = {
            "id": GRANT,
            "release": RELEASE,
            "state": "active",
            "ends_at": "2027-11-01T00:00:00Z",
            "reason": "",
        }
        self.reply({"next": None, "previous": None, "results": [grant]})

    def manifest(self, grant: str) -> None:
        """GET /grants/{id}/manifest."""
        if self._denied():
            return
        wanted = parse_qs(urlsplit(self.path).query).get("revision", [self.portal.current])[0]
        self.reply_bytes(self.portal.manifests[wanted], _ENVELOPE)

    def headers_for(self, grant: str, body: dict[str, Any]) -> None:
        """POST /grants/{id}/headers."""
        if self._denied():
            return
        key = self.portal.keys[body["key"]]
        made = [
            {"file": name, "header": self.portal.header(body["revision"], key, name)}
            for name in body["files"]
        ]
        self.reply({"headers": made})

    def urls(self, grant: str, body: dict[str, Any]) -> None:
        """POST /grants/{id}/urls."""
        if self._denied():
            return
        from datetime import timedelta

        made = [{"file": name, "url": self.portal.sign_url(name)} for name in body["files"]]
        expires = self.portal.now + timedelta(seconds=self.portal.url_lifetime_s)
        self.reply({"expires_at": expires.isoformat(), "urls": made})

    def keys(self) -> None:
        """GET /keys."""
        found = [self._key(key) for key in self.portal.keys.values()]
        self.reply({"next": None, "previous": None, "results": found})

    def start_key(self, body: dict[str, Any]) -> None:
        """POST /keys."""
        key, challenge = self.portal.start_key(body["recipient"], body["name"])
        expires = self.portal.now.isoformat()
        document = {"id": key.id, "state": key.state, "challenge": base64.b64encode(challenge).decode()}
        self.reply(document | {"expires_at": expires}, 201)

    def prove_key(self, key_id: str, body: dict[str, Any]) -> None:
        """POST /keys/{id}/proof."""
        pending = self.portal.prove_key(self.portal.keys[key_id], body["answer"])
        if pending is None:
            self.problem(400, "proof_wrong", "The answer is not right.")
        else:
            self.reply({"pending_action": self._pending(pending, "pending")}, 202)

    def remove_key(self, key_id: str) -> None:
        """DELETE /keys/{id}."""
        if key_id not in self.portal.keys:
            self.problem(404, "not_found", "There is no such key.")
            return
        pending = self.portal.pend("remove_key", self.portal.keys[key_id])
        self.reply({"pending_action": self._pending(pending, "pending")}, 202)

    def pending(self, pending_id: str) -> None:
        """GET /pending-actions/{id}."""
        pending = self.portal.pending[pending_id]
        self.reply(self._pending(pending, self.portal.poll(pending)))

    def _denied(self) -> bool:
        access = self.portal.access
        if not access["allowed"]:
            self.problem(403, access["code"], access["message"], access["next_step"])
        return not access["allowed"]

    def _release(self) -> dict[str, Any]:
        release, access = self.portal.release, self.portal.access
        if access["code"] == "no_recipient_key" and any(
            key.state == "active" for key in self.portal.keys.values()
        ):
            from tests.simulators.portal import ALLOWED

            access = self.portal.access = dict(ALLOWED)
        manifest = release.manifest
        revision = {
            "name": manifest.revision,
            "sequence": 1,
            "size": manifest.size,
            "files": len(manifest.files),
        }
        return {
            "slug": manifest.release,
            "title": "OPT tiny",
            "summary": "A small one.",
            "model": {"slug": "opt", "name": "OPT"},
            "license": {"id": "lic_1", "name": "OPT noncommercial", "number": 1, "sha256": "0" * 64},
            "revision": revision | {"published_at": "2026-11-01T00:00:00Z"},
            "access": access,
            "url": f"{self.portal.url}/releases/{manifest.release}/",
        }

    def _key(self, key: Key) -> dict[str, Any]:
        fields = {
            "id": key.id,
            "recipient": key.recipient,
            "kind": key.kind,
            "state": key.state,
            "name": key.name,
        }
        return fields | {"fingerprint": key.recipient[-8:]}

    def _pending(self, pending: Pending, state: str) -> dict[str, Any]:
        return {
            "id": pending.id,
            "kind": pending.kind,
            "summary": f"Enroll the key {pending.key.name}"
            if pending.kind == "enroll_key"
            else "Remove a key",
            "state": state,
            "code": "ABCD-1234",
            "url": f"{self.portal.url}/pending/{pending.id}/",
            "expires_at": self.portal.now.isoformat(),
            "result": {},
        }

    def _deliver(self, name: str) -> None:
        from tests.simulators.portal import Sent

        portal = self.portal
        file_id, expires = portal.urls.get(name, (None, portal.now))
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        if file_id is None or expires <= portal.now or asked is None:
            self.problem(403, "url_ended", "This URL has ended.")
            return
        body = portal.body_of(file_id)
        start, end = int(asked[1]), min(int(asked[2]) + 1, len(body))
        sent = Sent(file_id, start, end)
        portal.sent.append(sent)

        def count(size: int) -> None:
            sent.count += size

        tag = f'"{file_id}"'
        delivery = Delivery(self, body, start, end, tag, portal.closing, portal.bytes_per_s, count)
        (portal.taken_fault() or served)(delivery)


_ID = r"([A-Za-z0-9_.-]+)"
_ROUTES = (
    (r"/trust", "GET", PortalHandler.trust),
    (r"/trust/successions", "GET", PortalHandler.successions),
    (r"/me", "GET", PortalHandler.me),
    (r"/me/token", "DELETE", PortalHandler.end_token),
    (r"/releases", "GET", PortalHandler.releases),
    (rf"/releases/{_ID}", "GET", PortalHandler.release),
    (rf"/releases/{_ID}/head", "GET", PortalHandler.head),
    (r"/grants", "GET", PortalHandler.grants),
    (rf"/grants/{_ID}/manifest", "GET", PortalHandler.manifest),
    (rf"/grants/{_ID}/headers", "POST", PortalHandler.headers_for),
    (rf"/grants/{_ID}/urls", "POST", PortalHandler.urls),
    (r"/keys", "GET", PortalHandler.keys),
    (r"/keys", "POST", PortalHandler.start_key),
    (rf"/keys/{_ID}/proof", "POST", PortalHandler.prove_key),
    (rf"/keys/{_ID}", "DELETE", PortalHandler.remove_key),
    (rf"/pending-actions/{_ID}", "GET", PortalHandler.pending),
)
