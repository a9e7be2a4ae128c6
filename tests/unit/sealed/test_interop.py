"""S4: both ways with other implementations of age, at sizes around chunk and part boundaries.

The `age` command (Debian's, X25519 only) and pyrage (rage). For the hybrid, the reference written for these
tests, which does HPKE by hand.
"""

import base64
import os
import subprocess
from pathlib import Path

import pyrage
import pytest

from tests.vectors import age_reference as reference
from weights_vault.sealed import age, body, keys
from weights_vault.sealed.header import GrantLabel, make_header

CHUNK, PART = body.CHUNK_SIZE, body.PLAIN_PART_SIZE
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, PART - 1, PART, PART + 1]
LABEL = GrantLabel("grt_1", "rev_1", "fil_1")


def sealed_by_us(plaintext: bytes, recipient: keys.Recipient) -> bytes:
    file_key = body.new_file_key()
    header = make_header(file_key, recipient, LABEL)
    return header + body.seal_body(file_key, body.new_nonce(), plaintext)


def opened_by_us(sealed: bytes, identity: keys.Identity) -> bytes:
    opened = age.read_header(sealed, [identity])
    return body.open_body(opened.file_key, sealed[opened.size :])


def run_age(*arguments: str, data: bytes) -> bytes:
    done = subprocess.run(["age", *arguments], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("size", SIZES)
def test_s4_age_command_opens_header_and_body_put_together(size: int, tmp_path: Path) -> None:
    identity, plaintext = keys.generate_identity("x25519"), os.urandom(size)
    key_file = tmp_path / "key.txt"
    key_file.write_text(identity.to_text() + "\n")
    sealed = sealed_by_us(plaintext, identity.recipient)
    assert run_age("-d", "-i", str(key_file), data=sealed) == plaintext


@pytest.mark.parametrize("size", SIZES)
def test_s4_we_open_what_the_age_command_sealed(size: int) -> None:
    identity, plaintext = keys.generate_identity("x25519"), os.urandom(size)
    sealed = run_age("-r", str(identity.recipient), data=plaintext)
    assert opened_by_us(sealed, identity) == plaintext


@pytest.mark.parametrize("size", SIZES)
def test_s4_pyrage_opens_header_and_body_put_together(size: int) -> None:
    identity, plaintext = keys.generate_identity("x25519"), os.urandom(size)
    theirs = pyrage.x25519.Identity.from_str(identity.to_text())
    assert pyrage.decrypt(sealed_by_us(plaintext, identity.recipient), [theirs]) == plaintext


@pytest.mark.parametrize("size", SIZES)
def test_s4_we_open_what_pyrage_sealed(size: int) -> None:
    theirs, plaintext = pyrage.x25519.Identity.generate(), os.urandom(size)
    sealed = pyrage.encrypt(plaintext, [theirs.to_public()])
    assert opened_by_us(sealed, keys.parse_identity(str(theirs))) == plaintext


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1])
def test_s4_we_open_what_the_reference_sealed_for_a_hybrid_key(size: int) -> None:
    theirs, plaintext = reference.HybridKey(), os.urandom(size)
    file_key = os.urandom(16)
    share, wrapped = reference.hybrid_parts(file_key, theirs)
    stanza = reference.stanza("mlkem768x25519", reference.raw_base64(share), body=wrapped)
    sealed = reference.seal(plaintext, stanza, file_key=file_key)
    assert opened_by_us(sealed, keys.parse_identity(theirs.identity)) == plaintext


def test_s4_the_reference_opens_our_hybrid_stanza() -> None:
    theirs, file_key = reference.HybridKey(), os.urandom(16)
    stanza = keys.parse_recipient(theirs.recipient).wrap(file_key)
    encapsulated = base64.b64decode(stanza.arguments[0] + "=" * (-len(stanza.arguments[0]) % 4))
    assert reference.hybrid_open(theirs, encapsulated, stanza.body) == file_key


def test_s4_age_keygen_files_are_read(tmp_path: Path) -> None:
    key_file = tmp_path / "key.txt"
    subprocess.run(["age-keygen", "-o", str(key_file)], check=True, capture_output=True)
    text = key_file.read_text()
    (identity,) = keys.parse_identity_file(text)
    assert f"# public key: {identity.recipient}\n" in text


@pytest.mark.parametrize("kind", ["x25519", "mlkem768x25519"])
def test_s4_keys_have_the_text_that_the_reference_gives_them(kind: str) -> None:
    theirs = reference.X25519Key() if kind == "x25519" else reference.HybridKey()
    ours = keys.parse_identity(theirs.identity)
    assert (ours.kind, ours.to_text(), str(ours.recipient)) == (kind, theirs.identity, theirs.recipient)


@pytest.mark.parametrize(
    ("identity", "recipient"),
    [
        (
            "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
            "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
        ),
        (
            "AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR",
            "age1pq1x34nzsvr0rxjsgdn8zgyhfe8j7ceq5r9rdelkjuh3y235jzxshfg87pzf5",
        ),
    ],
)
def test_s4_the_published_example_keys(identity: str, recipient: str) -> None:
    assert str(keys.parse_identity(identity).recipient).startswith(recipient)
