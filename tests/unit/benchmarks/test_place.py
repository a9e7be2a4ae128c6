"""Random files, and the room for them."""

from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.errors import BenchError
from tests.benchmarks.place import digest, expect_same, memory_folder, random_file, random_shard
from weights_vault.sealed.tensors import read_tensor_header


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(tmp_path: Path) -> None:
    one, again = random_file(tmp_path / "1", 100_001, seed=1), random_file(tmp_path / "2", 100_001, seed=1)
    assert one.stat().st_size == 100_001
    assert one.read_bytes() == again.read_bytes()
    assert random_file(tmp_path / "3", 100_001, seed=2).read_bytes() != one.read_bytes()


def test_a_random_shard_is_a_safetensors_file_of_finite_values(tmp_path: Path) -> None:
    data = random_shard(tmp_path / "shard", 1_000_000, seed=1).read_bytes()
    length = int.from_bytes(data[:8], "little")
    index = read_tensor_header(data[: 8 + length], len(data))
    assert [entry.dtype for entry in index.tensors] == ["F16"]
    assert np.isfinite(np.frombuffer(data[8 + length :], np.float16)).all()


def test_a_folder_in_memory_goes_with_all_that_is_in_it() -> None:
    with memory_folder(0) as folder:
        (folder / "file").write_bytes(b"x")
    assert not folder.exists()


def test_a_row_that_does_not_fit_is_refused_before_anything_is_written() -> None:
    with pytest.raises(BenchError, match="Give a smaller --size"), memory_folder(2**60):
        pytest.fail("there is no such room")


def test_a_result_that_is_another_file_ends_the_benchmark(tmp_path: Path) -> None:
    wanted = digest(random_file(tmp_path / "plain", 1_000, seed=1))
    with pytest.raises(BenchError):
        expect_same(random_file(tmp_path / "out", 1_000, seed=2), wanted)
