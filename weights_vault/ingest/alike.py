"""Is a file of the folder one that is in the store already? Part by part: a difference shows early."""

from collections.abc import Iterator, Sequence

from weights_vault.ingest.progress import SealingProgress
from weights_vault.ingest.source import SourceFile, opened
from weights_vault.models import File
from weights_vault.sealed.body import PLAIN_PART_SIZE, part_count, part_digest, part_range


def first_alike(source: SourceFile, candidates: Sequence[File], progress: SealingProgress) -> File | None:
    """The first of `candidates` whose plaintext is that of `source`, or None.

    candidates: stored files of the same size. The digests of their parts are those in signed manifests, so
    equal ones mean equal files. Reading ends with the last candidate.
    Raises: SourceChanged.
    """
    left = [file for file in candidates if file.size == source.size]
    for index, digest in _part_digests(source, progress):
        left = [file for file in left if _plain_digest(file, index) == digest]
        if not left:
            return None
    return left[0] if left else None


def _plain_digest(file: File, index: int) -> str | None:
    parts = file.body.parts
    # A missing digest is a difference, never a match.
    return parts[index][1] if index < len(parts) else None


def _part_digests(source: SourceFile, progress: SealingProgress) -> Iterator[tuple[int, str]]:
    """Yield number and BLAKE3-256 (hex) of each part; at the last, the file was still the scanned one."""
    buffer = memoryview(bytearray(min(source.size, PLAIN_PART_SIZE)))
    with opened(source) as file:
        for index in range(part_count(source.size)):
            where = part_range(index, source.size)
            plain = buffer[: where.plain_size]
            file.read_into(plain, where.plain_start)
            if index == part_count(source.size) - 1:
                file.check_unchanged()
            yield index, part_digest(plain)
            progress.advance(plain.nbytes)
