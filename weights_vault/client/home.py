"""The client's own folder, 0700: $WEIGHTS_HOME, $XDG_CONFIG_HOME/weights or ~/.config/weights.

What stands in it:

    config.json              the portal that `login` named last
    portals/<host>.json      the pinned root key and the highest sequences seen
    portals/<host>.token     the token, or the device's two, where the OS has no keyring
    portals/<host>.lock      held while the device's tokens are renewed
    keys/*.txt               identities (private keys) that `weights` made, as age key files
    identities.json          paths of identity files that people added
    downloads.json           where the last complete download of each release is
    last-error.txt           the traceback of the last bug, without secrets
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from weights_vault.client.errors import MachineFault, WrongUsage, machine_fault

MAX_PRIVATE_FILE_BYTES = 1 << 20
_OTHER_HOME = "Check that file and its folder; WEIGHTS_HOME can name another folder for what `weights` keeps."


def home_folder(environment: Mapping[str, str]) -> Path:
    """Where this person's state is, by WEIGHTS_HOME, XDG_CONFIG_HOME or the home folder; not made yet."""
    if chosen := environment.get("WEIGHTS_HOME"):
        return Path(chosen).expanduser().absolute()
    base = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser().absolute() / "weights"


def read_private(path: Path) -> str:
    """The text of a file that holds a secret.

    Raises: WrongUsage(secret-file-exposed): others may read it, or it is not ours or no plain file;
    MachineFault: it cannot be read. FileNotFoundError stays as it is: absence is the caller's to judge.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise machine_fault(
            error, f"{path} cannot be read.", "Check that file and who may read it."
        ) from None
    try:
        _refuse_exposed(path, os.fstat(descriptor))
        return os.read(descriptor, MAX_PRIVATE_FILE_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise WrongUsage(
            "secret-file-unreadable",
            f"{path} is not a text file.",
            "A token or an age identity was expected.",
            "Name another file.",
        ) from None
    finally:
        os.close(descriptor)


def _refuse_exposed(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise WrongUsage(
            "secret-file-unreadable",
            f"{path} is not a file.",
            "A token or an age identity was expected.",
            "Name the file itself.",
        )
    if status.st_uid != os.geteuid():
        raise WrongUsage(
            "secret-file-exposed",
            f"{path} belongs to another user.",
            "Whoever owns a secret file can read it.",
            f"Take it over and protect it: chown {os.geteuid()} {path} && chmod 600 {path}",
        )
    if status.st_mode & 0o077:
        raise WrongUsage(
            "secret-file-exposed",
            f"{path} can be read or written by others.",
            f"Its mode is {stat.S_IMODE(status.st_mode):04o}; a secret file must be 0600.",
            f"If it is a secret of yours: chmod 600 {path}   (and think about who may have read it)",
        )


class Home:
    """Reads and writes the client's folder. Every file appears whole or not at all.

    root: the folder; it is made, 0700, at the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """The path of one of the files listed above."""
        return self.root / name

    def read_json(self, name: str) -> dict[str, Any]:
        """The object in a JSON file, {} where there is none. Raises: MachineFault(home-damaged)."""
        try:
            found = json.loads(self.path(name).read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise machine_fault(error, f"{self.path(name)} cannot be read.", _OTHER_HOME) from None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise MachineFault(
                "home-damaged",
                f"{self.path(name)} is not what this command wrote.",
                "It is not a JSON object.",
                "Restore it from a backup, or move it away and run the command again.",
            )
        return found

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Replace a JSON file."""
        self.write_private(name, json.dumps(value, indent=1, sort_keys=True) + "\n")

    def write_private(self, name: str, text: str) -> Path:
        """Write a file 0600 in folders 0700: temporary name, sync, rename. Raises: MachineFault."""
        path = self.path(name)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            _make_private(self.root)
            _make_private(path.parent)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise machine_fault(error, f"{path} cannot be written.", _OTHER_HOME) from None
        return path

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        self.path(name).unlink(missing_ok=True)

    @contextmanager
    def locked(self, name: str = ".lock") -> Iterator[None]:
        """Held by one process at a time, so that two commands that change a file lose nothing.

        name: of the lock's own file, where what it guards takes long and nothing else should wait for it.
        """
        try:
            _make_private(self.root)
            _make_private(self.path(name).parent)
            descriptor = os.open(self.path(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise machine_fault(error, f"{self.root} cannot be written.", _OTHER_HOME) from None
        with os.fdopen(descriptor, "wb"):
            with suppress(OSError):  # a home without locks: each file is replaced whole anyway
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield


def _make_private(folder: Path) -> None:
    # mkdir(parents=True) would give the parents the default mode; only the last folder is ours to protect.
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
