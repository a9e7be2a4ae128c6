"""manage.py log_signer: the process that gives audit events their places and signs the log."""

import argparse
import logging
import signal
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from portal.core.log import keys, recovering, signer, witnesses
from portal.core.log.files import LogFiles, SignerBusy, log_files
from portal.core.log.refusals import Behind, LogRefused
from portal.core.log.stored import Head
from portal.core.management.base import DatabaseCommand
from weights_vault.sealed.log.note import NoteSigner

logger = logging.getLogger("portal.core.log")

_REFUSED_AGAIN_S = 5.0


class Command(DatabaseCommand):
    help = "Give audit events their places in the log and sign its head; runs until it is stopped."
    # It starts beside the others, perhaps before a migration, and holds no key that the checks look for.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round; exit 1 when it signs nothing")
        parser.add_argument("--make-key", metavar="PATH", type=Path, help="make the log's key, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["make_key"]:
            self._make_key(options["make_key"])
            return
        key, files = keys.signer(), log_files()
        if options["once"]:
            self._once(files, key)
        else:
            _run(files, key)

    def _make_key(self, path: Path) -> None:
        try:
            public = keys.make(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written ({error.strerror}).") from error
        self.stdout.write(
            f"LOG_KEY={path}   for the log signer alone: no other process may read the file\n"
            f"LOG_VERIFIER={public.text}   for every process"
        )

    def _once(self, files: LogFiles, key: NoteSigner) -> None:
        try:
            head = one_round(files, key, timezone.now())
        except OSError as error:
            raise CommandError(f"Nothing was signed. {_in_words(error, files)}") from error
        except (LogRefused, SignerBusy) as error:
            raise CommandError(f"Nothing was signed. {error}") from error
        self.stdout.write(f"Signed: {head}.")


def one_round(files: LogFiles, key: NoteSigner, now: datetime) -> Head:
    """One round of the signer and its witnesses; what a restored database lost is held first.

    Raises: LogRefused, SignerBusy, OSError: the folder cannot be written.
    """
    with files.taken():
        try:
            head = signer.one_round(files, key, now)
        except Behind:
            recovering.hold_lost(files, now)
            raise
    witnesses.collect(now)
    return head


def _run(files: LogFiles, key: NoteSigner) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logger.info("log signer of %s, journal in %s", key.name, files.folder)
    said = ""
    while not stop.is_set():
        close_old_connections()
        trouble = _tried(files, key)
        if trouble and trouble != said:
            logger.error("nothing is signed. %s", trouble)
        elif said and not trouble:
            logger.info("signing again")
        said = trouble
        stop.wait(_REFUSED_AGAIN_S if trouble else signer.PERIOD_S)


def _tried(files: LogFiles, key: NoteSigner) -> str:
    """One round, where there is anything to do. Returns: why nothing was signed, "" otherwise."""
    try:
        now = timezone.now()
        if not signer.is_idle(files, now):
            one_round(files, key, now)
    except OSError as error:
        return _in_words(error, files)
    except (LogRefused, SignerBusy, DatabaseError) as error:
        return str(error) or type(error).__name__
    return ""


def _in_words(error: OSError, files: LogFiles) -> str:
    """A full disk does not say which one it is."""
    return f"The folder LOG_CHECKPOINTS, {files.folder}, cannot be used ({error.strerror or error})."
