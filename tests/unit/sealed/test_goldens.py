"""Section 17: every version ever published opens forever.

These files were written when version 1 was published. A test that fails here means that the code broke with
what people hold.
"""

import hashlib
import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.vectors.make_goldens import CHALLENGE_NONCE, GOLDEN, LABEL, NOW, PORTAL, manifest, plaintext
from weights_vault.sealed import body, keys
from weights_vault.sealed.challenge import answer, open_challenge
from weights_vault.sealed.header import open_header
from weights_vault.sealed.manifest import envelope_digest, open_manifest
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import TrustDocument, open_head, open_trust

KINDS = ["x25519", "mlkem768x25519"]
# The bytes themselves: a golden that was "made again" proves nothing.
DIGESTS = {
    "body": "83f6a0b9e88345859e8b8cbeacc9836c5fcc815455280758cd9f534f2602145d",
    "challenge_mlkem768x25519": "94d3076cef5546a7ec17d42e13626432889d7fa5278420fe9cf192e0df09aa78",
    "challenge_x25519": "7e169a8a96acb2542b67d14a15c66a1cb35868f84c280b0ae0a49f741483adaf",
    "expected.json": "26082857587794b07f3379d3de8f1ba623812a7232772879febec78d07e2bb2a",
    "head.dsse.json": "d132ccd0651cffb4fc292c1b2043bf4fe00d7a0aaaed8834bd8030d43d492138",
    "header_mlkem768x25519": "80d8af372844e833d3f67423df9d93137f707cc78018a984868d0a892283e62e",
    "header_x25519": "718726427407f51eecc8512bd902f35879143d2f1b0a3a876b8fbad7e64f8ada",
    "identity_mlkem768x25519.txt": "0f36653ba85d5140ae1ec0c176b4b263c52ca30cdb76c4e312e570925da18bec",
    "identity_x25519.txt": "68d6620b0eb0ba25f9342c808a801a3afa5828d2a4c26788d51efcbf38c3d535",
    "manifest.dsse.json": "2e2786a9e20230313bf562bbfd579f71882f4c4d298c1183b4a187f9be8de6d0",
    "signing_manifest.pem": "e5f122122f7ab524b2ceca95d3d2ad4b647927ca19f416a055e23568d1d3e9e9",
    "trust.dsse.json": "870dac300df371b664b17c1367b6ae53155cba84f4578b38ca41cf07ebaee604",
}


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def expected(name: str) -> str:
    text: str = json.loads(golden("expected.json"))[name]
    return text


def identity(kind: str) -> keys.Identity:
    (only,) = keys.parse_identity_file(golden(f"identity_{kind}.txt").decode())
    return only


def trust() -> TrustDocument:
    return open_trust(
        golden("trust.dsse.json"),
        pinned=expected("root_fingerprint"),
        minimum_sequence=7,
        portal=PORTAL,
        now=NOW,
    )


def test_the_goldens_are_those_that_were_published() -> None:
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in GOLDEN.iterdir()} == DIGESTS


@pytest.mark.parametrize("kind", KINDS)
def test_golden_header_and_body_open(kind: str) -> None:
    file_key = open_header(golden(f"header_{kind}"), [identity(kind)], LABEL)
    assert file_key.hex() == expected("file_key")
    assert body.open_body(file_key, golden("body")) == plaintext()


def test_golden_header_and_body_open_with_the_age_command(tmp_path: Path) -> None:
    key_file = tmp_path / "key.txt"
    key_file.write_bytes(golden("identity_x25519.txt"))
    sealed = golden("header_x25519") + golden("body")
    done = subprocess.run(["age", "-d", "-i", str(key_file)], input=sealed, capture_output=True, check=True)
    assert done.stdout == plaintext()


@pytest.mark.parametrize("kind", KINDS)
def test_golden_key_files_name_their_recipient(kind: str) -> None:
    assert f"# public key: {identity(kind).recipient}\n".encode() in golden(f"identity_{kind}.txt")


@pytest.mark.parametrize("kind", KINDS)
def test_golden_challenge_is_answered_as_it_was(kind: str) -> None:
    opened = open_challenge(
        golden(f"challenge_{kind}"), identity(kind), origin=PORTAL, account="usr_golden", now=NOW
    )
    assert opened.nonce == CHALLENGE_NONCE
    assert opened.expires == NOW + timedelta(minutes=10)
    assert answer(opened) == expected(f"answer_{kind}")


def test_golden_manifest_opens_to_what_was_published() -> None:
    envelope = golden("manifest.dsse.json")
    opened = open_manifest(envelope, trust().keys["manifest"])
    assert opened == manifest()
    assert envelope_digest(envelope) == expected("manifest_sha256")


def test_golden_manifest_describes_the_golden_body() -> None:
    (file,) = open_manifest(golden("manifest.dsse.json"), trust().keys["manifest"]).files
    where, sealed = file.part(0), golden("body")
    body.check_part_digest(sealed[where.body_start : where.body_end], file.parts[0].sealed, index=0)
    body.check_part_digest(plaintext(), file.parts[0].plain, index=0)
    assert (sealed[:16].hex(), len(sealed)) == (file.nonce, file.body_size)


def test_golden_head_names_the_golden_manifest() -> None:
    head = open_head(golden("head.dsse.json"), trust(), release="opt-175b", minimum_sequence=2, now=NOW)
    assert head.revisions == {"v1": expected("manifest_sha256")}
    assert (head.revision, head.withdrawn, head.sequence) == ("v1", ("v2",), 2)


def test_golden_signing_key_is_read() -> None:
    key = SigningKey.from_pem(golden("signing_manifest.pem"))
    assert trust().keys["manifest"] == (key.public,)
