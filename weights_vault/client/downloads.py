"""Where the last complete download of each release is, so that `smoke-test RELEASE` finds it."""

from __future__ import annotations

from pathlib import Path

from weights_vault.client.errors import WrongUsage
from weights_vault.client.settings import Settings

FILE = "downloads.json"


def remember_download(settings: Settings, release: str, folder: Path) -> None:
    """Note where a complete download of a release is."""
    with settings.home.locked():
        known = settings.home.read_json(FILE)
        settings.home.write_json(FILE, known | {release: str(folder.absolute())})


def folder_of(settings: Settings, name: str) -> Path:
    """The folder that a person means: the folder itself, or a release that was downloaded before.

    Raises: WrongUsage(no-such-download).
    """
    if Path(name).is_dir():
        return Path(name)
    known = settings.home.read_json(FILE).get(name.partition("@")[0])
    if isinstance(known, str) and Path(known).is_dir():
        return Path(known)
    raise WrongUsage(
        "no-such-download",
        f"{name} is neither a folder nor a release downloaded on this machine.",
        "No complete download of it is known here.",
        f"Run `weights download {name}` first, or name the folder.",
    )
