"""A release as a publisher would seal it, in memory; tests may bend its manifest."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from weights_vault.sealed.body import (
    BODY_FORMAT,
    new_file_key,
    new_nonce,
    part_count,
    part_digest,
    part_range,
    seal_body,
)
from weights_vault.sealed.manifest import Manifest, ManifestFile, PartDigests

RELEASE = "opt-tiny"
CREATED = datetime(2026, 11, 1, tzinfo=UTC)
MIB = 1 << 20


@dataclass(frozen=True)
class SealedFile:
    """plain: the bytes to be published. body: what the store holds. key: the file key."""

    plain: bytes
    body: bytes
    key: bytes
    entry: ManifestFile


@dataclass(frozen=True)
class SealedRelease:
    """Files by id, and the manifest that lists them."""

    files: Mapping[str, SealedFile]
    manifest: Manifest

    def named(self, path: str) -> SealedFile:
        """The file at a path."""
        return self.files[self.manifest.file(path).id]

    @property
    def parts(self) -> int:
        """Parts of all files."""
        return sum(len(file.entry.parts) for file in self.files.values())


def random_files(seed: int = 7, **sizes: int) -> dict[str, bytes]:
    """Files of random bytes. sizes: bytes by name; `model` becomes model.safetensors."""
    source = random.Random(seed)
    return {f"{name}.safetensors": source.randbytes(size) for name, size in sizes.items()}


def small_files() -> dict[str, bytes]:
    """What most tests need: several kinds, a sub-folder, an empty file."""
    return {
        "config.json": b'{"model_type": "opt"}',
        "tokenizer/vocab.json": b'{"a": 0}',
        "empty.txt": b"",
        **random_files(model=200_000),
    }


def seal_files(files: Mapping[str, bytes], revision: str = "v1") -> list[SealedFile]:
    """Seal each file with a key of its own."""
    return [
        _seal(path, plain, f"fil_{revision}{number}") for number, (path, plain) in enumerate(files.items())
    ]


def make_release(
    sealed: Sequence[SealedFile], *, portal: str, revision: str = "v1", sequence: int = 1
) -> SealedRelease:
    """A revision of RELEASE from sealed files."""
    manifest = Manifest(
        portal=portal,
        release=RELEASE,
        revision=revision,
        revision_id=f"rev_{revision}",
        sequence=sequence,
        previous=None,
        created=CREATED,
        files=tuple(file.entry for file in sealed),
    )
    return SealedRelease({file.entry.id: file for file in sealed}, manifest)


def with_files(manifest: Manifest, *entries: ManifestFile) -> Manifest:
    """The same manifest with other entries; nothing is checked."""
    return replace(manifest, files=entries)


def _seal(path: str, plain: bytes, file_id: str) -> SealedFile:
    key, nonce = new_file_key(), new_nonce()
    body = seal_body(key, nonce, plain)
    entry = ManifestFile(
        id=file_id,
        path=path,
        kind="weights" if path.endswith(".safetensors") else "config",
        size=len(plain),
        sha256=hashlib.sha256(plain).hexdigest(),
        body_size=len(body),
        nonce=nonce.hex(),
        body_format=BODY_FORMAT,
        parts=tuple(_digests(index, plain, body) for index in range(part_count(len(plain)))),
    )
    return SealedFile(plain, body, key, entry)


def _digests(index: int, plain: bytes, body: bytes) -> PartDigests:
    place = part_range(index, len(plain))
    return PartDigests(
        sealed=part_digest(memoryview(body)[place.body_start : place.body_end]),
        plain=part_digest(memoryview(plain)[place.plain_start : place.plain_end]),
    )
