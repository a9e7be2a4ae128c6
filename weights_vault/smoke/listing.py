"""What a publisher's folder holds, in the shape of a manifest that nobody has signed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from weights_vault.sealed.body import PLAIN_PART_SIZE, part_digest
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.manifest import Manifest, ManifestFile, PartDigests, Tensor
from weights_vault.smoke.checkpoint import INDEX_PATH, read_header
from weights_vault.smoke.errors import FileDamaged, FileMissing
from weights_vault.smoke.reference import DOCUMENT_PATH, LOGITS_PATH
from weights_vault.smoke.source import FolderSource
from weights_vault.smoke.structure import CONFIG_PATH

CHECKPOINT = (CONFIG_PATH, INDEX_PATH)  # what a model needs beside its shards
WITH_REFERENCE = (*CHECKPOINT, DOCUMENT_PATH, LOGITS_PATH)


def unsigned_listing(folder: Path, documents: Sequence[str] = CHECKPOINT) -> Manifest:
    """List the shards of a Hugging Face-layout folder, and those of the `documents` (paths) that it has.

    The digests of the documents are real. Those of tensors are empty: nothing has been published that they
    could differ from, and an empty digest equals none, so a level that compares them fails.
    Raises: FileMissing: no such folder, or no shard in it. FileDamaged: a shard's header is not safetensors.
    """
    if not folder.is_dir():
        raise FileMissing(f"{folder} is not a folder")
    files = [_document(folder, path) for path in documents if (folder / path).is_file()]
    paths = sorted(each.name for each in folder.glob("*.safetensors"))
    if not paths:
        raise FileMissing(f"{folder} holds no .safetensors file")
    files += [_shard(folder, path) for path in paths]
    return _manifest(files)


def _manifest(files: Sequence[ManifestFile]) -> Manifest:
    return Manifest(
        portal="",
        release="",
        revision="",
        revision_id="",
        sequence=0,
        previous=None,
        created=datetime.now(UTC),
        files=tuple(files),
    )


def _file(
    path: str, kind: str, size: int, *, parts: Sequence[PartDigests] = (), tensors: Sequence[Tensor] = ()
) -> ManifestFile:
    """A file without the fields that only sealing gives it."""
    return ManifestFile(
        id=path,
        path=path,
        kind=kind,
        size=size,
        sha256="",
        body_size=0,
        nonce="",
        body_format="",
        parts=tuple(parts),
        tensors=tuple(tensors),
    )


def _document(folder: Path, path: str) -> ManifestFile:
    size = 0
    parts: list[PartDigests] = []
    with (folder / path).open("rb") as file:
        # An empty file has one part, which is empty.
        while (data := file.read(PLAIN_PART_SIZE)) or not parts:
            size += len(data)
            parts.append(PartDigests(sealed="", plain=part_digest(data)))
    kind = "reference" if path in (DOCUMENT_PATH, LOGITS_PATH) else "config"
    return _file(path, kind, size, parts=parts)


def _shard(folder: Path, path: str) -> ManifestFile:
    bare = _file(path, "weights", (folder / path).stat().st_size)
    try:
        header = read_header(FolderSource(folder, _manifest([])), bare)
    except SealedError as error:
        raise FileDamaged(f"{path}: {error}") from error
    tensors = tuple(
        Tensor(each.name, each.dtype, tuple(each.shape), each.start, each.end, "", "", "", "")
        for each in header.tensors
    )
    return _file(path, "weights", bare.size, tensors=tensors)
