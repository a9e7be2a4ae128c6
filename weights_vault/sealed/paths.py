"""Paths of a manifest: places below a folder, on any operating system.

The publisher is not trusted with the recipient's machine: a path must not lead outside the folder, onto
another file, to a device, or into the client's own state.

Specification: docs/reference/sealed-format.md, section 10.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from .errors import ManifestMalformed

MAX_PATH_SIZE = 512  # bytes of UTF-8
MAX_SEGMENT_SIZE = 255  # bytes of UTF-8
MAX_SEGMENTS = 32

_FORBIDDEN = frozenset('\\:*?"<>|')
# Control, format (bidi overrides, zero width), surrogate, private use, unassigned, separators, every space
# but U+0020: what people cannot see, they cannot compare.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_DEVICE = re.compile(r"(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)


def check_path(path: str) -> str:
    """Return `path` if a manifest may name a file so.

    path: relative, segments joined by `/`.
    Raises: ManifestMalformed.
    Source: docs/reference/sealed-format.md, section 10.
    """
    _check_characters(path)
    segments = path.split("/")
    if len(segments) > MAX_SEGMENTS:
        raise _refused(path, f"has more than {MAX_SEGMENTS} segments")
    for segment in segments:
        _check_segment(path, segment)
    return path


def check_collisions(paths: Iterable[str]) -> None:
    """Refuse paths of which one would be written over another, or would need another as its folder.

    Raises: ManifestMalformed.
    Source: docs/reference/sealed-format.md, section 10.
    """
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        folded = fold_path(path)
        if folded in files:
            raise _refused(path, f"is the same place as {files[folded]!r}", reference="path-twice")
        files[folded] = path
        parts = folded.split("/")
        folders.update(("/".join(parts[:depth]), path) for depth in range(1, len(parts)))
    for folded, path in files.items():
        if folded in folders:
            raise _refused(path, f"is a file and the folder of {folders[folded]!r}", reference="path-twice")


def fold_path(path: str) -> str:
    """Return what file systems that fold case or normalize may make of a path."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


def _check_characters(path: str) -> None:
    if not 1 <= len(path) <= MAX_PATH_SIZE:
        raise _refused(path[:MAX_PATH_SIZE], f"has not 1 to {MAX_PATH_SIZE} bytes")
    if not all(_is_allowed(character) for character in path):
        raise _refused(path, "has a character that paths here do not have")
    if len(path.encode("utf-8")) > MAX_PATH_SIZE:
        raise _refused(path, f"has more than {MAX_PATH_SIZE} bytes")
    if unicodedata.normalize("NFC", path) != path:
        raise _refused(path, "is not in Unicode form C")


def _is_allowed(character: str) -> bool:
    if character in _FORBIDDEN:
        return False
    return character == " " or unicodedata.category(character) not in _FORBIDDEN_CATEGORIES


def _check_segment(path: str, segment: str) -> None:
    if segment in ("", ".", ".."):
        raise _refused(path, "is not below the folder", reference="path-outside")
    if len(segment.encode("utf-8")) > MAX_SEGMENT_SIZE:
        raise _refused(path, f"has a segment of more than {MAX_SEGMENT_SIZE} bytes")
    if segment[0] in " -~" or segment[-1] in " .":
        raise _refused(path, "has a segment that begins or ends with a character that misleads")
    # Shells, ssh and git obey hidden files where they find them; `.weights` is the client's own.
    if segment[0] == ".":
        raise _refused(path, "has a segment that begins with a dot")
    # Windows takes NUL, NUL.txt and "NUL .txt" for the device.
    if _DEVICE.fullmatch(segment.split(".")[0].rstrip(" ")):
        raise _refused(path, "names a device of Windows")


def _refused(path: str, why: str, reference: str = "path-refused") -> ManifestMalformed:
    # ascii() so that a control or bidi character in a path cannot play with the reader's terminal.
    return ManifestMalformed(f"the path {path!a} {why}", reference=reference)
