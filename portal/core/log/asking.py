"""Witnesses are asked beside the signer, each in a thread of its own: a slow one holds up nobody.

One question a witness at a time, about the newest head; while it lasts, later heads are not shown to it. They
cover what the earlier ones did, so nothing is missed.
"""

import logging
import time
from threading import Thread

from django.db import DatabaseError, connections

from portal.core.log import witnesses
from portal.core.log.proofs import newest_checkpoint
from portal.core.log.witnesses import Witness
from portal.core.models import LogCheckpoint

logger = logging.getLogger(__name__)


class Asking:
    """The questions that are under way. The threads end with the process, answered or not."""

    def __init__(self) -> None:
        """Raises: ImproperlyConfigured: LOG_WITNESSES cannot be read."""
        witnesses.configured()
        self._under_way: dict[str, Thread] = {}

    def ask_all(self, *, within_s: float = 0.0) -> None:
        """Ask each witness that has not cosigned the newest head and is not being asked.

        within_s: how long to wait for their lines; they are kept also when they come later.
        """
        if not witnesses.configured() or (row := newest_checkpoint()) is None:
            return
        for witness in witnesses.missing(row):
            before = self._under_way.get(witness.url)
            if before is None or not before.is_alive():
                thread = Thread(target=_asked, args=(witness, row), name=witness.key.name, daemon=True)
                self._under_way[witness.url] = thread
                thread.start()
        until = time.monotonic() + within_s
        for thread in self._under_way.values():
            thread.join(max(0.0, until - time.monotonic()))


def _asked(witness: Witness, row: LogCheckpoint) -> None:
    try:
        witnesses.ask_and_keep(witness, row)
    except DatabaseError as error:
        logger.warning("the line of witness %s was not kept: %s", witness.key.name, error)
    finally:
        connections.close_all()  # this thread's
