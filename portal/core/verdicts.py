"""The answer of a policy: yes, or no with the reason and the way on.

Both are usable as a boolean, so that one function serves the page that hides a button and the action
that refuses.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Allowed:
    """Yes. grant: public id of the grant that allows it, where one does."""

    grant: str | None = None

    def __bool__(self) -> Literal[True]:
        return True


@dataclass(frozen=True)
class Denied:
    """No. code: one of the words of the access rule; message and next_step: sentences for the person."""

    code: str
    message: str
    next_step: str = ""

    def __bool__(self) -> Literal[False]:
        return False


Verdict = Allowed | Denied
