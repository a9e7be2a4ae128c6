"""Recipient keys as text: parsing what people paste, and making new ones.

What arrives here may be a private key pasted by mistake: no message repeats any of it.

Specification: docs/reference/sealed-format.md, section 5.
"""

from __future__ import annotations

import re

from . import bech32, hybrid, x25519
from .errors import KeyMalformed, KeyUnsuitable
from .key_types import Identity, Recipient

__all__ = [
    "Identity",
    "Recipient",
    "generate_identity",
    "parse_identity",
    "parse_identity_file",
    "parse_recipient",
]

MAX_KEY_LENGTH = 4_096  # characters of one key
MAX_IDENTITY_FILE_LENGTH = 65_536  # characters
MAX_IDENTITIES = 64

_PRIVATE_MARKS = ("age-secret-key-", "age-plugin-", "private key-----")
_FOREIGN_MARKS = ("ssh-", "ecdsa-", "sk-ssh-", "-----begin", "age1tag1", "age1tagpq1")
# age1<plugin>1…: the separator is the last 1, so a second one makes a plugin's or a hybrid recipient.
_PLUGIN_RECIPIENT = re.compile(r"age1(?!pq1)[a-z0-9+._-]+1[a-z0-9]+")


def generate_identity(kind: str = hybrid.KIND) -> Identity:
    """Return a new identity of `kind`, "mlkem768x25519" or "x25519"."""
    if kind == hybrid.KIND:
        return hybrid.HybridIdentity.generate()
    if kind == x25519.KIND:
        return x25519.X25519Identity.generate()
    raise RuntimeError("there are two kinds of recipient keys")


def parse_recipient(text: str) -> Recipient:
    """Return the recipient that `text` names, `age1…` or `age1pq1…`; white space around it is dropped.

    Raises: KeyMalformed: not a recipient in its canonical form.
        KeyUnsuitable: a private key, another kind of key, or one that protects nothing.
    Source: docs/reference/sealed-format.md, section 5.
    """
    text = _bounded(text)
    _refuse_private(text)
    _refuse_foreign(text)
    prefix, raw = bech32.decode(text)
    if prefix == hybrid.RECIPIENT_PREFIX:
        return hybrid.HybridRecipient(raw)
    if prefix == x25519.RECIPIENT_PREFIX:
        return x25519.X25519Recipient(raw)
    raise KeyMalformed("a recipient key begins with age1 or age1pq1, in lower case")


def parse_identity(text: str) -> Identity:
    """Return the identity of one `AGE-SECRET-KEY-…` line; white space around it is dropped.

    Raises: KeyMalformed: anything else.
    """
    prefix, raw = bech32.decode(_bounded(text))
    if prefix == hybrid.IDENTITY_PREFIX and len(raw) == hybrid.SEED_SIZE:
        return hybrid.HybridIdentity(raw)
    if prefix == x25519.IDENTITY_PREFIX and len(raw) == x25519.KEY_SIZE:
        return x25519.X25519Identity(raw)
    raise KeyMalformed("an identity begins with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1, in upper case")


def parse_identity_file(text: str) -> list[Identity]:
    """Return the identities of a key file as age-keygen writes it, at least one.

    text: one identity a line; empty lines and `#` comments are ignored.
    Raises: KeyMalformed: no identity, too many, or a line that is none (its number is named, not its text).
        KeyUnsuitable: the file is encrypted, or of another tool.
    """
    if len(text) > MAX_IDENTITY_FILE_LENGTH:
        raise KeyMalformed(f"the key file is longer than {MAX_IDENTITY_FILE_LENGTH} characters")
    _refuse_other_files(text)
    identities: list[Identity] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            identities.append(parse_identity(line))
        except KeyMalformed as error:
            raise KeyMalformed(f"line {number} of the key file: {error}") from None
    if not 1 <= len(identities) <= MAX_IDENTITIES:
        raise KeyMalformed(f"a key file holds 1 to {MAX_IDENTITIES} identities, not {len(identities)}")
    return identities


def _bounded(text: str) -> str:
    if len(text) > MAX_KEY_LENGTH:
        raise KeyMalformed(f"a key has at most {MAX_KEY_LENGTH} characters")
    return text.strip()


def _refuse_private(text: str) -> None:
    if any(mark in text.lower() for mark in _PRIVATE_MARKS):
        raise KeyUnsuitable(
            "this is a private key: keep it, and give the public one that begins with age1",
            reference="private-key-pasted",
        )


def _refuse_foreign(text: str) -> None:
    if text.lower().startswith(_FOREIGN_MARKS) or _PLUGIN_RECIPIENT.fullmatch(text):
        raise KeyUnsuitable(
            "keys of SSH, plugins and hardware are not taken: give one that begins with age1 or age1pq1",
            reference="key-kind-unsupported",
        )


def _refuse_other_files(text: str) -> None:
    start = text.lstrip()[:64].lower()
    if start.startswith(("age-encryption.org/", "-----begin age encrypted file")):
        raise KeyUnsuitable(
            "the key file is encrypted: decrypt it with age first", reference="key-file-encrypted"
        )
    if start.startswith(("-----begin", "openssh")):
        raise KeyUnsuitable("the key file is not one of age", reference="key-kind-unsupported")
