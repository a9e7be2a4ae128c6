"""The wheel is the client alone, and `weights` runs from it without Django or torch."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"sealed", "smoke", "client"}
# What the client may stand on; everything else that is installed here is hidden from it.
HIDDEN = (
    "django",
    "rest_framework",
    "celery",
    "torch",
    "transformers",
    "safetensors",
    "numpy",
    "portal",
    "licenses",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the files that git knows, as `pip install .` builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_clients_three_rooms_and_nothing_else(wheel: Path) -> None:
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    assert {name.split("/")[0] for name in names} == {"weights_vault"}
    assert {name.split("/")[1] for name in names} == ROOMS | {"__init__.py"}
    assert not [name for name in names if name.endswith((".pyc", ".pem", ".sqlite3"))]


def test_weights_runs_from_the_wheel_without_django_torch_or_numpy(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    program = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {HIDDEN!r}: raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "from weights_vault.client.main import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    environment = {"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}

    def weights(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    told = weights("--help")
    assert (told.returncode, "smoke-test" in told.stdout) == (0, True), told.stderr
    assert weights("--version").stdout.split() == ["weights", *wheel.name.split("-")[1:2]]
    # Nobody listens on port 1: the whole way to the network is imported and walked.
    asked = weights("releases", "--portal", "http://localhost:1")
    assert asked.returncode == 10, asked.stderr
