"""The private keys (age identities) on this machine: which there are, and which opens what was enrolled.

Files that `weights` makes stand 0600 in WEIGHTS_HOME/keys. A file that a person adds stays where it is; only
its path is remembered. Nothing here prints or returns the text of a private key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from weights_vault.client.clock import now
from weights_vault.client.errors import WrongUsage
from weights_vault.client.home import read_private
from weights_vault.client.output import typed
from weights_vault.client.settings import Settings
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.keys import Identity, generate_identity, parse_identity_file

FOLDER = "keys"
ADDED = "identities.json"


@dataclass(frozen=True)
class LocalIdentity:
    """An identity and the file it was read from."""

    identity: Identity
    path: Path

    @property
    def recipient(self) -> str:
        """The public half, as the portal knows it: `age1…` or `age1pq1…`."""
        return str(self.identity.recipient)


def read_identities(path: Path) -> list[LocalIdentity]:
    """The identities in an age key file.

    Raises: WrongUsage(identity-file-missing | identity-file-unusable | secret-file-exposed), whose words
    never repeat what the file holds.
    """
    try:
        text = read_private(path)
    except FileNotFoundError:
        raise WrongUsage(
            "identity-file-missing",
            f"There is no identity file {path}.",
            "The file does not exist.",
            "Name an age identity file, or leave --identity out to use the keys that `weights` made.",
        ) from None
    try:
        found = parse_identity_file(text)
    except SealedError as error:
        if error.reference == "key-file-encrypted":
            raise WrongUsage(
                "identity-file-unusable",
                f"{path} is encrypted.",
                "`weights` asks for no passphrase: it runs in jobs, where nobody could type one.",
                f"Decrypt it into a file of yours alone: (umask 077; age -d {typed(path)} > FILE)",
            ) from None
        raise WrongUsage(
            "identity-file-unusable",
            f"{path} holds no identity that can be used.",
            f"{error.reference}.",
            "It must be an age identity file, as `age-keygen -o FILE` or `weights keys create` makes it.",
        ) from None
    if not found:
        raise WrongUsage(
            "identity-file-unusable",
            f"{path} holds no identity.",
            "No line begins with AGE-SECRET-KEY-.",
            "It must be an age identity file, as `age-keygen -o FILE` or `weights keys create` makes it.",
        )
    return [LocalIdentity(identity, path) for identity in found]


def known_identities(settings: Settings) -> list[LocalIdentity]:
    """Every identity of this machine: made here, or added by path and still there."""
    made = sorted(settings.home.path(FOLDER).glob("*.txt"))
    added = [Path(entry) for entry in _added(settings)]
    return [
        identity
        for path in [*made, *(path for path in added if path.exists())]
        for identity in read_identities(path)
    ]


def create_identity(settings: Settings, kind: str, portal: str) -> LocalIdentity:
    """Make a private key and keep it, 0600, before its public half is shown to anybody.

    kind: "mlkem768x25519" (post-quantum hybrid) or "x25519".
    """
    identity = generate_identity(kind)
    recipient = identity.recipient
    name = "".join(char for char in recipient.fingerprint if char.isalnum() or char == "-")
    comments = f"# made by `weights` for {portal} on {now():%Y-%m-%d}\n# public key: {recipient}\n"
    path = settings.home.write_private(f"{FOLDER}/{name}.txt", f"{comments}{identity.to_text()}\n")
    return LocalIdentity(identity, path)


def remember_file(settings: Settings, path: Path) -> None:
    """Remember where an identity file is that a person added."""
    with settings.home.locked():
        files = [entry for entry in _added(settings) if entry != str(path.absolute())]
        settings.home.write_json(ADDED, {"files": [*files, str(path.absolute())]})


def find_identity(identities: Iterable[LocalIdentity], recipient: str) -> LocalIdentity | None:
    """The identity whose public half is this recipient."""
    return next((identity for identity in identities if identity.recipient == recipient), None)


def _added(settings: Settings) -> list[str]:
    found = settings.home.read_json(ADDED).get("files", [])
    return [entry for entry in found if isinstance(entry, str)] if isinstance(found, list) else []
