"""The log checked a second time: from docs/reference/audit-log.md and the RFCs, by other code.

Nothing of weights_vault is used. Trees are built whole and by recursion, proofs are checked by cutting the
tree where the definition cuts it, texts are read with regular expressions. A refusal is a Wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_B64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_LINE = re.compile(rf"— ([^\s+]+) ({_B64})")


class Wrong(Exception):
    """Not so."""


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def cut(width: int) -> int:
    """The largest power of two below a width."""
    k = 1
    while 2 * k < width:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, over leaf hashes."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    k = cut(len(leaves))
    return sha256(b"\x01", mth(leaves[:k]), mth(leaves[k:]))


def path(position: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = cut(len(leaves))
    if position < k:
        return [*path(position, leaves[:k]), mth(leaves[k:])]
    return [*path(position - k, leaves[k:]), mth(leaves[:k])]


def proof(old: int, leaves: list[bytes]) -> list[bytes]:
    """PROOF of RFC 6962, section 2.1.2."""
    return subproof(old, leaves, whole=True) if old else []


def subproof(old: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [mth(leaves)]
    k = cut(len(leaves))
    if old <= k:
        return [*subproof(old, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(old - k, leaves[k:], whole=False), mth(leaves[:k])]


def root_of_path(leaf: bytes, position: int, size: int, hashes: list[bytes]) -> bytes:
    """The root that a proof of inclusion leads to, by the same cuts from the top down."""
    if size == 1:
        if hashes:
            raise Wrong("too long")
        return leaf
    if not hashes:
        raise Wrong("too short")
    k = cut(size)
    if position < k:
        return sha256(b"\x01", root_of_path(leaf, position, k, hashes[:-1]), hashes[-1])
    return sha256(b"\x01", hashes[-1], root_of_path(leaf, position - k, size - k, hashes[:-1]))


def roots_of_proof(old: int, new: int, hashes: list[bytes], old_root: bytes | None) -> tuple[bytes, bytes]:
    """Both roots that a proof of consistency leads to. old_root: None once a cut went right."""
    if old == new:
        if old_root is not None:
            if hashes:
                raise Wrong("too long")
            return old_root, old_root
        if len(hashes) != 1:
            raise Wrong("one hash is the subtree that both have")
        return hashes[0], hashes[0]
    if not hashes:
        raise Wrong("too short")
    k = cut(new)
    *rest, last = hashes
    if old <= k:
        was, now = roots_of_proof(old, k, rest, old_root)
        return was, sha256(b"\x01", now, last)
    was, now = roots_of_proof(old - k, new - k, rest, None)
    return sha256(b"\x01", last, was), sha256(b"\x01", last, now)


def opened(note: str, vkeys: list[str]) -> tuple[str, dict[str, int | None]]:
    """The text of a note, and who signed it: name -> seconds of a cosignature."""
    end = note.rindex("\n\n") + 1 if "\n\n" in note else 0
    text, lines = note[:end], note[end + 1 :].split("\n")
    if not text or lines.pop() != "" or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise Wrong("no note")
    known = [read_vkey(vkey) for vkey in vkeys]
    signed: dict[str, int | None] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if not found:
            raise Wrong("no signature line")
        blob = from_base64(found[2])
        for name, kind, key in known:
            if name == found[1] and blob[:4] == sha256(name.encode(), b"\n", bytes([kind]), key)[:4]:
                signed[name] = check(kind, key, blob[4:], text)
    if not signed:
        raise Wrong("nobody known signed")
    return text, signed


def read_vkey(vkey: str) -> tuple[str, int, bytes]:
    name, _, material = vkey.split("+", 2)
    raw = from_base64(material)
    return name, raw[0], raw[1:]


def check(kind: int, key: bytes, signature: bytes, text: str) -> int | None:
    at, message = None, text.encode()
    if kind == 4:
        at = int.from_bytes(signature[:8], "big")
        signature, message = signature[8:], f"cosignature/v1\ntime {at}\n{text}".encode()
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise Wrong("signature") from None
    return at


def checkpoint(text: str) -> tuple[str, int, bytes]:
    found = re.fullmatch(rf"([^\n]+)\n(0|[1-9]\d*)\n({_B64})\n(?:[^\n]+\n)*", text, re.ASCII)
    if not found or len(from_base64(found[3])) != 32:
        raise Wrong("no checkpoint")
    return found[1], int(found[2]), from_base64(found[3])


def proved(text: str, vkeys: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entry that a proof file shows, and what is disclosed with it."""
    found = re.fullmatch(
        rf"c2sp\.org/tlog-proof@v1\nextra ({_B64})\nindex (0|[1-9]\d*)\n((?:{_B64}\n)*?)\n(.*)",
        text,
        re.DOTALL,
    )
    if not found:
        raise Wrong("no proof")
    note_text, _ = opened(found[4], vkeys)
    _, size, root = checkpoint(note_text)
    extra = json.loads(from_base64(found[1]))
    leaf = sha256(b"\x00", canonical(extra["entry"]))
    hashes = [from_base64(line) for line in found[3].split("\n")[:-1]]
    if int(found[2]) >= size or root_of_path(leaf, int(found[2]), size, hashes) != root:
        raise Wrong("not in the tree")
    for field, shown in extra["disclosed"].items():
        committed = commitment(from_base64(shown["salt"]), field, shown["value"])
        if extra["entry"]["data"].get(field) != {"commitment": committed}:
            raise Wrong("not what was committed to")
    return extra["entry"], {field: shown["value"] for field, shown in extra["disclosed"].items()}


def commitment(salt: bytes, field: str, value: object) -> str:
    return sha256(b"weights-portal commitment v1\n", salt, field.encode(), b"\0", canonical(value)).hex()


def canonical(value: object) -> bytes:
    """RFC 8785 for texts, whole numbers, lists, objects, written out by hand."""
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        return b"{" + b",".join(canonical(key) + b":" + canonical(item) for key, item in pairs) + b"}"
    if isinstance(value, list | tuple):
        return b"[" + b",".join(map(canonical, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode()


def from_base64(text: str) -> bytes:
    data = base64.b64decode(text)
    if base64.b64encode(data).decode() != text:
        raise Wrong("base64 of two forms")
    return data
