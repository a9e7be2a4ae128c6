"""The journal survives any cut: what is read back was written, or is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weights_vault.client.transfer.journal import Journal

MANIFEST = "a" * 64


def written(path: Path) -> bytes:
    journal = Journal(path, MANIFEST)
    journal.part("fil_a", 0)
    journal.part("fil_a", 12)
    journal.file("fil_b", 100, 1_700_000_000_000_000_000)
    journal.close()
    return path.read_bytes()


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    written(tmp_path / "journal")
    journal = Journal(tmp_path / "journal", MANIFEST)
    assert journal.parts == {"fil_a": {0, 12}}
    assert journal.files == {"fil_b": (100, 1_700_000_000_000_000_000)}
    journal.close()
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o600


def test_d1_cut_at_every_byte_it_tells_only_what_was_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = written(path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        journal = Journal(path, MANIFEST)
        assert journal.parts.get("fil_a", set()) <= {0, 12}
        assert set(journal.files) <= {"fil_b"}
        journal.part("fil_c", 7)
        journal.close()
        again = Journal(path, MANIFEST)
        assert again.parts["fil_c"] == {7}
        again.close()


def test_the_journal_of_another_manifest_is_started_over(tmp_path: Path) -> None:
    written(tmp_path / "journal")
    journal = Journal(tmp_path / "journal", "b" * 64)
    assert (journal.parts, journal.files) == ({}, {})
    journal.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=300))
def test_garbage_after_the_first_line_is_passed_over(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(written(path).splitlines(keepends=True)[0] + garbage)
    journal = Journal(path, MANIFEST)
    assert all(isinstance(index, int) for indices in journal.parts.values() for index in indices)
    journal.close()


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("keep")
    (tmp_path / "journal").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        Journal(tmp_path / "journal", MANIFEST)
    assert (tmp_path / "elsewhere").read_text() == "keep"
