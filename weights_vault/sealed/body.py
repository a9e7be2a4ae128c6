"""Bodies: what is stored once for everybody, part by part.

Invariant: one file key and nonce ever seal one plaintext. The chunk nonces are counters, so a second
plaintext under the same key would give away both and let anybody forge. Keys and nonces are made together
in `new_file_key` and `new_nonce`, and a sealer seals each part once.

Invariant: no unverified plaintext survives a failure. Decryption writes before the tag is known, so every
way out of `open_part` and `open_part_in_place` but success overwrites the whole output with zeros.

Specification: docs/reference/sealed-format.md, section 3.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import DigestMismatch, Malformed, PartTampered

FILE_KEY_SIZE = 16
NONCE_SIZE = 16
TAG_SIZE = 16
CHUNK_SIZE = 65_536
SEALED_CHUNK_SIZE = CHUNK_SIZE + TAG_SIZE
CHUNKS_PER_PART = 256
PLAIN_PART_SIZE = CHUNKS_PER_PART * CHUNK_SIZE  # 16 MiB of the file
PART_SIZE = CHUNKS_PER_PART * SEALED_CHUNK_SIZE  # the same, sealed
MAX_PLAIN_SIZE = 2**42  # 4 TiB
BODY_FORMAT = "age-v1-stream"

ReadableBuffer: TypeAlias = bytes | bytearray | memoryview
WritableBuffer: TypeAlias = bytearray | memoryview

_ZEROS = bytes(CHUNK_SIZE)
# Made once: 16,000 chunks a GiB go by under the interpreter's lock, and each microsecond there is time that
# the other thread waits.
_PLAIN_PLACES = tuple(slice(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE) for i in range(CHUNKS_PER_PART))
_SEALED_PLACES = tuple(
    slice(i * SEALED_CHUNK_SIZE, (i + 1) * SEALED_CHUNK_SIZE) for i in range(CHUNKS_PER_PART)
)


def new_file_key() -> bytes:
    """Return a fresh random file key, FILE_KEY_SIZE bytes."""
    return secrets.token_bytes(FILE_KEY_SIZE)


def new_nonce() -> bytes:
    """Return a fresh random body nonce, NONCE_SIZE bytes."""
    return secrets.token_bytes(NONCE_SIZE)


def chunk_count(plain_size: int) -> int:
    """Return how many chunks a file of `plain_size` bytes has; an empty file has one, which is empty."""
    return max(1, -(-_checked_size(plain_size) // CHUNK_SIZE))


def sealed_size(plain_size: int) -> int:
    """Return the bytes of the whole body of a file of `plain_size` bytes, nonce included."""
    return NONCE_SIZE + plain_size + TAG_SIZE * chunk_count(plain_size)


def plain_size_of(body_size: int) -> int:
    """Return the plaintext bytes of a body of `body_size` bytes, nonce included.

    Raises: Malformed: no file has a body of that size.
    """
    sealed = body_size - NONCE_SIZE
    chunks = -(-sealed // SEALED_CHUNK_SIZE)
    plain = sealed - TAG_SIZE * chunks
    if sealed < TAG_SIZE or plain > MAX_PLAIN_SIZE or plain < 0 or sealed_size(plain) != body_size:
        raise Malformed("no sealed file has a body of this size", reference="body-size-impossible")
    return plain


def part_count(plain_size: int) -> int:
    """Return how many parts a file of `plain_size` bytes has: at least one, also for an empty file."""
    return max(1, -(-_checked_size(plain_size) // PLAIN_PART_SIZE))


@dataclass(frozen=True)
class PartRange:
    """Where one part lies: byte offsets, start included, end not.

    body_start, body_end: in the body, whose first NONCE_SIZE bytes belong to no part.
    plain_start, plain_end: in the file.
    """

    index: int
    body_start: int
    body_end: int
    plain_start: int
    plain_end: int

    @property
    def sealed_size(self) -> int:
        """Bytes of the part in the body."""
        return self.body_end - self.body_start

    @property
    def plain_size(self) -> int:
        """Bytes of the part's plaintext."""
        return self.plain_end - self.plain_start


