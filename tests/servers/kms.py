"""A key service that speaks as much of AWS KMS as the portal uses, on a loopback port.

It checks each request's signature (Signature Version 4, computed here from its description, not by boto3),
encrypts for real, and authenticates the encryption context: what was wrapped in one opens in no other.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ACCESS_KEY, SECRET_KEY, REGION = "AKIDOFTHETESTS000000", "a secret of the tests alone", "eu-central-1"


class Refused(Exception):
    """One of KMS's exceptions, by its name."""


class KeyService:
    """keys: by id. refuse: what to answer everything with, "" for nothing. asked: (operation, context)."""

    def __init__(self) -> None:
        self.keys: dict[str, AESGCM] = {}
        self.refuse = ""
        self.asked: list[tuple[str, dict[str, str]]] = []

    def new_key(self, identifier: str) -> str:
        self.keys[identifier] = AESGCM(secrets.token_bytes(32))
        return identifier

    def answer(self, operation: str, body: dict[str, Any]) -> dict[str, str]:
        if self.refuse:
            raise Refused(self.refuse)
        name, context = str(body["KeyId"]).rpartition("/")[2], body.get("EncryptionContext", {})
        self.asked.append((operation, context))
        if name not in self.keys:
            raise Refused("NotFoundException")
        bound = json.dumps(context, sort_keys=True).encode()
        if operation == "Encrypt":
            nonce = secrets.token_bytes(12)
            sealed = self.keys[name].encrypt(nonce, base64.b64decode(body["Plaintext"]), bound)
            blob = name.encode().ljust(64, b"\0") + nonce + sealed
            return {"CiphertextBlob": base64.b64encode(blob).decode(), "KeyId": name}
        blob = base64.b64decode(body["CiphertextBlob"])
        if blob[:64].rstrip(b"\0") != name.encode():
            raise Refused("IncorrectKeyException")
        try:
            plain = self.keys[name].decrypt(blob[64:76], blob[76:], bound)
        except InvalidTag:
            raise Refused("InvalidCiphertextException") from None
        return {"Plaintext": base64.b64encode(plain).decode(), "KeyId": name}


class _Handler(BaseHTTPRequestHandler):
    service: KeyService

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            if not self._signed(data):
                raise Refused("IncompleteSignatureException")
            operation = self.headers["X-Amz-Target"].removeprefix("TrentService.")
            self._reply(200, self.service.answer(operation, json.loads(data)))
        except Refused as refused:
            self._reply(400, {"__type": str(refused), "message": "refused"})

    def _reply(self, status: int, answer: dict[str, str]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _signed(self, data: bytes) -> bool:
        """Whether the Authorization header is this request's, by the secret of ACCESS_KEY."""
        kind, _, rest = self.headers["Authorization"].partition(" ")
        parts = dict(item.strip().split("=", 1) for item in rest.split(","))
        identifier, day, region, service, end = parts["Credential"].split("/")
        if (kind, identifier, region, service) != ("AWS4-HMAC-SHA256", ACCESS_KEY, REGION, "kms"):
            return False
        names = parts["SignedHeaders"].split(";")
        lines = "".join(f"{name}:{self.headers[name].strip()}\n" for name in names)
        digest = hashlib.sha256(data).hexdigest()
        request = f"POST\n/\n\n{lines}\n{parts['SignedHeaders']}\n{digest}"
        scope = f"{day}/{region}/{service}/{end}"
        told = hashlib.sha256(request.encode()).hexdigest()
        text = f"{kind}\n{self.headers['X-Amz-Date']}\n{scope}\n{told}"
        key = f"AWS4{SECRET_KEY}".encode()
        for step in (day, region, service, end, text):
            key = hmac.digest(key, step.encode(), "sha256")
        return hmac.compare_digest(key.hex(), parts["Signature"])


@contextmanager
def key_service() -> Iterator[tuple[KeyService, str]]:
    """A running service and its address."""
    service = KeyService()
    handler = type("Handler", (_Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
