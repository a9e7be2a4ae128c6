"""The store out of reach (I7): what a caller is told, and when nothing is handed out that leads to it.

Pages, requests, reviews, manifests and headers stand in the database and go on. URLs lead to the store, so
none is given while it is away: the caller comes back after a while instead of meeting a dead end.
"""

import logging
import time
from collections.abc import Callable, Sequence
from threading import Lock

from portal.core.problems import Unavailable
from weights_vault.models import File, SealedBody
from weights_vault.storage import Storage, storage
from weights_vault.storage.in_time import in_time
from weights_vault.storage.port import StorageBusy, StorageError

RETRY_S = 30
PAUSE_S = 5  # a store that does not answer is left alone for so long: no thread waits for it in vain
ANSWER_S = 4.0  # a caller waits no longer for the store, whatever it asks there
OTHERS_ASKED = 20
FEWEST_OTHERS = 3

logger = logging.getLogger(__name__)


def as_unavailable(error: StorageError) -> Unavailable:
    """The 503 that an error of the store is."""
    retry_after_s = error.retry_after_s if isinstance(error, StorageBusy) else RETRY_S
    return Unavailable(
        "store_unavailable",
        "The store of the weights cannot be reached. What you have downloaded is kept.",
        "Run the same command again later: a download goes on where it stopped.",
        retry_after_s=retry_after_s,
    )


class StoreWatch:
    """Remembers, in one process, that the store did not answer: then one thread at a time asks it again."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._away = False
        self._ask_again_at = float("-inf")
        self._asking = Lock()

    def require(self, body: SealedBody) -> None:
        """Ask the store for one body that it should have. Raises: Unavailable: it does not answer."""
        if not self._away:
            self._ask(body)
            return
        if self._monotonic() < self._ask_again_at or not self._asking.acquire(blocking=False):
            raise as_unavailable(StorageError("it did not answer a moment ago"))
        try:
            self._ask(body)
        finally:
            self._asking.release()

    def _ask(self, body: SealedBody) -> None:
        hurry = Hurry(ANSWER_S)
        try:
            if not hurry.has(body):
                require_a_store(body, hurry)
        except StorageError as error:
            if not self._away:
                logger.error("the store is away: %s", error)
            self._away, self._ask_again_at = True, self._monotonic() + PAUSE_S
            raise as_unavailable(error) from error
        self._away = False


class Hurry:
    """Asks the store for somebody who waits: all questions together take no more than `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def has(self, body: SealedBody) -> bool:
        """Raises: StorageError: no answer in time."""
        return self._in_time(lambda store: store.has(body.object_name))

    def holds_nothing(self) -> bool:
        """Raises: StorageError: no answer in time."""
        return self._in_time(holds_nothing)

    def _in_time(self, ask: Callable[[Storage], bool]) -> bool:
        store = storage()
        return in_time(lambda: ask(store), self._until - time.monotonic())


def require_a_store(missing: SealedBody, hurry: Hurry) -> None:
    """An empty folder where a disk should be mounted has lost no object: it is not the store.

    missing: a body whose object is not there. The store counts as away where it holds nothing at all, or none
    of the others that were asked for.
    Raises: StorageError.
    """
    others = some_others(missing)
    if any(hurry.has(other) for other in others):
        return
    if len(others) >= FEWEST_OTHERS or hurry.holds_nothing():
        raise StorageError(
            "the store holds none of the objects that it should: is its disk mounted, is it the right one?"
        )


def some_others(body: SealedBody) -> list[SealedBody]:
    """Up to OTHERS_ASKED stored bodies besides `body`, by chance."""
    stored = SealedBody.objects.filter(state=SealedBody.State.STORED).exclude(pk=body.pk)
    return list(stored.order_by("?").only("object_name", "nonce", "body_size")[:OTHERS_ASKED])


def holds_nothing(store: Storage) -> bool:
    """Raises: StorageError."""
    return next(iter(store.objects()), None) is None


_WATCH = StoreWatch()  # of this process


def require_store(files: Sequence[File]) -> None:
    """Ask the store for the body of one of `files` before URLs are given out. Outside of any transaction.

    Raises: Unavailable: the store does not answer.
    """
    body = SealedBody.objects.filter(pk__in=[file.body_id for file in files[:1]]).first()
    if body is not None:
        _WATCH.require(body)
