"""Make tests/vectors/golden: `python -m tests.vectors.make_goldens`.

One of each object of the format's first version, with the keys that open it. Run once, when the version was
published: existing files are never made again, since what they prove is that later code opens what earlier
code wrote.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from weights_vault.sealed import body, keys
from weights_vault.sealed.challenge import Challenge, answer, seal_challenge
from weights_vault.sealed.header import GrantLabel, make_header
from weights_vault.sealed.manifest import (
    Manifest,
    ManifestFile,
    PartDigests,
    Tensor,
    envelope_digest,
    sign_manifest,
)
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import ROLES, Head, TrustDocument, fingerprint, sign_head, sign_trust

GOLDEN = Path(__file__).parent / "golden" / "v1"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PORTAL = "https://weights.example.org"
LABEL = GrantLabel("grt_golden", "rev_golden", "fil_golden")
FILE_KEY = hashlib.sha256(b"golden file key").digest()[:16]
NONCE = hashlib.sha256(b"golden nonce").digest()[:16]
CHALLENGE_NONCE = hashlib.sha256(b"golden challenge nonce").digest()


def plaintext() -> bytes:
    """Two chunks and a piece of a third, of bytes that anybody can make again."""
    return hashlib.shake_256(b"golden plaintext").digest(2 * body.CHUNK_SIZE + 1_000)


def signing_key(role: str) -> SigningKey:
    return SigningKey(
        Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"golden {role}".encode()).digest())
    )


def manifest() -> Manifest:
    content = plaintext()
    sealed = body.seal_body(FILE_KEY, NONCE, content)
    start = len(content) - 12
    tensor = Tensor(
        name="model.decoder.final_layer_norm.weight",
        dtype="F16",
        shape=(2, 3),
        start=start,
        end=len(content),
        blake3=body.part_digest(content[start:]),
        absmax=(1.5).hex(),
        mean=(-0.1).hex(),
        std=float("nan").hex(),
    )
    file = ManifestFile(
        id=LABEL.file,
        path="model.safetensors",
        kind="weights",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        body_size=len(sealed),
        nonce=NONCE.hex(),
        body_format=body.BODY_FORMAT,
        parts=(PartDigests(body.part_digest(sealed[16:]), body.part_digest(content)),),
        tensors=(tensor,),
    )
    return Manifest(
        portal=PORTAL,
        release="opt-175b",
        revision="v1",
        revision_id=LABEL.revision,
        sequence=1,
        previous=None,
        created=NOW,
        files=(file,),
    )


def objects() -> dict[str, bytes]:
    """Every golden file by its name."""
    made: dict[str, bytes] = {"body": body.seal_body(FILE_KEY, NONCE, plaintext())}
    secrets: dict[str, str] = {"file_key": FILE_KEY.hex()}
    for kind in ("x25519", "mlkem768x25519"):
        identity = keys.generate_identity(kind)
        challenge = Challenge(
            PORTAL, "usr_golden", str(identity.recipient), CHALLENGE_NONCE, NOW + timedelta(minutes=10)
        )
        secrets[f"answer_{kind}"] = answer(challenge)
        made[f"identity_{kind}.txt"] = f"# public key: {identity.recipient}\n{identity.to_text()}\n".encode()
        made[f"header_{kind}"] = make_header(FILE_KEY, identity.recipient, LABEL)
        made[f"challenge_{kind}"] = seal_challenge(challenge)
    signing = {role: signing_key(role) for role in ROLES}
    made["manifest.dsse.json"] = sign_manifest(manifest(), signing["manifest"])
    trust = TrustDocument(
        portal=PORTAL,
        sequence=7,
        issued=NOW,
        expires=NOW + timedelta(days=365),
        keys={role: (key.public,) for role, key in signing.items()},
        next_root=signing_key("next root").public,
    )
    made["trust.dsse.json"] = sign_trust(trust, signing["root"])
    digest = envelope_digest(made["manifest.dsse.json"])
    head = Head(PORTAL, "opt-175b", 2, "v1", digest, ("v2",), {"v1": digest}, NOW, NOW + timedelta(hours=24))
    made["head.dsse.json"] = sign_head(head, signing["head"])
    secrets |= {"root_fingerprint": fingerprint(signing["root"].public), "manifest_sha256": digest}
    made["expected.json"] = json.dumps(secrets, indent=2).encode() + b"\n"
    made["signing_manifest.pem"] = signing["manifest"].to_pem()
    return made


def main() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    if any(GOLDEN.iterdir()):
        raise SystemExit("the goldens of this version exist: they are never made again")
    for name, data in objects().items():
        (GOLDEN / name).write_bytes(data)


if __name__ == "__main__":
    main()
