"""manage.py keeper: the process that holds the master key and the signing keys, behind a Unix socket."""

import ctypes
import os
import pwd
import resource
import signal
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import connections
from django.utils import timezone

from portal.accounts import factors
from portal.core import keys
from portal.core.keys.signing import tell_public_keys
from portal.core.management.base import DatabaseCommand
from weights_vault.guard import voters
from weights_vault.keeper import MAX_BATCH
from weights_vault.keeping.door import socket_path
from weights_vault.keeping.server import Server
from weights_vault.sealed.trust import ROLES

CONNECTION_LIVES_S: Final = 600
_NOT_DUMPABLE: Final = 4  # PR_SET_DUMPABLE of prctl(2)


class Command(DatabaseCommand):
    help = (
        "Hold the keys: make headers and sign for the web and worker processes, which have none. Ends with "
        "SIGTERM or Ctrl-C, after what it was asked."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)
        _close_memory()
        try:
            _require_keys()
            _require_a_sane_ceiling()
            tell_public_keys()
            path = socket_path()
            server = Server(path, users=clients(), threads=settings.KEEPER_THREADS, clock=timezone.now)
        except (ImproperlyConfigured, OSError) as error:
            raise CommandError(f"The keeper cannot start: {error}") from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        connections.close_all()
        # Each thread keeps its connection between calls, whatever web processes do: to open one costs more
        # than a call.
        connections.databases["default"].update(CONN_MAX_AGE=CONNECTION_LIVES_S, CONN_HEALTH_CHECKS=True)
        self._say(_what_is_checked())
        server.run(lambda: self._say(f"The keeper listens at {path}; its root is {keys.root_fingerprint()}."))
        self._say("The keeper ended.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _require_keys() -> None:
    keys.master_key()
    for role in ROLES:
        keys.signing_key(role)


def _require_a_sane_ceiling() -> None:
    if settings.HEADERS_PER_HOUR != 0 and settings.HEADERS_PER_HOUR < MAX_BATCH:
        raise ImproperlyConfigured(
            f"HEADERS_PER_HOUR must be 0 or at least {MAX_BATCH}: a download asks for so many at once."
        )


def clients() -> list[int]:
    """The ids of the users that KEEPER_CLIENTS names. Raises: ImproperlyConfigured: there is no such user."""
    found = []
    for name in filter(None, (name.strip() for name in settings.KEEPER_CLIENTS.split(","))):
        try:
            found.append(int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid)
        except KeyError:
            raise ImproperlyConfigured(f"KEEPER_CLIENTS names {name}, which is no user here.") from None
    return found


def _what_is_checked() -> str:
    if not factors.votes_are_signed():
        return "Votes are not asked for their passkeys: STAFF_MFA is not passkey."
    people = len({voter.person for voter in voters.voters()})
    return f"Votes are asked for their passkeys; {people} voters are trusted (manage.py voters)."


def _close_memory() -> None:
    """No core dump, no debugger: not for other processes of the same user either (the embedded settings)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_NOT_DUMPABLE, 0, 0, 0, 0)
