"""The rule of several reviewers in plain words: who has agreed, who else must, what a verdict would do."""

from collections.abc import Sequence
from typing import Final

from licenses.queries import Line, Review
from licenses.tally import APPROVE, REJECT, REQUEST_CHANGES, VERDICTS, tally

_DONE: Final = {
    APPROVE: "this decides it; the license can be signed at once",
    REJECT: "this decides it; the applicant is told at once and may appeal",
    REQUEST_CHANGES: "this alone returns it to the applicant",
}
_SAID: Final = {APPROVE: "approves", REJECT: "declines", REQUEST_CHANGES: "asks for changes"}
_YOU: Final = {APPROVE: "approve", REJECT: "decline", REQUEST_CHANGES: "ask for changes"}
_NUMBERS: Final = {1: "One reviewer decides", 2: "Two reviewers must agree"}
MOST_NAMED: Final = 3


def consequences(found: Review, reader: int) -> dict[str, str]:
    """What each verdict of the reader would lead to, with the votes that count now."""
    others = [vote for vote in found.counting if vote.who != reader]
    return {verdict: _consequence(verdict, others, found) for verdict in VERDICTS}


def _consequence(verdict: str, others: Sequence[Line], found: Review) -> str:
    cast = [vote.word for vote in others]
    result = tally([*cast, verdict], found.request.quorum or 1)
    if result.decided is not None:
        return _DONE[verdict]
    voted = {vote.name or vote.address for vote in others}
    who = named([name for name in found.staff.others if name not in voted])
    if result.split:
        return f"the votes are then split; one more reviewer decides{who}"
    return f"another reviewer must agree before anything happens{who}"


def named(names: Sequence[str]) -> str:
    """Who that can be, in brackets; empty where nobody is left."""
    if not names:
        return ". Nobody else may vote now: ask an administrator"
    shown = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return f" ({shown}{f' or {more} more' if more > 0 else ''})"


def standing(found: Review, reader: int) -> str:
    """Where the votes stand, in one sentence."""
    rule = _NUMBERS.get(found.request.quorum or 1, f"{found.request.quorum} reviewers must agree")
    said = [
        f"You {_YOU[vote.word]}" if vote.who == reader else f"{vote.name or vote.address} {_SAID[vote.word]}"
        for vote in found.counting
    ]
    return f"{rule}. {'; '.join(said)}." if said else f"{rule}. Nobody has voted on this version."
