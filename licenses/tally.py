"""What the reviewers' votes add up to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

APPROVE = "approve"
REJECT = "reject"
REQUEST_CHANGES = "request_changes"
VERDICTS = (APPROVE, REJECT, REQUEST_CHANGES)
# What a reviewer chooses, as a form says it; in the order of the form.
WORDS = {APPROVE: "Approve", REQUEST_CHANGES: "Ask for changes", REJECT: "Decline"}


@dataclass(frozen=True)
class Tally:
    """decided: the verdict that carries, None while votes are missing. split: the votes oppose each other."""

    decided: str | None
    split: bool = False


def tally(verdicts: Sequence[str], quorum: int) -> Tally:
    """Count the verdicts on the current version, one a reviewer.

    One request for changes returns the request. Otherwise a side carries with `quorum` votes of its own and
    more than the other side: unopposed that is the quorum, and after a split one more reviewer's majority.
    """
    if REQUEST_CHANGES in verdicts:
        return Tally(REQUEST_CHANGES)
    approvals, rejections = verdicts.count(APPROVE), verdicts.count(REJECT)
    if approvals >= quorum and approvals > rejections:
        return Tally(APPROVE)
    if rejections >= quorum and rejections > approvals:
        return Tally(REJECT)
    return Tally(None, split=approvals > 0 and rejections > 0)
