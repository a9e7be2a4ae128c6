"""What every kind of recipient key has in common.

Specification: docs/reference/sealed-format.md, section 5.
"""

from __future__ import annotations

import base64
import hashlib
from abc import ABC, abstractmethod

from .stanzas import Stanza


class Recipient(ABC):
    """The public half: what a person enrolls and headers are made for. Immutable, equal by text."""

    kind: str
    postquantum: bool

    @abstractmethod
    def __str__(self) -> str:
        """Return the `age1…` text."""

    @abstractmethod
    def wrap(self, file_key: bytes) -> Stanza:
        """Return a stanza from which this recipient's identity alone gets the 16-byte `file_key`."""

    @property
    def fingerprint(self) -> str:
        """For people: 80 bits of the text's SHA-256, as in `wxyz-2345-abcd-efgh`."""
        short = (
            base64.b32encode(hashlib.sha256(str(self).encode("ascii")).digest()[:10]).decode("ascii").lower()
        )
        return "-".join(short[i : i + 4] for i in range(0, 16, 4))

    def __repr__(self) -> str:
        return f"<Recipient {self.kind} {self.fingerprint}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipient) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Identity(ABC):
    """The private half. Never leaves its owner's machine; `repr` and errors show nothing of it."""

    kind: str

    @property
    @abstractmethod
    def recipient(self) -> Recipient:
        """The public half."""

    @abstractmethod
    def to_text(self) -> str:
        """Return the `AGE-SECRET-KEY-…` line. A secret: for the key file alone."""

    @abstractmethod
    def unwrap(self, stanza: Stanza) -> bytes | None:
        """Return the 16-byte file key, or None where the stanza is of another kind or for somebody else.

        Raises: HeaderMalformed: of this kind, but not in its form (section 4.4).
        """

    def __repr__(self) -> str:
        return f"<Identity {self.kind} of {self.recipient.fingerprint}>"

    __str__ = __repr__
