"""How a duty goes through what is due: a batch at a time, and past what fails."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from portal.core.secrecy import redact

logger = logging.getLogger(__name__)

BATCH = 500

Thing = TypeVar("Thing", bound=Model)


def batches(things: QuerySet[Thing], by: str) -> Iterator[list[Thing]]:
    """Yield the rows in the order of `by`, BATCH at a time.

    by: a field that is set in every row, and does not change while they are gone through. What was yielded
    is never asked for again, whatever became of it.
    """
    after = Q()
    while True:
        found = list(things.filter(after).order_by(by, "pk")[:BATCH])
        if found:
            yield found
        if len(found) < BATCH:
            return
        last: Any = found[-1]
        reached = getattr(last, by)
        after = Q(**{f"{by}__gt": reached}) | Q(**{by: reached, "pk__gt": last.pk})


def for_each(things: Iterable[Thing], act: Callable[[Thing], bool]) -> int:
    """Call `act` with each and return how often it acted. What fails keeps nothing from the others.

    Raises: what the first failure raised, after the last thing: the job then says so, and comes again.
    """
    done, first = 0, None
    for thing in things:
        try:
            done += act(thing)
        except Exception as error:
            # Any error about one thing: the next is somebody else's, who waits for no cause of theirs.
            logger.warning("the clock passed over %s: %s", thing.pk, redact(str(error)))
            first = first or error
    if first is not None:
        raise first
    return done
