"""Where bytes come from: opened folders and sealed bodies."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.smoke.releases import Sealed, manifest_of, seal
from weights_vault.sealed.body import PLAIN_PART_SIZE, new_nonce, part_digest, part_range, seal_body
from weights_vault.sealed.errors import DigestMismatch, HeaderMislabeled, PartTampered
from weights_vault.sealed.header import GrantLabel, open_header
from weights_vault.sealed.manifest import ManifestFile, PartDigests
from weights_vault.smoke.errors import FileDamaged, FileMissing, FileSizeWrong
from weights_vault.smoke.source import FolderSource, PartSource, checked_parts, read_checked

SIZE = PLAIN_PART_SIZE + 100_001  # two parts
BIG = "LOGBOOK.md"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "release"
    folder.mkdir()
    (folder / BIG).write_bytes(os.urandom(SIZE))
    (folder / "LICENSE").write_bytes(b"")
    (folder / "README.md").write_bytes(b"small")
    return folder


@pytest.fixture(scope="module")
def sealed(plain: Path) -> Sealed:
    return seal(plain, plain.parent / "store")


def read(source: PartSource, file: ManifestFile, start: int, size: int) -> bytes:
    out = bytearray(size)
    source.read(file, start, memoryview(out))
    return bytes(out)


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


@settings(deadline=None)  # how long a disk takes says nothing about the bytes
@given(start=st.integers(0, SIZE), size=st.integers(0, 200_000))
def test_any_range_of_a_sealed_file_is_the_published_one(
    plain: Path, sealed: Sealed, start: int, size: int
) -> None:
    size = min(size, SIZE - start)
    data = (plain / BIG).read_bytes()[start : start + size]
    assert read(sealed.source(), sealed.manifest.file(BIG), start, size) == data


def test_whole_sealed_file_is_the_published_one(plain: Path, sealed: Sealed) -> None:
    assert read(sealed.source(), sealed.manifest.file(BIG), 0, SIZE) == (plain / BIG).read_bytes()


def test_range_of_a_folder_is_the_published_one(plain: Path) -> None:
    source = FolderSource(plain, manifest_of(plain))
    assert read(source, source.manifest.file(BIG), 7, 70_000) == (plain / BIG).read_bytes()[7:70_007]


def test_empty_file_reads_as_nothing(plain: Path, sealed: Sealed) -> None:
    for source in (sealed.source(), FolderSource(plain, sealed.manifest)):
        assert read_checked(source, sealed.manifest.file("LICENSE"), max_bytes=10) == b""


def test_range_beyond_the_end_is_refused(plain: Path, sealed: Sealed) -> None:
    for source in (sealed.source(), FolderSource(plain, sealed.manifest)):
        with pytest.raises(FileSizeWrong):
            read(source, sealed.manifest.file("README.md"), 1, 5)


def test_flipped_bit_of_a_body_is_refused_before_it_is_opened(plain: Path, tmp_path: Path) -> None:
    sealed = seal(plain, tmp_path / "store")
    file = sealed.manifest.file(BIG)
    flip(sealed.bodies[file.id], part_range(1, SIZE).body_start + 3)
    with pytest.raises(DigestMismatch):
        read(sealed.source(), file, PLAIN_PART_SIZE, 10)
    assert read(sealed.source(), file, 0, 10) == (plain / BIG).read_bytes()[:10]


def test_body_that_another_recipient_forged_is_refused(plain: Path, tmp_path: Path) -> None:
    """S3: whoever has a header can seal another body under its key; only the digest is the publisher's."""
    sealed = seal(plain, tmp_path / "store")
    file = sealed.manifest.file("README.md")
    label = GrantLabel("grt_test", "rev_1", file.id)
    key = open_header(sealed.headers[file.id], [sealed.identity], label)
    sealed.bodies[file.id].write_bytes(seal_body(key, bytes.fromhex(file.nonce), b"smell"))
    with pytest.raises(DigestMismatch):
        read(sealed.source(), file, 0, 5)


