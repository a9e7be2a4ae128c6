"""Key files: read with an error that names the setting, made once, never half, changed by one at a time."""

import base64
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def read_text(path: Path, setting: str) -> str:
    """Raises: ImproperlyConfigured: it cannot be read; the message names `setting`."""
    try:
        return path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(f"{setting}: {path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ImproperlyConfigured(f"{setting}: {path} is no text file.") from error


def decode(text: str, size: int, setting: str) -> bytes:
    """The `size` bytes that `text` holds in base64. Raises: ImproperlyConfigured, without the value."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError as error:  # of binascii; or a character that base64 cannot have
        raise ImproperlyConfigured(f"{setting} does not hold base64.") from error
    if len(key) != size:
        raise ImproperlyConfigured(f"{setting} must hold {size} bytes in base64; it holds {len(key)}.")
    return key


def make_once(path: Path, make: Callable[[], bytes]) -> None:
    """Write what `make` returns to a file, 0600, unless it is there; two at once agree.

    Folders that are made for it are 0700. One that stands is somebody's, such as /etc: it stays as it is.
    """
    if path.exists():
        return
    _make_folder(path.parent)
    draft = _draft(path, make())
    try:
        # A link appears whole or not at all: no process ever reads half a key or replaces one.
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
    _sync(path.parent)


def replace(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put `data` in the place of the file `path`, whole or not at all, also when the power fails."""
    draft = _draft(path, data)
    try:
        draft.chmod(mode)
        draft.rename(path)
    except BaseException:
        draft.unlink()
        raise
    _sync(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path`: of two who read and write the files beside it, one's change would be lost.

    Raises: OSError.
    """
    _make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    # mkdir(parents=True) gives the mode to the last one alone.
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _draft(path: Path, data: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink()  # half a key, or a whole one that nobody looks for
        raise
    return draft


def _sync(folder: Path) -> None:
    """A name is in its folder for good only when the folder is on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
