"""Several people at once: each in a thread and database connection of their own, started together."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

from django.db import connection

from portal.core.problems import Problem

WAIT_S = 60


class Race:
    """A crew that starts its acts at the same moment, round after round."""

    def __init__(self, pool: ThreadPoolExecutor, size: int) -> None:
        self._pool = pool
        self._start = Barrier(size)

    def run(self, *acts: Callable[[], object]) -> list[object]:
        """Do the acts at once; what each returned, or the Problem that it raised."""
        return [future.result(WAIT_S) for future in [self._pool.submit(self._one, act) for act in acts]]

    def _one(self, act: Callable[[], object]) -> object:
        self._start.wait(WAIT_S)
        try:
            return act()
        except Problem as problem:
            return problem


@contextmanager
def crew(size: int) -> Iterator[Race]:
    """A crew of `size`; its connections are closed at the end."""
    with ThreadPoolExecutor(size) as pool:
        race = Race(pool, size)
        try:
            yield race
        finally:
            race.run(*[connection_closer] * size)


def connection_closer() -> None:
    connection.close()


def codes(results: list[object]) -> list[str]:
    """The code of each act that was refused."""
    return sorted(result.code for result in results if isinstance(result, Problem))
