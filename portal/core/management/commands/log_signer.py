"""manage.py log_signer: the process that gives audit events their places and signs the log."""

import argparse
import logging
import math
import signal
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from portal.core.log import keys, recovering, replacing, signer
from portal.core.log.asking import Asking
from portal.core.log.files import LogFiles, SignerBusy, log_files
from portal.core.log.refusals import Behind, LogRefused
from portal.core.log.stored import Head
from portal.core.management.base import DatabaseCommand
from weights_vault.sealed.log.note import NoteSigner, NoteVerifier

logger = logging.getLogger("portal.core.log")

_REFUSED_AGAIN_S = 5.0
_WITNESSES_WITHIN_S = 10.0  # with --once: whoever has not signed by then is asked another time


class Command(DatabaseCommand):
    help = "Give audit events their places in the log and sign its head; runs until it is stopped."
    # It starts beside the others, perhaps before a migration, and holds no key that the checks look for.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--once", action="store_true", help="one round; exit 1 when it signs nothing")
        ways.add_argument("--make-key", metavar="PATH", type=Path, help="make a key for the log, and end")
        ways.add_argument(
            "--replace-key", action="store_true", help="have LOG_KEY sign what another key signed last"
        )
        parser.add_argument("--by", default="", help="who decides to replace the key; recorded")
        parser.add_argument("--reason", default="", help="why; recorded")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["make_key"]:
            self._make_key(options["make_key"])
            return
        key, files = keys.signer(), log_files()
        if options["replace_key"]:
            self._replace_key(files, key, options["by"], options["reason"])
        elif options["once"]:
            self._once(files, key)
        else:
            _run(files, key)

    def _make_key(self, path: Path) -> None:
        try:
            public = keys.make(path)
            if not settings.EMBEDDED:
                path.with_suffix(".pub").chmod(0o644)  # whatever the umask: a copy of it is for all
        except OSError as error:
            raise CommandError(f"{path} cannot be written ({error.strerror}).") from error
        self.stdout.write(
            f"LOG_KEY={path}   for the log signer alone: no other process may read the file\n"
            f"LOG_VERIFIER={_listed(public)}   for every process; or file:/path of a copy of "
            f"{path.with_suffix('.pub').name} that all can read"
        )

    def _replace_key(self, files: LogFiles, key: NoteSigner, by: str, reason: str) -> None:
        if not by.strip():
            raise CommandError("Say who decides this: --by YOUR-NAME. It stands in the log.")
        try:
            with files.taken():
                head = replacing.replace_key(files, key, by=by, reason=reason, now=timezone.now())
        except OSError as error:
            raise CommandError(f"Nothing was signed. {_in_words(error, files)}") from error
        except (LogRefused, SignerBusy) as error:
            raise CommandError(f"Nothing was signed. {error}") from error
        self.stdout.write(f"The new key signed what the old one signed last: {head}. Start the log signer.")

    def _once(self, files: LogFiles, key: NoteSigner) -> None:
        asking = Asking()
        try:
            head = one_round(files, key, timezone.now())
        except OSError as error:
            raise CommandError(f"Nothing was signed. {_in_words(error, files)}") from error
        except (LogRefused, SignerBusy) as error:
            raise CommandError(f"Nothing was signed. {error}") from error
        self.stdout.write(f"Signed: {head}.")
        asking.ask_all(within_s=_WITNESSES_WITHIN_S)


def one_round(files: LogFiles, key: NoteSigner, now: datetime, *, placing_s: float = math.inf) -> Head:
    """One round of the signer (`signer.one_round`); what a restored database lost is held first.

    Raises: LogRefused, SignerBusy, OSError: the folder cannot be written.
    """
    with files.taken():
        try:
            return signer.one_round(files, key, now, placing_s=placing_s)
        except Behind:
            recovering.hold_lost(files, now)
            raise


def _run(files: LogFiles, key: NoteSigner) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logger.info("log signer of %s, journal in %s", key.name, files.folder)
    asking, said = Asking(), ""
    while not stop.is_set():
        close_old_connections()
        trouble = _tried(files, key, asking)
        if trouble and trouble != said:
            logger.error("nothing is signed. %s", " ".join(trouble.splitlines()))
        elif said and not trouble:
            logger.info("signing again")
        said = trouble
        stop.wait(_REFUSED_AGAIN_S if trouble else signer.PERIOD_S)


def _tried(files: LogFiles, key: NoteSigner, asking: Asking) -> str:
    """One round, where there is anything to do. Returns: why nothing was signed, "" otherwise."""
    try:
        now = timezone.now()
        if not signer.is_idle(files, now):
            one_round(files, key, now, placing_s=signer.PLACING_S)
        asking.ask_all()
    except OSError as error:
        return _in_words(error, files)
    except (LogRefused, SignerBusy, DatabaseError) as error:
        return str(error) or type(error).__name__
    return ""


def _listed(public: NoteVerifier) -> str:
    """LOG_VERIFIER with this key first: those of before are believed on."""
    try:
        known = keys.verifiers()
    except ImproperlyConfigured:
        known = ()
    others = [each for each in known if each != public and each.name == public.name]
    return ",".join(each.text for each in (public, *others))


def _in_words(error: OSError, files: LogFiles) -> str:
    """A full disk does not say which one it is."""
    return f"The folder LOG_CHECKPOINTS, {files.folder}, cannot be used ({error.strerror or error})."
