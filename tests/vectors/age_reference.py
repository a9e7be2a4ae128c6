"""A second age, for tests: written from the specification, sharing nothing with `weights_vault.sealed`.

Slow, plain, and willing to write what is wrong: each piece of a file can be bent. HPKE and X-Wing are done
here by hand, so that the hybrid is not compared with the very library call that the implementation makes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

CHUNK = 65_536
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def raw_base64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    extracted = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def bech32(prefix: str, data: bytes) -> str:
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    values = [int(bits[i : i + 5], 2) for i in range(0, len(bits), 5)]
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    checksum = 1
    for value in [*expanded, *values, 0, 0, 0, 0, 0, 0]:
        top, checksum = checksum >> 25, ((checksum & 0x1FFFFFF) << 5) ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= generator if top >> i & 1 else 0
    checksum ^= 1
    values += [checksum >> shift & 31 for shift in (25, 20, 15, 10, 5, 0)]
    return prefix + "1" + "".join(BECH32[value] for value in values)


@dataclass(frozen=True)
class X25519Key:
    secret: bytes = field(default_factory=lambda: os.urandom(32))

    @property
    def public(self) -> bytes:
        return X25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()

    @property
    def identity(self) -> str:
        return bech32("age-secret-key-", self.secret).upper()

    @property
    def recipient(self) -> str:
        return bech32("age", self.public)


@dataclass(frozen=True)
class HybridKey:
    seed: bytes = field(default_factory=lambda: os.urandom(32))

    @property
    def mlkem(self) -> MLKEM768PrivateKey:
        return MLKEM768PrivateKey.from_seed_bytes(hashlib.shake_256(self.seed).digest(96)[:64])

    @property
    def x25519(self) -> X25519Key:
        return X25519Key(hashlib.shake_256(self.seed).digest(96)[64:])

    @property
    def public(self) -> bytes:
        return self.mlkem.public_key().public_bytes_raw() + self.x25519.public

    @property
    def identity(self) -> str:
        return bech32("age-secret-key-pq-", self.seed).upper()

    @property
    def recipient(self) -> str:
        return bech32("age1pq", self.public)


def stanza(*words: str, body: bytes = b"") -> bytes:
    """One stanza, its body wrapped at 64 columns and ended by a shorter line."""
    text = raw_base64(body)
    lines = [text[i : i + 64] for i in range(0, len(text) + 1, 64)]
    return ("-> " + " ".join(words) + "\n" + "\n".join(lines) + "\n").encode()


def x25519_parts(file_key: bytes, recipient: bytes) -> tuple[bytes, bytes]:
    """The share and the body of an X25519 stanza."""
    ephemeral = X25519Key()
    shared = X25519PrivateKey.from_private_bytes(ephemeral.secret).exchange(
        X25519PublicKey.from_public_bytes(recipient)
    )
    return ephemeral.public, x25519_body(file_key, shared, ephemeral.public, recipient)


def x25519_body(file_key: bytes, shared: bytes, share: bytes, recipient: bytes) -> bytes:
    key = hkdf(shared, share + recipient, b"age-encryption.org/v1/X25519")
    return ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)


def hybrid_parts(file_key: bytes, key: HybridKey) -> tuple[bytes, bytes]:
    """The encapsulation and the body of an mlkem768x25519 stanza."""
    public = MLKEM768PublicKey.from_public_bytes(key.public[:1184])
    mlkem_secret, mlkem_ciphertext = public.encapsulate()
    ephemeral = X25519Key()
    x25519_secret = X25519PrivateKey.from_private_bytes(ephemeral.secret).exchange(
        X25519PublicKey.from_public_bytes(key.public[1184:])
    )
    shared = xwing(mlkem_secret, x25519_secret, ephemeral.public, key.public[1184:])
    return mlkem_ciphertext + ephemeral.public, hybrid_body(file_key, shared)


def hybrid_open(key: HybridKey, encapsulated: bytes, body: bytes) -> bytes:
    ciphertext, share = encapsulated[:1088], encapsulated[1088:]
    x25519_secret = X25519PrivateKey.from_private_bytes(key.x25519.secret).exchange(
        X25519PublicKey.from_public_bytes(share)
    )
    shared = xwing(key.mlkem.decapsulate(ciphertext), x25519_secret, share, key.x25519.public)
    aead_key, nonce = hpke_schedule(shared, b"age-encryption.org/mlkem768x25519")
    return ChaCha20Poly1305(aead_key).decrypt(nonce, body, b"")


def xwing(mlkem_secret: bytes, x25519_secret: bytes, share: bytes, recipient: bytes) -> bytes:
    return hashlib.sha3_256(mlkem_secret + x25519_secret + share + recipient + rb"\.//^\ "[:-1]).digest()


def hybrid_body(file_key: bytes, shared: bytes) -> bytes:
    aead_key, nonce = hpke_schedule(shared, b"age-encryption.org/mlkem768x25519")
    return ChaCha20Poly1305(aead_key).encrypt(nonce, file_key, b"")


def hpke_schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """RFC 9180, section 5.1, base mode; KEM 0x647a, KDF 0x0001, AEAD 0x0003. Returns key and nonce."""
    suite = b"HPKE\x64\x7a\x00\x01\x00\x03"

    def extract(salt: bytes, label: bytes, key: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")

    def expand(secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
        labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return hmac.digest(secret, labeled + b"\x01", "sha256")[:length]

    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    return expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)


def mac_line(file_key: bytes, authenticated: bytes) -> bytes:
    """What follows `---`."""
    mac = hmac.digest(hkdf(file_key, b"", b"header"), authenticated, "sha256")
    return b" " + raw_base64(mac).encode() + b"\n"


def header(file_key: bytes, *stanzas: bytes, version: bytes = b"age-encryption.org/v1\n") -> bytes:
    authenticated = version + b"".join(stanzas) + b"---"
    return authenticated + mac_line(file_key, authenticated)


@dataclass
class Stream:
    """A body written chunk by chunk, rightly or not. `plaintext` collects what was sealed."""

    file_key: bytes
    nonce: bytes = field(default_factory=lambda: os.urandom(16))
    chunks: list[bytes] = field(default_factory=list)
    plaintext: list[bytes] = field(default_factory=list)

    @property
    def key(self) -> bytes:
        return hkdf(self.file_key, self.nonce, b"payload")

    def add(self, size: int, *, last: bool = False, counter: int | None = None) -> Stream:
        """Seal `size` bytes chosen so that the ciphertext is all zeros: such vectors compress well."""
        number = len(self.chunks) if counter is None else counter
        nonce = number.to_bytes(11, "big") + bytes([last])
        # AEAD_CHACHA20_POLY1305 encrypts with the block counter from 1.
        cipher = Cipher(algorithms.ChaCha20(self.key, b"\x01\x00\x00\x00" + nonce), None)
        plaintext = cipher.encryptor().update(bytes(size))
        self.chunks.append(ChaCha20Poly1305(self.key).encrypt(nonce, plaintext, None))
        self.plaintext.append(plaintext)
        return self

    @property
    def body(self) -> bytes:
        return self.nonce + b"".join(self.chunks)


def seal(plaintext: bytes, *stanzas: bytes, file_key: bytes) -> bytes:
    """A whole age file."""
    nonce = os.urandom(16)
    cipher = ChaCha20Poly1305(hkdf(file_key, nonce, b"payload"))
    pieces = [plaintext[i : i + CHUNK] for i in range(0, len(plaintext), CHUNK)] or [b""]
    sealed = [
        cipher.encrypt(number.to_bytes(11, "big") + bytes([number == len(pieces) - 1]), piece, None)
        for number, piece in enumerate(pieces)
    ]
    return header(file_key, *stanzas) + nonce + b"".join(sealed)
