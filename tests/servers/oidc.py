"""A small OpenID provider: one person, no questions asked. What it checks it checks for real: the client's
secret, PKCE, that a code is used once."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET = "weights-portal", secrets.token_urlsafe(16)
KEY_ID = "2026-11"


class Provider:
    """claims: what it says of the person. Each code stands with the challenge that it was asked for with."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "0000-0002-1825-0097"}
        self.codes: dict[str, str] = {}
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.url = ""
        self.issuer = ""  # what its configuration and its tokens say; its own address where nothing is set
        self.audience = CLIENT
        self.said_apart: dict[str, Any] = {}  # of the person, in `userinfo` alone
        self.signs_with: rsa.RSAPrivateKey | None = self.key
        self.header: dict[str, Any] = {"kid": KEY_ID}
        self.gives_identity = True

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer or self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where the browser is sent: back, with a code."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked["code_challenge"]
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked: dict[str, str]) -> dict[str, Any] | None:
        """Return the tokens for a code; None for a wrong client, verifier, or a code that was used."""
        challenge = self.codes.pop(asked.get("code", ""), None)
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        proved = base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge
        if not proved or (asked.get("client_id"), asked.get("client_secret")) != (CLIENT, SECRET):
            return None
        now = int(time.time())
        said = {
            **self.claims,
            "iss": self.issuer or self.url,
            "aud": self.audience,
            "iat": now,
            "exp": now + 60,
        }
        algorithm = "RS256" if self.signs_with else "none"
        signed = jwt.encode(said, self.signs_with, algorithm=algorithm, headers=self.header)
        tokens = {"access_token": "at", "token_type": "Bearer", "expires_in": 60}
        return {**tokens, "id_token": signed} if self.gives_identity else tokens

    def keys(self) -> dict[str, Any]:
        """Return its public keys, as a JSON Web Key Set."""
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": KEY_ID, "alg": "RS256", "use": "sig"}]}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, _fields(urlsplit(self.path).query)
        if path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.provider.authorize(asked))
            self.end_headers()
        elif path == "/userinfo":
            self._say({**self.provider.claims, **self.provider.said_apart})
        elif path == "/keys":
            self._say(self.provider.keys())
        else:
            self._say(self.provider.configuration())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._say(self.provider.token(_fields(body)))

    def _say(self, document: dict[str, Any] | None) -> None:
        body = json.dumps(document or {"error": "invalid_grant"}).encode()
        self.send_response(200 if document else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: codes stand in the addresses."""


def _fields(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


@contextmanager
def provider() -> Iterator[Provider]:
    """A provider on a port of its own, for as long as the block runs."""
    made = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": made}))
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