def part_range(index: int, plain_size: int) -> PartRange:
    """Return where part `index` (from 0) of a file of `plain_size` bytes lies.

    Source: docs/reference/sealed-format.md, section 3.3.
    """
    if not 0 <= index < part_count(plain_size):
        raise RuntimeError(f"a file of {plain_size} bytes has no part {index}")
    return PartRange(
        index=index,
        body_start=NONCE_SIZE + index * PART_SIZE,
        body_end=min(NONCE_SIZE + (index + 1) * PART_SIZE, sealed_size(plain_size)),
        plain_start=index * PLAIN_PART_SIZE,
        plain_end=min((index + 1) * PLAIN_PART_SIZE, plain_size),
    )


def part_digest(data: ReadableBuffer) -> str:
    """Return the BLAKE3-256 of `data` in lower-case hex."""
    return blake3.blake3(data).hexdigest()


def check_part_digest(data: ReadableBuffer, expected: str, *, index: int) -> None:
    """Compare a part, sealed or plain, with its signed digest.

    expected: BLAKE3-256 in lower-case hex, from the manifest. An empty one is a failure, never a pass.
    Raises: DigestMismatch.
    Source: docs/reference/sealed-format.md, section 3.5, step 2.
    """
    if not hmac.compare_digest(part_digest(data), expected):
        raise DigestMismatch(f"part {index} has another digest than the manifest says")


class BodySealer:
    """Seals the parts of one body, in any order, from any thread, each once."""

    def __init__(self, file_key: bytes, nonce: bytes, plain_size: int) -> None:
        self.plain_size = _checked_size(plain_size)
        self._cipher = _payload_cipher(file_key, nonce)
        self._sealed: set[int] = set()
        self._lock = threading.Lock()

    def seal_part(self, index: int, plaintext: ReadableBuffer, out: WritableBuffer) -> int:
        """Write the sealed bytes of one part to the front of `out`.

        index: number of the part, from 0.
        plaintext: exactly the part's bytes of the file.
        out: at least the part's sealed size, not overlapping `plaintext`.
        Returns: how many bytes of `out` were written.
        Raises: RuntimeError: sizes do not fit, or the part was sealed before (store those bytes again
            instead).
        Source: docs/reference/sealed-format.md, section 3.4.
        """
        where = part_range(index, self.plain_size)
        source, target = _byte_view(plaintext), _byte_view(out)
        if len(source) != where.plain_size or len(target) < where.sealed_size:
            raise RuntimeError(f"part {index} seals {where.plain_size} bytes into {where.sealed_size}")
        self._claim(index)
        target = target[: where.sealed_size]
        for chunk_nonce, plain, sealed in _chunks(where, self.plain_size):
            self._cipher.encrypt_into(chunk_nonce, source[plain], None, target[sealed])
        return where.sealed_size

    def _claim(self, index: int) -> None:
        with self._lock:
            if index in self._sealed:
                # A second, different plaintext under the same counters is the one catastrophe of this
                # format.
                raise RuntimeError(f"part {index} was sealed already")
            self._sealed.add(index)


class BodyOpener:
    """Opens the parts of one body, in any order, from any thread."""

    def __init__(self, file_key: bytes, nonce: bytes, plain_size: int) -> None:
        self.plain_size = _checked_size(plain_size)
        self._cipher = _payload_cipher(file_key, nonce)

    def open_part(self, index: int, sealed: ReadableBuffer, out: WritableBuffer) -> int:
        """Write the authenticated plaintext of one part to the front of `out`.

        index: number of the part, from 0.
        sealed: the part as received, its digest already checked (`check_part_digest`).
        out: at least the part's plain size, not overlapping `sealed`.
        Returns: how many bytes of `out` were written.
        Raises: PartTampered(index): wrong length, or a tag failed. All of `out` is then zeros.
            RuntimeError: `out` is too small, or there is no such part.
        Source: docs/reference/sealed-format.md, section 3.5.
        """
        where = part_range(index, self.plain_size)
        source, target = _byte_view(sealed), _byte_view(out)
        if len(target) < where.plain_size:
            raise RuntimeError(f"part {index} opens into {where.plain_size} bytes, not {len(target)}")
        with _wiped_unless_opened(index, target):
            if len(source) != where.sealed_size:
                raise PartTampered(index, f"part {index} has {len(source)} bytes, not {where.sealed_size}")
            opened = target[: where.plain_size]
            for chunk_nonce, plain_at, sealed_at in _chunks(where, self.plain_size):
                self._cipher.decrypt_into(chunk_nonce, source[sealed_at], None, opened[plain_at])
        return where.plain_size

    def open_part_in_place(self, index: int, buffer: WritableBuffer) -> list[memoryview]:
        """Open one part over its own sealed bytes: half the memory of `open_part`, and nothing copied.

        index: number of the part, from 0.
        buffer: exactly the part as received, its digest already checked (`check_part_digest`).
        Returns: the authenticated plaintext in order, a view into buffer a chunk (256 at most); their
            lengths add up to the part's plain size.
        Raises: PartTampered(index): wrong length, or a tag failed. All of `buffer` is then zeros, sealed
            bytes too. RuntimeError: there is no such part.
        Source: docs/reference/sealed-format.md, section 3.5.
        """
        where = part_range(index, self.plain_size)
        target = _byte_view(buffer)
        opened: list[memoryview] = []
        with _wiped_unless_opened(index, target):
            if len(target) != where.sealed_size:
                raise PartTampered(index, f"part {index} has {len(target)} bytes, not {where.sealed_size}")
            for chunk_nonce, _, sealed_at in _chunks(where, self.plain_size):
                # The output begins where its input does, which stream ciphers allow; the tag behind stays.
                sealed = target[sealed_at]
                plain = sealed[:-TAG_SIZE]
                self._cipher.decrypt_into(chunk_nonce, sealed, None, plain)
                opened.append(plain)
        return opened


