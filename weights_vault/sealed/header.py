"""Headers of a grant: who may open which file, and by which grant.

The label is no evidence (whoever knows the file key can forge one) but it keeps a header from being used
for another grant, revision or file by mistake or by a mix-up on the way, also where the file key would fit.

Specification: docs/reference/sealed-format.md, sections 4.5, 4.7 and 4.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .age import read_header, write_header
from .errors import HeaderMalformed, HeaderMislabeled
from .fields import ID
from .key_types import Identity, Recipient
from .stanzas import MAX_HEADER_SIZE, Stanza

LABEL_KIND = "weights-portal/grant"


@dataclass(frozen=True)
class GrantLabel:
    """The ids of the grant, the revision and the file that a header is made for."""

    grant: str
    revision: str
    file: str

    def __post_init__(self) -> None:
        if not all(ID.fullmatch(word) for word in (self.grant, self.revision, self.file)):
            raise HeaderMalformed("a label has ids of 1 to 64 letters, digits, dots, dashes and underscores")


def make_header(file_key: bytes, recipient: Recipient, label: GrantLabel) -> bytes:
    """Return a header that gives `recipient` the 16-byte `file_key`, labeled.

    Source: docs/reference/sealed-format.md, section 4.7.
    """
    return write_header(file_key, (recipient.wrap(file_key), _label_stanza(label)))


def open_header(header: bytes, identities: Sequence[Identity], expected: GrantLabel) -> bytes:
    """Return the 16-byte file key of a header made for `expected`.

    header: the header alone; nothing may follow it.
    Raises: HeaderMalformed; HeaderNotForYou: no identity fits; HeaderTampered: its MAC fails;
        HeaderMislabeled: for another grant, revision or file, or not labeled exactly once.
    Source: docs/reference/sealed-format.md, section 4.8.
    """
    if len(header) > MAX_HEADER_SIZE:
        raise HeaderMalformed(f"a header has at most {MAX_HEADER_SIZE} bytes")
    opened = read_header(header, identities)
    if opened.size != len(header):
        raise HeaderMalformed("something follows the header")
    labels = [stanza for stanza in opened.stanzas if stanza.kind == LABEL_KIND]
    if labels != [_label_stanza(expected)]:
        raise HeaderMislabeled("the header was made for another grant, revision or file")
    return opened.file_key


def _label_stanza(label: GrantLabel) -> Stanza:
    return Stanza(LABEL_KIND, (label.grant, label.revision, label.file), b"")
