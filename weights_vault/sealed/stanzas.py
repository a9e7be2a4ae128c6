"""Stanzas of an age header: parsing to the letter, and writing.

Everything strict here keeps one header from having two encodings, and a small input from costing much.

Specification: docs/reference/sealed-format.md, section 4.1.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from .errors import HeaderMalformed

MAX_HEADER_SIZE = 16_384  # bytes, the line of the MAC included
MAX_STANZAS = 16
MAX_ARGUMENTS = 8  # of one stanza, its kind included

_VERSION_LINE = b"age-encryption.org/v1\n"
_COLUMNS = 64
_MAC_SIZE = 32
_ARGUMENT = re.compile(rb"[\x21-\x7e]+")


@dataclass(frozen=True)
class Stanza:
    """One `-> kind argument …` with its body."""

    kind: str
    arguments: tuple[str, ...]
    body: bytes


@dataclass(frozen=True)
class ParsedHeader:
    """A header in the right form; nothing in it is verified yet.

    authenticated: the bytes that the MAC covers, as received.
    mac: 32 bytes.
    size: bytes of the whole header; a body may follow.
    """

    stanzas: tuple[Stanza, ...]
    authenticated: bytes
    mac: bytes
    size: int


def encode_base64(data: bytes) -> str:
    """Return unpadded standard base64."""
    return base64.b64encode(data).decode("ascii").rstrip("=")


def decode_base64(text: str) -> bytes:
    """Return the bytes of canonical, unpadded standard base64.

    Raises: HeaderMalformed: padding, foreign characters, or leftover bits that are not zero.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise HeaderMalformed("the header holds base64 that cannot be read") from None
    if encode_base64(data) != text:
        raise HeaderMalformed("the header holds base64 that is not canonical")
    return data


def write_stanzas(stanzas: tuple[Stanza, ...]) -> bytes:
    """Return the header up to and including `---`: what the MAC covers."""
    lines = [_VERSION_LINE]
    for stanza in stanzas:
        lines.append(f"-> {' '.join((stanza.kind, *stanza.arguments))}\n".encode("ascii"))
        text = encode_base64(stanza.body)
        # Ends on a line shorter than 64 columns, also where that line is empty.
        for start in range(0, len(text) + 1, _COLUMNS):
            lines.append(text[start : start + _COLUMNS].encode("ascii") + b"\n")
    return b"".join(lines) + b"---"


def write_mac_line(mac: bytes) -> bytes:
    """Return what follows `---`."""
    return b" " + encode_base64(mac).encode("ascii") + b"\n"


def parse_header(data: bytes) -> ParsedHeader:
    """Read the header at the front of `data`; what follows it is not looked at.

    data: at least the header. Only the first MAX_HEADER_SIZE bytes are read.
    Raises: HeaderMalformed.
    Source: docs/reference/sealed-format.md, section 4.1.
    """
    if not data.startswith(_VERSION_LINE):
        raise HeaderMalformed("this does not begin like an age v1 file", reference="header-version")
    reader = _Lines(data[:MAX_HEADER_SIZE], len(_VERSION_LINE))
    stanzas: list[Stanza] = []
    while reader.peek(b"-> "):
        if len(stanzas) == MAX_STANZAS:
            raise HeaderMalformed(f"the header has more than {MAX_STANZAS} stanzas")
        stanzas.append(_read_stanza(reader))
    if not stanzas or not reader.peek(b"--- "):
        raise HeaderMalformed("the header has neither a stanza nor its last line where one must be")
    authenticated = data[: reader.position + len(b"---")]
    mac = decode_base64(reader.next_line()[len("--- ") :])
    if len(mac) != _MAC_SIZE:
        raise HeaderMalformed("the header's MAC is not 32 bytes long")
    return ParsedHeader(tuple(stanzas), authenticated, mac, reader.position)


class _Lines:
    """Lines of ASCII, ended by LF alone."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self.position = position

    def peek(self, prefix: bytes) -> bool:
        return self._data.startswith(prefix, self.position)

    def next_line(self) -> str:
        """The line at the position, without its LF; moves behind it. Raises: HeaderMalformed."""
        end = self._data.find(b"\n", self.position)
        if end < 0:
            raise HeaderMalformed("the header is cut short, or too long")
        line = self._data[self.position : end]
        self.position = end + 1
        try:
            return line.decode("ascii")
        except UnicodeDecodeError:
            raise HeaderMalformed("the header holds a byte that is not ASCII") from None


def _read_stanza(reader: _Lines) -> Stanza:
    words = reader.next_line()[len("-> ") :].split(" ")
    if len(words) > MAX_ARGUMENTS:
        raise HeaderMalformed(f"a stanza has more than {MAX_ARGUMENTS} arguments")
    if not all(_ARGUMENT.fullmatch(word.encode("ascii")) for word in words):
        raise HeaderMalformed("a stanza has an empty argument or one that cannot be printed")
    return Stanza(words[0], tuple(words[1:]), _read_stanza_body(reader))


def _read_stanza_body(reader: _Lines) -> bytes:
    text = ""
    while len(line := reader.next_line()) == _COLUMNS:
        text += line
    if len(line) > _COLUMNS:
        raise HeaderMalformed("a stanza's body has a line longer than 64 columns")
    return decode_base64(text + line)
