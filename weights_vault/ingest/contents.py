"""What the bytes of an accepted path must look like: the name alone proves nothing."""

import codecs
import json
from collections.abc import Iterator
from typing import Any

from weights_vault.ingest.source import OpenSource
from weights_vault.ingest.tensors import supported
from weights_vault.sealed.body import PLAIN_PART_SIZE
from weights_vault.sealed.errors import TensorHeaderMalformed
from weights_vault.sealed.tensors import read_tensor_header

READ_SIZE = 1 << 20
HEADER_LENGTH_SIZE = 8
# So that the sealing finds the whole header in the first part it reads.
MAX_TENSOR_HEADER_BYTES = PLAIN_PART_SIZE - HEADER_LENGTH_SIZE

# First bytes → what they are. Files of these kinds under an innocent name are somebody's attempt.
_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive (PyTorch's pickled format is one)"),
    (b"PK\x05\x06", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"#!", "a script"),
    *((bytes((0x80, protocol)), "a pickle, which runs code when it is loaded") for protocol in range(6)),
)
_TAR = (257, b"ustar")

# Keys with which a configuration asks a loader to run code that comes with the model.
_REMOTE_CODE_KEYS = {"auto_map", "custom_pipelines"}
_CHECKED_JSON = {
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "reference.json",
}


def refusal(opened: OpenSource) -> str | None:
    """The reason why these bytes are refused, or None."""
    if opened.source.is_safetensors:
        return _refuse_tensors(opened)  # its first bytes are a length: any signature may stand there
    reason = _refuse_signature(_read(opened, 0, min(opened.source.size, 512)))
    if reason is None and not opened.source.path.endswith(".model"):
        reason = _refuse_text(opened)
    return reason


def _refuse_signature(head: bytes) -> str | None:
    for signature, noun in _SIGNATURES:
        if head.startswith(signature):
            return f"its bytes are {noun}"
    offset, magic = _TAR
    return "its bytes are a tar archive" if head[offset : offset + len(magic)] == magic else None


def _refuse_tensors(opened: OpenSource) -> str | None:
    size = opened.source.size
    if size < HEADER_LENGTH_SIZE:
        return _refuse_signature(_read(opened, 0, size)) or "it is too short to be a safetensors file"
    prefix = _read(opened, 0, HEADER_LENGTH_SIZE)
    length = int.from_bytes(prefix, "little")
    if length > min(MAX_TENSOR_HEADER_BYTES, size - HEADER_LENGTH_SIZE):
        return _refuse_signature(_read(opened, 0, min(size, 512))) or "it is not a safetensors file"
    try:
        index = read_tensor_header(_read(opened, 0, HEADER_LENGTH_SIZE + length), size)
    except TensorHeaderMalformed as error:
        return f"its tensor index is malformed: {error}"
    if not index.tensors:
        return "it holds no tensor"
    unknown = next((entry.dtype for entry in index.tensors if not supported(entry.dtype)), None)
    return f"{unknown} values are not supported: no statistics are defined for them" if unknown else None


def _refuse_text(opened: OpenSource) -> str | None:
    name = opened.source.place.name
    if name.endswith(".json") and (name in _CHECKED_JSON or name.endswith(".index.json")):
        return _refuse_json(_read(opened, 0, opened.source.size))
    if name.endswith(".json") and _read(opened, 0, min(64, opened.source.size)).lstrip()[:1] != b"{":
        return "it is not a JSON object"
    return _refuse_not_utf8(opened)


def _refuse_not_utf8(opened: OpenSource) -> str | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(opened):
            if "\x00" in decoder.decode(block):
                return "it is binary, where text was expected"
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "it is not UTF-8 text"
    return None


def _refuse_json(data: bytes) -> str | None:
    try:
        document = json.loads(data.decode())
    except (ValueError, RecursionError):
        return "it is not JSON"
    if not isinstance(document, dict):
        return "it is not a JSON object"
    found = next((key for key in _keys(document) if key in _REMOTE_CODE_KEYS), None)
    return f'it has "{found}": code that comes with a model is never run' if found else None


def _keys(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield from item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _blocks(opened: OpenSource) -> Iterator[bytes]:
    for offset in range(0, opened.source.size, READ_SIZE):
        yield _read(opened, offset, min(READ_SIZE, opened.source.size - offset))


def _read(opened: OpenSource, offset: int, count: int) -> bytes:
    buffer = bytearray(count)
    opened.read_into(memoryview(buffer), offset)
    return bytes(buffer)
