import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.demo.small_opt import make_opt
from tests.unit.smoke.releases import TINY

DTYPES = ("float32", "float16", "bfloat16")
MakeRelease = Callable[..., Path]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny OPT release with its reference, for each dtype. Shared: tests take a copy through `release`."""
    from weights_vault.smoke.record import record

    folders = {}
    for dtype in DTYPES:
        folder = tmp_path_factory.mktemp(dtype) / "release"
        make_opt(folder, dtype=dtype, **TINY)
        assert record(folder, device="cpu").verdict == "passed"
        folders[dtype] = folder
    return folders


@pytest.fixture
def release(recorded: dict[str, Path], tmp_path: Path) -> MakeRelease:
    """Make a copy of the recorded release of a dtype, to be damaged at will."""

    def copy(dtype: str = "float16") -> Path:
        return Path(shutil.copytree(recorded[dtype], tmp_path / f"release-{dtype}"))

    return copy
