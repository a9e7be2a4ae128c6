"""A timestamp server (RFC 3161) on a loopback port, with a key of its own; or one that misbehaves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from asn1crypto import tsp
from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from tests.unit.licenses.world import DAY, NOW

OF_SOMETHING_ELSE = b"\x11" * 32


def authority() -> DummyTimeStamper:
    """What stamps: a key, and a certificate that may do that alone."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Time for tests")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - 3650 * DAY)
        .not_valid_after(NOW + 3650 * DAY)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, hashes.SHA256())
    )
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return DummyTimeStamper(
        Certificate.load(certificate.public_bytes(serialization.Encoding.DER)), PrivateKeyInfo.load(der)
    )


class _Handler(BaseHTTPRequestHandler):
    way = "good"
    stamper: DummyTimeStamper

    def do_POST(self) -> None:
        question = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
        match self.way:
            case "failing":
                return self.send_error(500)
            case "nonsense":
                return self._answer(b"\x30\x82 this is no time")
            case "endless":
                return self._answer(b"\0" * 200_000)
            case "of something else":
                question["message_imprint"]["hashed_message"] = OF_SOMETHING_ELSE
            case "slow":
                return self._trickle()
        return self._answer(self.stamper.request_tsa_response(question).dump())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "60000")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"\0")
                self.wfile.flush()
                time.sleep(0.02)
        except OSError:
            pass  # the portal hung up: its patience has an end

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(way: str) -> Iterator[str]:
    """A server that behaves in `way`; yields its address."""
    handler = type("Handler", (_Handler,), {"way": way, "stamper": authority()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
