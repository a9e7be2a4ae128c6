"""Whole age headers: wrapping a file key, and getting it back.

Knows nothing of grants: `header.py` adds the label, `challenge.py` does without.

Specification: docs/reference/sealed-format.md, sections 4.6 to 4.8.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import HeaderNotForYou, HeaderTampered
from .key_types import Identity
from .stanzas import ParsedHeader, Stanza, parse_header, write_mac_line, write_stanzas


@dataclass(frozen=True)
class OpenedHeader:
    """A header whose MAC holds.

    file_key: 16 bytes. size: bytes of the header; a body may follow.
    """

    file_key: bytes
    stanzas: tuple[Stanza, ...]
    size: int

    def __repr__(self) -> str:
        return f"<OpenedHeader of {self.size} bytes>"


def write_header(file_key: bytes, stanzas: tuple[Stanza, ...]) -> bytes:
    """Return the header with these stanzas and its MAC."""
    authenticated = write_stanzas(stanzas)
    return authenticated + write_mac_line(_header_mac(file_key, authenticated))


def read_header(data: bytes, identities: Sequence[Identity]) -> OpenedHeader:
    """Open the header at the front of `data`; what follows it is not looked at.

    Raises: HeaderMalformed; HeaderNotForYou: no identity fits; HeaderTampered: the MAC fails.
    Source: docs/reference/sealed-format.md, section 4.8, steps 1 to 3.
    """
    header = parse_header(data)
    file_key = _unwrap(header, identities)
    if not hmac.compare_digest(_header_mac(file_key, header.authenticated), header.mac):
        raise HeaderTampered("the header was changed after it was made: its MAC fails")
    return OpenedHeader(file_key, header.stanzas, header.size)


def _unwrap(header: ParsedHeader, identities: Sequence[Identity]) -> bytes:
    for identity in identities:
        # Every stanza is looked at, also after one fitted: a malformed one of this kind refuses the header.
        found = [key for stanza in header.stanzas if (key := identity.unwrap(stanza)) is not None]
        if found:
            return found[0]
    raise HeaderNotForYou("the header is for another recipient key")


def _header_mac(file_key: bytes, authenticated: bytes) -> bytes:
    mac_key = HKDF(SHA256(), 32, salt=b"", info=b"header").derive(file_key)
    return hmac.digest(mac_key, authenticated, hashlib.sha256)