def seal_body(file_key: bytes, nonce: bytes, plaintext: bytes) -> bytes:
    """Return the whole body, nonce included, of a plaintext that fits into memory."""
    body = bytearray(sealed_size(len(plaintext)))
    body[:NONCE_SIZE] = nonce
    sealer = BodySealer(file_key, nonce, len(plaintext))
    for index in range(part_count(len(plaintext))):
        where = part_range(index, len(plaintext))
        part = memoryview(plaintext)[where.plain_start : where.plain_end]
        sealer.seal_part(index, part, memoryview(body)[where.body_start : where.body_end])
    return bytes(body)


def open_body(file_key: bytes, body: bytes) -> bytes:
    """Return the plaintext of a whole body, nonce included, that fits into memory.

    Raises: Malformed: no body has this length. PartTampered: a tag failed; nothing is returned.
    """
    plain_size = plain_size_of(len(body))
    plaintext = bytearray(plain_size)
    opener = BodyOpener(file_key, body[:NONCE_SIZE], plain_size)
    for index in range(part_count(plain_size)):
        where = part_range(index, plain_size)
        part = memoryview(body)[where.body_start : where.body_end]
        opener.open_part(index, part, memoryview(plaintext)[where.plain_start : where.plain_end])
    return bytes(plaintext)


def _chunks(where: PartRange, plain_size: int) -> Iterator[tuple[bytes, slice, slice]]:
    """Yield a part's chunks in order (section 3.2): the AEAD nonce, and where it lies in the part's
    plaintext and in its sealed bytes.

    The file's size says which chunk is the last; slices end where a view ends, so that one needs no others.
    """
    last = chunk_count(plain_size) - 1
    first = where.index * CHUNKS_PER_PART
    for offset in range(min(CHUNKS_PER_PART, last - first + 1)):
        counter = first + offset
        flagged = counter << 8 | (counter == last)
        yield flagged.to_bytes(12, "big"), _PLAIN_PLACES[offset], _SEALED_PLACES[offset]


def _payload_cipher(file_key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    if len(file_key) != FILE_KEY_SIZE or len(nonce) != NONCE_SIZE:
        raise RuntimeError(f"a file key has {FILE_KEY_SIZE} bytes and a nonce {NONCE_SIZE}")
    return ChaCha20Poly1305(HKDF(SHA256(), 32, salt=nonce, info=b"payload").derive(file_key))


def _checked_size(plain_size: int) -> int:
    if not 0 <= plain_size <= MAX_PLAIN_SIZE:
        raise RuntimeError(f"a file has 0 to {MAX_PLAIN_SIZE} bytes, not {plain_size}")
    return plain_size


def _byte_view(buffer: ReadableBuffer) -> memoryview:
    return memoryview(buffer).cast("B")


@contextmanager
def _wiped_unless_opened(index: int, target: memoryview) -> Iterator[None]:
    """Leave no unverified plaintext of a part behind, whatever ends its opening (section 3.5, step 3)."""
    try:
        yield
    except InvalidTag:
        _wipe(target)
        raise PartTampered(index) from None
    except BaseException:
        _wipe(target)
        raise


def _wipe(target: memoryview) -> None:
    for start in range(0, len(target), CHUNK_SIZE):
        piece = target[start : start + CHUNK_SIZE]
        piece[:] = _ZEROS[: len(piece)]
