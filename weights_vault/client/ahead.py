"""A question asked before its answer is needed, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


class Ahead(threading.Thread, Generic[_Answer]):
    """Asks at once; `take` waits for the answer, and raises what asking raised.

    A daemon: a command that ends does not wait for an answer that nobody took.
    """

    def __init__(self, ask: Callable[[], _Answer]) -> None:
        super().__init__(name="weights-ahead", daemon=True)
        self._ask = ask
        self._answers: list[_Answer] = []
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Ask; an error is kept for whoever takes the answer."""
        try:
            self._answers.append(self._ask())
        except BaseException as error:
            self._error = error

    def take(self) -> _Answer:
        """The answer. Raises: whatever asking for it raised."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._answers[0]
