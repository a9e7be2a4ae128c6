"""Manifests as JSON: an in-toto statement, and every rule that a manifest must keep.

Specification: docs/reference/sealed-format.md, section 9.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .body import BODY_FORMAT, MAX_PLAIN_SIZE, part_count, sealed_size
from .canonical import Json, dumps, loads_strict
from .errors import Malformed, ManifestMalformed
from .fields import DIGEST, ID, NONCE, REVISION_NAME, SLUG, VISIBLE, Fields, write_time
from .manifest_types import FILE_KINDS, Manifest, ManifestFile, PartDigests, Tensor
from .paths import check_collisions, check_path
from .tensors import MAX_DIMENSIONS, MAX_NAME_SIZE, MAX_TENSORS, tensor_size

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "weights-portal:manifest/v1"

# Bytes: what an envelope of 32 MiB holds as base64, with its signatures. What can be signed can be opened.
MAX_STATEMENT_SIZE = 24 * 2**20 - 4_096
MAX_FILES = 10_000
MAX_ALL_PARTS = 250_000
MAX_ALL_TENSORS = 250_000
_MAX_FILE_PARTS = part_count(MAX_PLAIN_SIZE)
_MAX_DEPTH = 8
_MAX_ITEMS = 2**21

_KIND = re.compile("|".join(FILE_KINDS))
_FORMAT = re.compile(re.escape(BODY_FORMAT))
_FLOAT = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}|-?inf|nan")
_STATEMENT_KEYS = ("_type", "subject", "predicateType", "predicate")
_PREDICATE_KEYS = ("portal", "release", "revision", "revision_id", "sequence", "previous", "created", "files")
_FILE_KEYS = (
    "id",
    "path",
    "kind",
    "size",
    "sha256",
    "body_format",
    "body_size",
    "nonce",
    "parts",
    "tensors",
)
_TENSOR_KEYS = ("name", "dtype", "shape", "start", "end", "blake3", "absmax", "mean", "std")


def write_statement(manifest: Manifest) -> bytes:
    """Return the canonical statement; nothing is checked (`read_statement` does)."""
    return dumps(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": file.path, "digest": {"sha256": file.sha256}} for file in manifest.files],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "portal": manifest.portal,
                "release": manifest.release,
                "revision": manifest.revision,
                "revision_id": manifest.revision_id,
                "sequence": manifest.sequence,
                "previous": manifest.previous,
                "created": write_time(manifest.created),
                "files": [_write_file(file) for file in manifest.files],
            },
        }
    )


def read_statement(payload: bytes) -> Manifest:
    """Return the manifest of a statement, after checking every rule.

    Raises: ManifestMalformed.
    """
    statement = Fields(_load(payload), _STATEMENT_KEYS, ManifestMalformed, "the statement")
    if statement.text("_type") != STATEMENT_TYPE or statement.text("predicateType") != PREDICATE_TYPE:
        raise ManifestMalformed(
            "the statement is not a manifest that this version reads", reference="manifest-version"
        )
    predicate = statement.inner("predicate", _PREDICATE_KEYS)
    files = tuple(_read_file(item) for item in predicate.items("files", 1, MAX_FILES))
    _check_files(files)
    _check_subject(statement, files)
    return Manifest(
        portal=predicate.text("portal", VISIBLE),
        release=predicate.text("release", SLUG),
        revision=predicate.text("revision", REVISION_NAME),
        revision_id=predicate.text("revision_id", ID),
        sequence=predicate.number("sequence", minimum=1),
        previous=predicate.optional_text("previous", DIGEST),
        created=predicate.time("created"),
        files=files,
    )


def _load(payload: bytes) -> Json:
    try:
        return loads_strict(payload, max_bytes=MAX_STATEMENT_SIZE, max_depth=_MAX_DEPTH, max_items=_MAX_ITEMS)
    except Malformed as error:
        raise ManifestMalformed(f"the manifest: {error}", reference=error.reference) from None


def _write_file(file: ManifestFile) -> dict[str, object]:
    return {
        "id": file.id,
        "path": file.path,
        "kind": file.kind,
        "size": file.size,
        "sha256": file.sha256,
        "body_format": file.body_format,
        "body_size": file.body_size,
        "nonce": file.nonce,
        "parts": [[part.sealed, part.plain] for part in file.parts],
        "tensors": [{key: getattr(tensor, key) for key in _TENSOR_KEYS} for tensor in file.tensors],
    }


def _read_file(value: Json) -> ManifestFile:
    fields = Fields(value, _FILE_KEYS, ManifestMalformed, "a file")
    path = check_path(fields.text("path"))
    size = fields.number("size", maximum=MAX_PLAIN_SIZE)
    parts = fields.items("parts", 1, _MAX_FILE_PARTS)
    if len(parts) != part_count(size) or fields.number("body_size") != sealed_size(size):
        raise ManifestMalformed(f"size, body and parts of {path!a} do not fit together")
    return ManifestFile(
        id=fields.text("id", ID),
        path=path,
        kind=fields.text("kind", _KIND),
        size=size,
        sha256=fields.text("sha256", DIGEST),
        body_size=sealed_size(size),
        nonce=fields.text("nonce", NONCE),
        body_format=fields.text("body_format", _FORMAT),
        parts=tuple(_read_part(part) for part in parts),
        tensors=_read_tensors(fields, size),
    )


def _read_part(value: Json) -> PartDigests:
    if isinstance(value, list) and len(value) == 2:
        sealed, plain = value
        if isinstance(sealed, str) and isinstance(plain, str) and _are_digests(sealed, plain):
            return PartDigests(sealed, plain)
    raise ManifestMalformed("a part has not its two digests", reference="digest-missing")


def _are_digests(*words: str) -> bool:
    return all(DIGEST.fullmatch(word) for word in words)


def _read_tensors(file: Fields, size: int) -> tuple[Tensor, ...]:
    tensors = tuple(_read_tensor(item) for item in file.items("tensors", 0, MAX_TENSORS))
    position = 0
    for tensor in tensors:
        if not position <= tensor.start <= tensor.end <= size:
            raise ManifestMalformed(f"the tensor {tensor.name!a} lies outside its file or over another")
        position = tensor.end
    if len({tensor.name for tensor in tensors}) != len(tensors):
        raise ManifestMalformed("a file has two tensors of one name")
    return tensors


def _read_tensor(value: Json) -> Tensor:
    fields = Fields(value, _TENSOR_KEYS, ManifestMalformed, "a tensor")
    tensor = Tensor(
        name=fields.text("name"),
        dtype=fields.text("dtype"),
        shape=fields.numbers("shape", 0, MAX_DIMENSIONS),
        start=fields.number("start"),
        end=fields.number("end"),
        blake3=fields.text("blake3", DIGEST),
        absmax=fields.text("absmax", _FLOAT),
        mean=fields.text("mean", _FLOAT),
        std=fields.text("std", _FLOAT),
    )
    if not 1 <= len(tensor.name.encode("utf-8")) <= MAX_NAME_SIZE:
        raise fields.wrong("name")
    if tensor_size(tensor.dtype, tensor.shape) != tensor.end - tensor.start:
        raise ManifestMalformed(f"the tensor {tensor.name!a} has another size than its type and shape")
    return tensor


def _check_files(files: Sequence[ManifestFile]) -> None:
    check_collisions(file.path for file in files)
    if len({file.id for file in files}) != len(files):
        raise ManifestMalformed("two files have one id")
    if sum(len(file.parts) for file in files) > MAX_ALL_PARTS:
        raise ManifestMalformed(f"the manifest has more than {MAX_ALL_PARTS} parts")
    if sum(len(file.tensors) for file in files) > MAX_ALL_TENSORS:
        raise ManifestMalformed(f"the manifest has more than {MAX_ALL_TENSORS} tensors")


def _check_subject(statement: Fields, files: Sequence[ManifestFile]) -> None:
    """in-toto tools read `subject`, ours `files`: they must not be able to disagree."""
    subject = statement.items("subject", 1, MAX_FILES)
    if subject != [{"name": file.path, "digest": {"sha256": file.sha256}} for file in files]:
        raise ManifestMalformed("the statement's subject is not its list of files")
