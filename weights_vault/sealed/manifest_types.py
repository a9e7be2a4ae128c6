"""What a manifest says, as objects. No rule is checked here: `manifest_json.py` holds them.

Specification: docs/reference/sealed-format.md, section 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .body import PartRange, part_range
from .fields import whole_second

FILE_KINDS = (
    "weights",
    "config",
    "tokenizer",
    "model_card",
    "data_card",
    "logbook",
    "license",
    "code",
    "reference",
)


@dataclass(frozen=True, slots=True)
class PartDigests:
    """BLAKE3-256 of one part in hex: of its sealed bytes and of its plaintext."""

    sealed: str
    plain: str


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a safetensors file.

    dtype: safetensors' word, "F16". start, end: byte offsets in the file, start included, end not.
    blake3: hex, of the bytes as they lie in the file.
    absmax, mean, std: `float.hex()` of the values' largest magnitude, mean and standard deviation.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int
    blake3: str
    absmax: str
    mean: str
    std: str


@dataclass(frozen=True)
class ManifestFile:
    """One file of a revision.

    size, body_size: bytes of the plaintext and of the stored body, nonce included.
    sha256: hex, of the plaintext. nonce: 32 hex digits, the first 16 bytes of the body.
    """

    id: str
    path: str
    kind: str
    size: int
    sha256: str
    body_size: int
    nonce: str
    body_format: str
    parts: tuple[PartDigests, ...]
    tensors: tuple[Tensor, ...] = ()

    def part(self, index: int) -> PartRange:
        """Return where part `index` lies in the body and in the file."""
        return part_range(index, self.size)


@dataclass(frozen=True)
class Manifest:
    """One revision of a release.

    revision: its name, "v1". previous: the envelope digest of the manifest before, or None. created: UTC,
        whole seconds.
    """

    portal: str
    release: str
    revision: str
    revision_id: str
    sequence: int
    previous: str | None
    created: datetime
    files: tuple[ManifestFile, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "created", whole_second(self.created))

    @property
    def size(self) -> int:
        """Plaintext bytes of all files."""
        return sum(file.size for file in self.files)

    def file(self, path: str) -> ManifestFile:
        """Return the file at `path`. Raises: KeyError."""
        for file in self.files:
            if file.path == path:
                return file
        raise KeyError(path)
