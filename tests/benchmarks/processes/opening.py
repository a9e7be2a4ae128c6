"""A body to be opened, as a recipient has it: header, identity, and the digests of the signed manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from weights_vault.sealed.body import BodyOpener, part_count
from weights_vault.sealed.header import GrantLabel, make_header, open_header
from weights_vault.sealed.keys import generate_identity, parse_identity_file, parse_recipient

LABEL = GrantLabel(grant="grt_bench", revision="rev_bench", file="fil_bench")
THREADS = 2


@dataclass(frozen=True)
class Sealed:
    """body: its file. digests: BLAKE3-256 of each sealed part, from the manifest."""

    body: Path
    size: int
    digests: list[str]
    opener: BodyOpener

    @property
    def parts(self) -> range:
        return range(part_count(self.size))


def prepare(what: Path, identity_file: Path, header_file: Path) -> None:
    """Make an identity and the header for it. what: written by `seal_file`."""
    identity = generate_identity("x25519")
    identity_file.write_text(identity.to_text() + "\n")
    recipient = parse_recipient(str(identity.recipient))
    header_file.write_bytes(make_header(bytes.fromhex(json.loads(what.read_text())["key"]), recipient, LABEL))


def read(what: Path, identity_file: Path, header_file: Path) -> Sealed:
    """Open the header and make what opens the body. The key that `seal_file` noted is not looked at."""
    noted = json.loads(what.read_text())
    key = open_header(header_file.read_bytes(), parse_identity_file(identity_file.read_text()), LABEL)
    opener = BodyOpener(key, bytes.fromhex(noted["nonce"]), noted["size"])
    return Sealed(Path(noted["body"]), noted["size"], [sealed for sealed, _ in noted["parts"]], opener)
