"""Run a command of the portal or of the recipient, and keep what it said."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from portal.demo.errors import DemoError
from portal.demo.narrator import Narrator

TIME_LIMIT_S = 180


def manage(say: Narrator, *arguments: str) -> str:
    """Run `manage.py` as the operator would; its standard output. Raises DemoError when it fails."""
    say.ran(f"manage.py {' '.join(shorten(argument) for argument in arguments)}")
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        raise DemoError(f"manage.py {arguments[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def weights_command(arguments: Sequence[str]) -> list[str]:
    """The command line of `weights` in this virtual environment."""
    return [sys.executable, "-m", "weights_vault.client.main", *arguments]


def client_environment(home: Path) -> Mapping[str, str]:
    """A recipient's environment: a home of its own, and nothing of the portal's settings."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "TERM", "HF_HUB_OFFLINE")
        if name in os.environ
    }
    return {**kept, "HOME": str(home), "WEIGHTS_HOME": str(home / "weights"), "PYTHONWARNINGS": "ignore"}


def shorten(argument: str) -> str:
    """A path as a person in this folder would type it."""
    try:
        return str(Path(argument).relative_to(Path.cwd())) if argument.startswith("/") else argument
    except ValueError:
        return argument