def test_body_under_another_nonce_fails_its_tag(plain: Path, tmp_path: Path) -> None:
    """Also where the manifest names its digest: the signed nonce is used, not the stored one."""
    sealed = seal(plain, tmp_path / "store")
    file = sealed.manifest.file("README.md")
    key = open_header(sealed.headers[file.id], [sealed.identity], GrantLabel("grt_test", "rev_1", file.id))
    body = seal_body(key, new_nonce(), b"small")
    sealed.bodies[file.id].write_bytes(body)
    file = replace(file, parts=(PartDigests(part_digest(body[16:]), file.parts[0].plain),))
    with pytest.raises(PartTampered):
        read(sealed.source(), file, 0, 5)


def test_header_of_another_file_is_refused(sealed: Sealed) -> None:
    """G3."""
    one, other = sealed.manifest.file(BIG), sealed.manifest.file("README.md")
    swapped = replace(sealed, headers={**sealed.headers, one.id: sealed.headers[other.id]})
    with pytest.raises(HeaderMislabeled):
        read(swapped.source(), one, 0, 5)


@pytest.mark.parametrize("part", ["headers", "bodies"])
def test_file_without_header_or_body_is_missing(sealed: Sealed, part: str) -> None:
    file = sealed.manifest.file(BIG)
    rest = {id: each for id, each in getattr(sealed, part).items() if id != file.id}
    source = replace(sealed, **{part: rest}).source()
    with pytest.raises(FileMissing):
        source.size(file)
    with pytest.raises(FileMissing):
        read(source, file, 0, 5)


def test_body_of_another_size_is_refused(plain: Path, tmp_path: Path) -> None:
    sealed = seal(plain, tmp_path / "store")
    file = sealed.manifest.file("README.md")
    with sealed.bodies[file.id].open("ab") as body:
        body.write(b"\0")
    with pytest.raises(FileSizeWrong):
        sealed.source().size(file)


def test_link_in_place_of_a_file_is_not_followed(plain: Path, tmp_path: Path) -> None:
    manifest = manifest_of(plain)
    (tmp_path / "README.md").symlink_to(plain / "README.md")
    with pytest.raises(FileMissing):
        FolderSource(tmp_path, manifest).size(manifest.file("README.md"))


def test_pipe_in_place_of_a_file_does_not_block(plain: Path, tmp_path: Path) -> None:
    manifest = manifest_of(plain)
    os.mkfifo(tmp_path / "README.md")
    assert FolderSource(tmp_path, manifest).size(manifest.file("README.md")) == 0


def test_folder_in_place_of_a_file_is_damage(plain: Path, tmp_path: Path) -> None:
    manifest = manifest_of(plain)
    (tmp_path / "README.md").mkdir()
    with pytest.raises(FileDamaged):
        read(FolderSource(tmp_path, manifest), manifest.file("README.md"), 0, 5)


def test_changed_byte_of_a_folder_is_found_in_its_part(plain: Path, tmp_path: Path) -> None:
    manifest = manifest_of(plain)
    (tmp_path / BIG).write_bytes((plain / BIG).read_bytes())
    flip(tmp_path / BIG, SIZE - 1)
    parts = checked_parts(FolderSource(tmp_path, manifest), manifest.file(BIG))
    assert len(next(parts)) == PLAIN_PART_SIZE
    with pytest.raises(FileDamaged):
        next(parts)


def test_missing_digest_is_a_failure(plain: Path) -> None:
    manifest = manifest_of(plain)
    file = replace(manifest.file(BIG), parts=manifest.file(BIG).parts[:1])
    with pytest.raises(FileDamaged):
        next(checked_parts(FolderSource(plain, manifest), file))


def test_document_over_its_limit_is_not_read(plain: Path) -> None:
    manifest = manifest_of(plain)
    with pytest.raises(FileSizeWrong):
        read_checked(FolderSource(plain, manifest), manifest.file("README.md"), max_bytes=4)
