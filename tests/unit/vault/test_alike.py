"""Whether a file is one that is in the store already."""

import os
from pathlib import Path

import pytest

from weights_vault.ingest.alike import first_alike
from weights_vault.ingest.progress import SilentProgress
from weights_vault.ingest.source import Fingerprint, SourceChanged, SourceFile
from weights_vault.models import File, SealedBody
from weights_vault.sealed.body import PLAIN_PART_SIZE, part_digest

ONE_PART = bytes(PLAIN_PART_SIZE)


@pytest.fixture
def source(tmp_path: Path) -> SourceFile:
    place = tmp_path / "file"
    place.write_bytes(ONE_PART)
    return SourceFile("file", place, "weights", Fingerprint.of(place.lstat()))


def stored(size: int, *plain: str) -> File:
    return File(size=size, body=SealedBody(parts=[["sealed", digest] for digest in plain]))


def test_file_that_goes_on_after_the_same_parts_is_another(source: SourceFile) -> None:
    longer = stored(PLAIN_PART_SIZE + 1, part_digest(ONE_PART), part_digest(b"x"))
    same = stored(PLAIN_PART_SIZE, part_digest(ONE_PART))
    assert first_alike(source, [longer, same], SilentProgress()) is same
    assert first_alike(source, [longer], SilentProgress()) is None


def test_missing_digest_is_a_difference(source: SourceFile) -> None:
    assert first_alike(source, [stored(PLAIN_PART_SIZE)], SilentProgress()) is None


def test_file_written_to_while_it_is_compared_is_not_alike(
    source: SourceFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I2: its bytes were the stored ones, and are not any more."""

    real = os.preadv

    def read_and_write(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        count = real(descriptor, buffers, offset)
        source.place.write_bytes(b"x" * PLAIN_PART_SIZE)
        return count

    monkeypatch.setattr(os, "preadv", read_and_write)
    with pytest.raises(SourceChanged):
        first_alike(source, [stored(PLAIN_PART_SIZE, part_digest(ONE_PART))], SilentProgress())
