"""Small genuine objects for the tests of the sealed format."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from weights_vault.sealed import body
from weights_vault.sealed.manifest import Manifest, ManifestFile, PartDigests, Tensor, envelope_digest
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import ROLES, Head, TrustDocument

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PORTAL = "https://weights.example.org"
RELEASE = "opt-175b"
DIGEST = "ab" * 32
OTHER_DIGEST = "cd" * 32


def signing_keys() -> dict[str, SigningKey]:
    return {role: SigningKey.generate() for role in ROLES}


def tensor(name: str = "w", start: int = 80, shape: tuple[int, ...] = (2, 3)) -> Tensor:
    """An F16 tensor of two bytes an element."""
    size = 2
    for dimension in shape:
        size *= dimension
    return Tensor(name, "F16", shape, start, start + size, DIGEST, (1.5).hex(), (-0.1).hex(), (0.25).hex())


def manifest_file(path: str = "model.safetensors", size: int = 100, **changes: object) -> ManifestFile:
    digests = tuple(PartDigests(DIGEST, OTHER_DIGEST) for _ in range(body.part_count(size)))
    file = ManifestFile(
        id="fil_" + hashlib.sha256(path.encode()).hexdigest()[:8],
        path=path,
        kind="weights",
        size=size,
        sha256=DIGEST,
        body_size=body.sealed_size(size),
        nonce="0f" * 16,
        body_format=body.BODY_FORMAT,
        parts=digests,
    )
    return replace(file, **changes)  # type: ignore[arg-type]


def manifest(*files: ManifestFile, **changes: object) -> Manifest:
    made = Manifest(
        portal=PORTAL,
        release=RELEASE,
        revision="v1",
        revision_id="rev_1",
        sequence=1,
        previous=None,
        created=NOW,
        files=files or (manifest_file(tensors=(tensor(),)), manifest_file("config.json", 0, kind="config")),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def trust_document(keys: dict[str, SigningKey], **changes: object) -> TrustDocument:
    made = TrustDocument(
        portal=PORTAL,
        sequence=3,
        issued=NOW,
        expires=NOW + timedelta(days=90),
        keys={role: (key.public,) for role, key in keys.items()},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def head(**changes: object) -> Head:
    digest = envelope_digest(b"the manifest's envelope")
    made = Head(
        portal=PORTAL,
        release=RELEASE,
        sequence=2,
        revision="v2",
        manifest_sha256=digest,
        withdrawn=("v1",),
        revisions={"v2": digest},
        issued=NOW,
        expires=NOW + timedelta(hours=24),
    )
    return replace(made, **changes)  # type: ignore[arg-type]
