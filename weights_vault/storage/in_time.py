"""Waiting for a store no longer than a caller can wait.

The timeouts of a client bound what it knows of. A name server that is silent, a hanging network disk, and a
metadata service that gives no credentials are bounded by nothing: so whoever waits for an answer lets another
thread ask.
"""

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from threading import Thread
from typing import TypeVar

from weights_vault.storage.port import StorageBusy

Answer = TypeVar("Answer")


def in_time(ask: Callable[[], Answer], seconds: float) -> Answer:
    """What `ask` returns or raises, if it does within `seconds`; it must touch no database.

    Raises: StorageBusy: it did not. Its thread goes on until it ends, and holds up no end of the process.
    """
    told: Future[Answer] = Future()
    Thread(target=_tell, args=(ask, told), name="asks the store", daemon=True).start()
    try:
        return told.result(max(0.0, seconds))
    except TooLate:
        if told.done():
            raise  # what `ask` raised
        raise StorageBusy("the store does not answer in time") from None


def _tell(ask: Callable[[], Answer], told: "Future[Answer]") -> None:
    try:
        told.set_result(ask())
    except BaseException as error:
        told.set_exception(error)
