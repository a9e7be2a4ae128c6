"""Every way a command can end without success, one class for each exit code that is promised to users.

    ClientError
    ├── WrongUsage         2   the command, an option or a local file cannot be used like this
    ├── NotSignedIn        3   no token, or the portal does not take it (any more)
    ├── NotAllowed         4   the access rule said no: carries its code and the next step
    ├── IntegrityFailure   5   bytes, signatures or sequences are not what was published
    ├── Incomplete         6   stopped before the end; run again to resume
    ├── MachineFault       7   this machine's disk or memory
    ├── SmokeTestFailed    8   the weights were loaded and are not right
    ├── PortalFault        9   the portal or its store answers wrongly
    │   └── AnswerTooLong      … and without end
    ├── Unreachable       10   the network, or this machine's clock
    └── Interrupted      130   the person pressed Ctrl-C

A bug of ours is anything else and exits with 1. Only `main` turns an error into an exit code.
"""

from __future__ import annotations

import errno
from typing import ClassVar

EXIT_DONE = 0
EXIT_BUG = 1
EXIT_USAGE = 2

_RESUME = "Nothing is lost: run the same command again to resume."


class ClientError(Exception):
    """One error as people see it: three lines and a stable reference.

    reference: kebab-case, stable, for scripts and search.
    what, why, next_step: one line each, without secrets.
    code: the portal's access code where it gave one (`grant_revoked`), else None.
    """

    exit_code: ClassVar[int] = EXIT_BUG

    def __init__(self, reference: str, what: str, why: str, next_step: str, code: str | None = None) -> None:
        super().__init__(what)
        self.reference = reference
        self.what = what
        self.why = why
        self.next_step = next_step
        self.code = code
        # What the command found out all the same, such as the report of a failed smoke test; shown with
        # --json.
        self.document: dict[str, object] | None = None


class WrongUsage(ClientError):
    """The command, an option or a local file cannot be used like this."""

    exit_code = EXIT_USAGE


class NotSignedIn(ClientError):
    """No token, or one that the portal does not take."""

    exit_code = 3


class NotAllowed(ClientError):
    """The portal's access rule, or the owner of a pending action, said no."""

    exit_code = 4


class IntegrityFailure(ClientError):
    """Bytes, signatures or sequence numbers are not what the publisher signed."""

    exit_code = 5


class Incomplete(ClientError):
    """Stopped before the end with everything kept that was in."""

    exit_code = 6


class MachineFault(ClientError):
    """This machine's disk, permissions or memory."""

    exit_code = 7


class SmokeTestFailed(ClientError):
    """The smoke test ran and its verdict is failed."""

    exit_code = 8


class PortalFault(ClientError):
    """The portal or its store answered with something it should not."""

    exit_code = 9


class AnswerTooLong(PortalFault):
    """An answer of the portal goes on after the limit for its kind; the rest was not read."""


class Unreachable(ClientError):
    """The portal could not be reached, or this machine's clock is wrong."""

    exit_code = 10


class Interrupted(ClientError):
    """The person pressed Ctrl-C."""

    exit_code = 130


_DISK_ERRORS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("disk-full", "Free some space, or choose a folder on another disk with --to. " + _RESUME),
    errno.EDQUOT: (
        "quota-reached",
        "Free some of your quota, or choose another folder with --to. " + _RESUME,
    ),
    errno.EROFS: ("disk-read-only", "Choose a folder that can be written with --to."),
    errno.EACCES: (
        "folder-not-writable",
        "Choose a folder that you may write with --to, or change its permissions.",
    ),
    errno.EPERM: (
        "folder-not-writable",
        "Choose a folder that you may write with --to, or change its permissions.",
    ),
    errno.EFBIG: (
        "file-too-large",
        "Choose a folder on a disk that takes large files (not FAT), or raise `ulimit -f`. " + _RESUME,
    ),
    errno.EIO: ("disk-error", "The disk reports an error of its own: check it. " + _RESUME),
}


def machine_fault(error: OSError, what: str, instead: str | None = None) -> MachineFault:
    """The user's view of a failed system call on a file.

    error: as the system raised it; its text is the reason shown.
    what: the first line, such as "The download cannot be written".
    instead: the next step, where the file is not one of a download.
    """
    reference, next_step = _DISK_ERRORS.get(
        error.errno or 0, ("file-error", "Check the folder and the disk. " + _RESUME)
    )
    place = f" ({error.filename})" if isinstance(error.filename, str) else ""
    return MachineFault(reference, what, f"{error.strerror or error}{place}.", instead or next_step)
